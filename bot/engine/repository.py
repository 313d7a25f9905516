"""Fetch a whole model from the hub: its configuration, its tokenizer and its weights, all of one commit."""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import structlog
from yarl import URL

from bot.engine import download
from bot.engine.download import COMMIT, PAUSE, HubFile
from bot.errors import StartError
from bot.locales import _

log = structlog.get_logger(__name__)

INDEX = "model.safetensors.index.json"
WEIGHTS = re.compile(r"model(-\d+-of-\d+)?\.safetensors")
# What else a model may have that is read here; repositories hold much that is not.
OTHERS = frozenset(
    {
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "chat_template.jinja",
        "chat_template.json",
        "vocab.json",
        "merges.txt",
        "tokenizer.model",
        INDEX,
    }
)


@dataclass(frozen=True, slots=True)
class HubRepository:
    """Name a model on the hub; the revision is a branch, a tag or a commit."""

    repository: str
    revision: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}"


@dataclass(frozen=True, slots=True)
class Listing:
    """Hold what a repository has of a model at one commit: file names with their bytes, weights last."""

    commit: str
    files: Mapping[str, int]


async def fetch(model: HubRepository, *, cache_dir: Path, pause: float = PAUSE) -> tuple[Path, str]:
    """Return the folder with a model's files and its commit, from the cache if all is there, else from the hub.

    What is fetched, and how much, is logged beforehand. Raises StartError, which names the remedy; what was fetched so
    far is kept for the next time.
    """
    if here := cached(model, cache_dir):
        return here
    listing = await look_up(model)
    folder = download.folder_of(model.repository, cache_dir)
    snapshot = folder / "snapshots" / listing.commit
    files = [HubFile(model.repository, name, listing.commit) for name in listing.files]
    missing = [file for file in files if not download.cached(file, cache_dir)]
    size = sum(listing.files[file.file] for file in missing)
    log.info(
        "downloading a model",
        model=str(model),
        files=len(missing),
        megabytes=round(size / 1e6),
        folder=snapshot,
    )
    begun = sum(path.stat().st_size for path in (folder / "blobs").glob("*.incomplete"))
    _require_space(model, cache_dir, size - begun)
    for file in missing:
        await download.fetch(file, cache_dir=cache_dir, pause=pause)
    download.remember(folder, model.revision, listing.commit)
    return snapshot, listing.commit


def cached(model: HubRepository, cache_dir: Path) -> tuple[Path, str] | None:
    """Return a model's folder and commit if all of it was fetched before, by this program or another."""
    folder = download.folder_of(model.repository, cache_dir)
    commit = download.commit_of(folder, model.revision)
    snapshot = folder / "snapshots" / commit
    return (snapshot, commit) if is_whole(snapshot) else None


def is_whole(folder: Path) -> bool:
    """Tell whether a folder has a configuration, a tokenizer and all its weights."""
    if not ((folder / "config.json").is_file() and list(folder.glob("tokenizer*"))):
        return False
    if not (folder / INDEX).is_file():
        return any(True for _ in folder.glob("*.safetensors"))
    try:
        shards = set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError):
        return False
    return all((folder / str(shard)).is_file() for shard in shards)


async def look_up(model: HubRepository) -> Listing:
    """Ask the hub what a repository has; raises StartError where it has no model that can be run from its folder."""
    url = URL(
        f"{download.endpoint()}/api/models/{model.repository}/revision/{quote(model.revision, safe='')}?blobs=true",
        encoded=True,
    )
    try:
        async with (
            download.open_session() as session,
            session.get(url, headers=download.headers()) as response,
        ):
            download.require_found(response.status, model)
            told = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise download.unreachable(model, error) from error
    return _listing(model, told)


def _listing(model: HubRepository, told: Any) -> Listing:
    try:
        sizes = {str(entry["rfilename"]): int(entry.get("size") or 0) for entry in told["siblings"]}
        commit = str(told["sha"])
    except (KeyError, TypeError, ValueError):
        sizes, commit = {}, ""
    weights = sorted(name for name in sizes if WEIGHTS.fullmatch(name))
    if not (COMMIT.fullmatch(commit) and weights and "config.json" in sizes):
        raise _no_model(model, sizes)
    # All else comes first: where all weights are, nothing is missing.
    names = [*sorted(OTHERS & sizes.keys()), *weights]
    return Listing(commit, {name: sizes[name] for name in names})


def _no_model(model: HubRepository, files: Iterable[str]) -> StartError:
    if bare := sorted(name for name in files if name.endswith(".gguf")):
        return StartError(
            _(
                "{model} has no safetensors weights. Set [model] model to a file that it has, such as {file}.",
                model=model,
                file=f"{model.repository}:{bare[0]}",
            )
        )
    return StartError(
        _(
            "{model} has no config.json with weights as safetensors beside it. Choose another repository in [model] "
            "model.",
            model=model,
        )
    )


def _require_space(model: HubRepository, cache_dir: Path, needed: int) -> None:
    folder = next(folder for folder in (cache_dir, *cache_dir.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise download.no_space(model, needed, folder, free)
