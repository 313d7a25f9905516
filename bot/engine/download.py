"""Fetch a file from the hub into the hub's own cache layout, where other programs find it too.

    models--owner--repository/
        refs/main                     the commit that a name stands for
        snapshots/<commit>/<file>     a link to ../../blobs/<checksum>
        blobs/<checksum>              the content; `.incomplete` while it is on its way

Written here and not taken from `huggingface_hub`, which would bring a dozen packages and a second HTTP client for it.
"""

import asyncio
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import aiohttp
import structlog
from yarl import URL

from bot.engine.progress import Progress
from bot.errors import StartError
from bot.locales import _

log = structlog.get_logger(__name__)

ENDPOINT = "https://huggingface.co"
# What a hub names becomes part of a path here, so it is held to its form.
CHECKSUM = re.compile(
    r"[0-9a-f]{64}|[0-9a-f]{40}"
)  # SHA-256 of a large file; of a small one what git calls it
GIT_LENGTH = 40
COMMIT = re.compile(r"[0-9a-f]{40}")
PIECE = 1 << 20
ATTEMPTS = 5  # in a row without a byte; each that brings some starts the count anew
PAUSE = 0.5  # seconds before the second attempt; doubles each time
SILENCE = 60  # seconds


@dataclass(frozen=True, slots=True)
class HubFile:
    """Name a file of a repository on the hub; the revision is a branch, a tag or a commit."""

    repository: str
    file: str
    revision: str

    def __str__(self) -> str:
        return f"{self.repository}:{self.file}@{self.revision}"


@dataclass(frozen=True, slots=True)
class _Found:
    """Hold what the hub says about a file."""

    commit: str
    checksum: str
    size: int
    url: URL


async def fetch(file: HubFile, *, cache_dir: Path, pause: float = PAUSE) -> tuple[Path, str]:
    """Return the file's path and commit, from the cache if it is there, else from the hub.

    The address of the hub is HF_ENDPOINT and the right to read gated files HF_TOKEN, both of the environment.
    HTTPS_PROXY and its like are heeded. Raises StartError, which names the remedy; what was fetched so far is kept
    for the next time.
    """
    if here := cached(file, cache_dir):
        return here
    folder = folder_of(file.repository, cache_dir)
    async with open_session() as session:
        found = await _look_up(session, file)
        blob = folder / "blobs" / found.checksum
        try:
            if not blob.exists():
                blob.parent.mkdir(parents=True, exist_ok=True)
                await _download(session, file, found, blob, pause)
            return _link(folder, file, found.commit, blob), found.commit
        except OSError as error:
            raise _unwritable(file, cache_dir, error) from error


async def size_of(file: HubFile) -> int:
    """Ask the hub how many bytes a file has; raises StartError where it does not give it."""
    async with open_session() as session:
        return (await _look_up(session, file)).size


def cached(file: HubFile, cache_dir: Path) -> tuple[Path, str] | None:
    """Return the file's path and commit if it was fetched before, by this program or another."""
    folder = folder_of(file.repository, cache_dir)
    commit = commit_of(folder, file.revision)
    path = folder / "snapshots" / commit / file.file
    return (path, commit) if path.is_file() else None


def open_session() -> aiohttp.ClientSession:
    """Return what speaks with the hub; proxies of the environment are heeded."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=SILENCE, sock_read=SILENCE)
    return aiohttp.ClientSession(timeout=timeout, auto_decompress=False, trust_env=True)


def endpoint() -> str:
    """Return the hub's address."""
    return os.environ.get("HF_ENDPOINT", ENDPOINT).rstrip("/")


def headers() -> dict[str, str]:
    """Return what every request to the hub carries; the token is for no other server."""
    token = os.environ.get("HF_TOKEN")
    return {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})


def folder_of(repository: str, cache_dir: Path) -> Path:
    """Return the folder that keeps a repository."""
    return cache_dir / f"models--{repository.replace('/', '--')}"


def commit_of(folder: Path, revision: str) -> str:
    """Return the commit that a revision stood for when it was fetched, or itself."""
    reference = folder / "refs" / revision
    return reference.read_text().strip() if reference.is_file() else revision


def remember(folder: Path, revision: str, commit: str) -> None:
    """Note the commit that a revision stands for."""
    if commit != revision:
        reference = folder / "refs" / revision
        reference.parent.mkdir(parents=True, exist_ok=True)
        reference.write_text(commit)


def _link(folder: Path, file: HubFile, commit: str, blob: Path) -> Path:
    path = folder / "snapshots" / commit / file.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # a link whose blob somebody removed
    path.symlink_to(os.path.relpath(blob, path.parent))
    remember(folder, file.revision, commit)
    return path


async def _look_up(session: aiohttp.ClientSession, file: HubFile) -> _Found:
    """Ask the hub where a file is; the answer is a redirect whose headers tell its size and checksum."""
    # A branch may have a slash in its name, and a file a sign that means something in an address.
    url = URL(
        f"{endpoint()}/{file.repository}/resolve/{quote(file.revision, safe='')}/{quote(file.file)}",
        encoded=True,
    )
    try:
        async with session.head(url, headers=headers(), allow_redirects=False) as response:
            require_found(response.status, file)
            return _found(response, file)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise unreachable(file, error) from error


