"""Prove that a model's whole folder is found or fetched, all of one commit, and never without saying how much."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.check import findings
from bot.config import Config, ModelSettings, StorageSettings
from bot.engine import repository
from bot.engine.models import awaited, resolve
from bot.engine.repository import HubRepository
from bot.errors import StartError

COMMIT = "c0ffee" + "0" * 34
NEXT_COMMIT = "beef" + "0" * 36
NAME = "someone/some-model"
SHARD = "model-0000{}-of-00002.safetensors"
INDEX = {"weight_map": {"a": SHARD.format(1), "b": SHARD.format(2)}}
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b"{}",
    "model.safetensors.index.json": json.dumps(INDEX).encode(),
    SHARD.format(1): b"first" * 1000,
    SHARD.format(2): b"second" * 1000,
}
USELESS = {
    "README.md": b"words",
    "original/model.safetensors": b"twice",
    "consolidated.safetensors": b"thrice",
}


class Hub:
    """Answer as the hub does: the list of files, small files itself, weights by a redirect elsewhere."""

    def __init__(self) -> None:
        self.files = FILES | USELESS
        self.sizes: dict[str, int] = {}  # of those files of which another is told than they have
        self.commit = COMMIT
        self.status = 200
        self.gated = False
        self.sent: list[str] = []
        self.tokens: dict[str, str | None] = {}
        self.cut = ""  # the file of which nothing arrives

    async def listing(self, request: web.Request) -> web.Response:
        """Tell what there is at which commit."""
        entries = [
            {"rfilename": name, "size": self.sizes.get(name, len(content))}
            for name, content in self.files.items()
        ]
        return web.json_response({"sha": self.commit, "siblings": entries}, status=self.status)

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        """Send a small file, or tell where a large one is."""
        name = request.match_info["file"]
        content = self.files[name]
        self.tokens[f"{request.method} {name}"] = request.headers.get("Authorization")
        if self.gated:
            return web.Response(status=401)
        if name.endswith((".safetensors", ".gguf")):
            told = {
                "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
                "X-Linked-Size": str(self.sizes.get(name, len(content))),
            }
            elsewhere = f"http://127.0.0.1:{request.url.port}/cdn/{name}"
            return web.Response(
                status=302, headers=told | {"X-Repo-Commit": self.commit, "Location": elsewhere}
            )
        if request.method == "GET":
            self.sent.append(name)
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        return web.Response(body=content, headers={"ETag": f'"{blob}"', "X-Repo-Commit": self.commit})

    async def cdn(self, request: web.Request) -> web.StreamResponse:
        """Send a large file."""
        name = request.match_info["file"]
        self.sent.append(name)
        self.tokens[f"CDN {name}"] = request.headers.get("Authorization")
        if name == self.cut:
            return web.Response(status=500)
        return web.Response(body=self.files[name])


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> AsyncIterator[Hub]:
    """Serve a hub on this machine, under a name that its store of large files does not have."""
    served = Hub()
    app = web.Application()
    app.router.add_get("/api/models/someone/some-model/revision/{revision}", served.listing)
    app.router.add_get("/someone/some-model/resolve/{revision}/{file}", served.resolve)
    app.router.add_get("/cdn/{file}", served.cdn)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://localhost:{unused_tcp_port}")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield served
    await runner.cleanup()


def save(folder: Path, files: dict[str, bytes]) -> Path:
    """Write a model's files."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


async def test_what_is_needed_is_fetched_and_no_more(hub: Hub, tmp_path: Path) -> None:
    """Configuration, tokenizer and weights come, in the hub's own layout; the second time nothing is asked."""
    with capture_logs() as logs:
        info = await resolve(NAME, context=4096, cache_dir=tmp_path)
    folder = tmp_path / "models--someone--some-model"

    assert info.path == folder / "snapshots" / COMMIT
    assert {path.name: path.read_bytes() for path in info.path.iterdir()} == FILES
    assert (folder / "refs" / "main").read_text() == COMMIT
    assert (info.name, info.revision, info.languages) == ("some-model", COMMIT, None)
    assert info.id.startswith("some-model#")
    announced = next(entry for entry in logs if entry["event"] == "downloading a model")
    assert (announced["files"], announced["megabytes"], announced["model"]) == (5, 0, f"{NAME}@main")
    assert logs.index(announced) == 0

    hub.status = 500
    hub.sent.clear()
    assert await resolve(NAME, context=4096, cache_dir=tmp_path) == info
    assert await resolve(f"{NAME}@{COMMIT}", context=4096, cache_dir=tmp_path) == info
    assert hub.sent == []


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (NAME, f"{NAME}@main is not here yet; the next start fetches 5 files of 2.0 GB from the hub"),
        (
            f"{NAME}:tale.gguf",
            f"{NAME}:tale.gguf@main is not here yet; the next start fetches 3.0 GB from the hub",
        ),
    ],
)
async def test_check_tells_how_much_the_next_start_fetches(
    hub: Hub, tmp_path: Path, model: str, said: str
) -> None:
    """And fetches none of it."""
    hub.sizes = {SHARD.format(1): 2 * 10**9, "tale.gguf": 3 * 10**9}
    hub.files = hub.files | {"tale.gguf": b"GGUF"}
    config = Config(
        storage=StorageSettings(path=tmp_path / "stories.db"),
        model=ModelSettings(model=model, cache_dir=tmp_path / "cache"),
    )
    found = {finding.subject: finding async for finding in findings(config)}["model"]

    assert (found.verdict, found.detail) == ("note", said)
    assert hub.sent == []
    assert not (tmp_path / "cache").exists()