def _found(response: aiohttp.ClientResponse, file: HubFile) -> _Found:
    """Read the hub's headers; raises StartError where they do not tell everything in the right form."""
    told = response.headers
    checksum = told.get("X-Linked-Etag", told.get("ETag", "")).strip('W/"')
    size = told.get("X-Linked-Size", told.get("Content-Length", ""))
    commit = told.get("X-Repo-Commit", "")
    if not (CHECKSUM.fullmatch(checksum) and size.isdecimal() and COMMIT.fullmatch(commit)):
        raise StartError(
            _(
                "The hub gave no checksum for {file}, so it cannot be trusted. Download it by hand and set "
                "[model] model to its path.",
                file=file,
            )
        )
    return _Found(commit, checksum, int(size), response.url.join(URL(told.get("Location", ""))))


def require_found(status: int, file: object) -> None:
    """Raise StartError, with the remedy, where the hub does not give what was asked for."""
    if status in {401, 403}:
        raise StartError(
            _(
                "The hub does not give {file} to everybody, if it has it at all. Check its name, accept its licence on "
                "its page there, make a read token, and set HF_TOKEN in the environment.",
                file=file,
            )
        )
    if status == 404:
        raise StartError(
            _("The hub has no {file}. Check [model] model: owner, repository, file, revision.", file=file)
        )
    if status >= 400:
        raise StartError(_("The hub answered {status} for {file}. Try later.", status=status, file=file))


async def _download(
    session: aiohttp.ClientSession, file: HubFile, found: _Found, blob: Path, pause: float
) -> None:
    partial = blob.with_name(blob.name + ".incomplete")
    with _alone(partial, file) as target, Progress(str(file), found.size) as progress:
        _require_space(partial, file, found.size - target.seek(0, os.SEEK_END))
        try:
            await _receive_all(session, found, target, progress, pause)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(file, error) from error
        target.flush()
        os.fsync(target.fileno())
        if await asyncio.to_thread(_checksum, partial, found) != found.checksum:
            partial.unlink()
            raise StartError(
                _(
                    "{file} did not arrive as the hub has it (wrong checksum); it was not kept. Try again.",
                    file=file,
                )
            )
        partial.rename(blob)


async def _receive_all(
    session: aiohttp.ClientSession, found: _Found, target: BinaryIO, progress: Progress, pause: float
) -> None:
    """Append what is missing, in as many attempts as bring something; raises the error of the last."""
    failures = 0
    while (have := target.tell()) < found.size:
        progress.show(have)
        try:
            await _receive(session, found, target, progress)
            if target.tell() <= have:
                raise aiohttp.ClientPayloadError("the hub has less of it than it said")
        except (aiohttp.ClientError, TimeoutError) as error:
            failures = 1 if target.tell() > have else failures + 1
            if failures >= ATTEMPTS:
                raise
            log.warning("download interrupted", bytes=target.tell(), reason=_reason(error))
            await asyncio.sleep(pause * 2 ** (failures - 1))
    progress.show(found.size)


@contextmanager
def _alone(partial: Path, file: HubFile) -> Iterator[BinaryIO]:
    """Open the unfinished file for one process at a time."""
    with partial.open("ab") as target:
        try:
            fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartError(
                _("Another process downloads {file}. Wait until it is done.", file=file)
            ) from error
        yield target


def _require_space(partial: Path, file: HubFile, needed: int) -> None:
    free = shutil.disk_usage(partial.parent).free
    if needed > free:
        raise no_space(file, needed, partial.parent, free)


def no_space(what: object, needed: int, folder: Path, free: int) -> StartError:
    """Return the error of a disk that has too few bytes free."""
    return StartError(
        _(
            "{file} needs {needed} MB more in {folder}, which has {free} MB free. Make room, or set [model] "
            "cache_dir to another disk.",
            file=what,
            needed=-(-needed // 10**6),
            folder=folder,
            free=free // 10**6,
        )
    )


async def _receive(
    session: aiohttp.ClientSession, found: _Found, target: BinaryIO, progress: Progress
) -> None:
    """Append what is still missing, as far as the connection lasts."""
    # A large file is on another server, whose address is signed; a small one is on the hub itself.
    own = headers() if found.url.origin() == URL(endpoint()).origin() else {"Accept-Encoding": "identity"}
    async with session.get(found.url, headers=own | {"Range": f"bytes={target.tell()}-"}) as response:
        response.raise_for_status()
        if response.status != 206:  # a server that cannot continue sends everything again
            target.truncate(0)
            target.seek(0)
        async for piece in response.content.iter_chunked(PIECE):
            target.write(piece)
            progress.show(target.tell())


def _checksum(path: Path, found: _Found) -> str:
    """Return a file's checksum, of the kind that the hub gave."""
    digest = hashlib.sha256()
    if len(found.checksum) == GIT_LENGTH:
        digest = hashlib.sha1(b"blob %d\0" % found.size, usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def unreachable(file: object, error: Exception) -> StartError:
    """Return the error of a network that failed."""
    return StartError(
        _(
            "{file} could not be downloaded: {reason}. Check the network and start again: it goes on where it "
            "stopped.",
            file=file,
            reason=_reason(error),
        )
    )


def _reason(error: Exception) -> str:
    """Return what went wrong without the address: it may be a signed one that lets everybody in."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{error.status} {error.message}"
    return str(error) or type(error).__name__


def _unwritable(file: HubFile, cache_dir: Path, error: OSError) -> StartError:
    return StartError(
        _(
            "{file} cannot be kept in {folder}: {reason}. Make the folder writable, or set [model] cache_dir to "
            "another.",
            file=file,
            folder=cache_dir,
            reason=error.strerror or error,
        )
    )