async def test_an_interrupted_download_goes_on(hub: Hub, tmp_path: Path) -> None:
    """What is there already is not fetched again, and a folder with a hole in it is never used."""
    hub.cut = SHARD.format(2)
    with pytest.raises(StartError, match="goes on where it stopped"):
        await repository.fetch(HubRepository(NAME, "main"), cache_dir=tmp_path, pause=0)
    assert awaited(NAME, cache_dir=tmp_path) is not None
    assert awaited(f"{NAME}@{COMMIT}", cache_dir=tmp_path) is not None

    hub.cut = ""
    hub.sent.clear()
    await resolve(NAME, context=4096, cache_dir=tmp_path)
    assert hub.sent == [SHARD.format(2)]
    assert awaited(NAME, cache_dir=tmp_path) is None


async def test_a_pinned_commit_stays_when_the_branch_moves(hub: Hub, tmp_path: Path) -> None:
    """The branch that was fetched stays what it was, too: only the host takes a newer one."""
    first = await resolve(NAME, context=4096, cache_dir=tmp_path)
    hub.commit = NEXT_COMMIT
    hub.files = hub.files | {"config.json": b'{"model_type": "qwen3"}'}

    assert await resolve(NAME, context=4096, cache_dir=tmp_path) == first
    other = await resolve(f"{NAME}@{NEXT_COMMIT}", context=4096, cache_dir=tmp_path)
    assert (other.revision, other.id != first.id) == (NEXT_COMMIT, True)


async def test_the_token_is_for_the_hub_alone(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small files of a gated model need it; the store of the large ones has signed addresses."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    await resolve(NAME, context=4096, cache_dir=tmp_path)

    assert hub.tokens["GET config.json"] == "Bearer hf_secret"
    assert hub.tokens[f"CDN {SHARD.format(1)}"] is None


async def test_a_gated_model_names_the_remedy(hub: Hub, tmp_path: Path) -> None:
    """Its list is open and its files are not."""
    hub.gated = True
    with pytest.raises(StartError, match=r"some-model:config\.json.*set HF_TOKEN"):
        await resolve(NAME, context=4096, cache_dir=tmp_path)


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "set HF_TOKEN"), (404, r"The hub has no someone/some-model@main"), (503, "Try later")],
)
async def test_a_refused_list_names_the_remedy(hub: Hub, tmp_path: Path, status: int, said: str) -> None:
    """Gated, missing and broken are told apart."""
    hub.status = status
    with pytest.raises(StartError, match=said):
        await resolve(NAME, context=4096, cache_dir=tmp_path)


async def test_a_repository_of_bare_files_names_one(hub: Hub, tmp_path: Path) -> None:
    """Whoever names the repository of GGUF files reads how to name a file of it."""
    hub.files = {"config.json": b"{}", "tale-Q4.gguf": b"GGUF"}
    with pytest.raises(StartError, match=r"such as someone/some-model:tale-Q4\.gguf"):
        await resolve(NAME, context=4096, cache_dir=tmp_path)

    hub.files = {"README.md": b"words"}
    with pytest.raises(StartError, match=r"has no config\.json"):
        await resolve(NAME, context=4096, cache_dir=tmp_path)


async def test_a_full_disk_is_told_before_anything_is_fetched(hub: Hub, tmp_path: Path) -> None:
    """All files together must have room."""
    hub.sizes = {SHARD.format(2): 1 << 60}
    with pytest.raises(StartError, match="Make room"):
        await resolve(NAME, context=4096, cache_dir=tmp_path / "new")

    assert hub.sent == []


async def test_a_folder_is_a_model_by_its_content(tmp_path: Path) -> None:
    """Its id tells its weights and its configuration, not its place."""
    one = await resolve(str(save(tmp_path / "a" / "tale", FILES)), context=2048)
    same = await resolve(str(save(tmp_path / "b" / "tale", FILES)), context=2048)
    weights = await resolve(
        str(save(tmp_path / "c" / "tale", FILES | {SHARD.format(1): b"other"})), context=2048
    )
    config = await resolve(str(save(tmp_path / "d" / "tale", FILES | {"config.json": b"{}"})), context=2048)

    assert (one.name, one.path, one.languages) == ("tale", tmp_path / "a" / "tale", None)
    assert one.id == same.id
    assert len({one.id, weights.id, config.id}) == 3


@pytest.mark.parametrize("lost", ["tokenizer.json", SHARD.format(2)])
async def test_a_folder_with_a_hole_is_refused(tmp_path: Path, lost: str) -> None:
    """The host reads what belongs there."""
    folder = save(tmp_path / "tale", {name: content for name, content in FILES.items() if name != lost})
    with pytest.raises(StartError, match=r"no whole model: a config\.json, a tokenizer and all"):
        await resolve(str(folder), context=2048)
