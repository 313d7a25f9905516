"""Turn a GGUF file into a folder of safetensors, once: reading one anew takes several times as long."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
import torch
from gguf import GGUFReader
from transformers import AutoModelForCausalLM, AutoTokenizer

from bot.engine import fingerprint
from bot.engine.backends.transformers.positions import stretched
from bot.engine.backends.transformers.quiet import hush
from bot.engine.backends.transformers.room import free_bytes
from bot.engine.backends.transformers.support import LoadError

log = structlog.get_logger(__name__)

VERSION = 1  # of what is written; a new one converts everything anew


def converted(source: Path, *, cache: Path) -> Path:
    """Return the folder with a GGUF file's weights, tokenizer and configuration, made now if it is not there.

    It stands in `cache`/storyloom, in a name made of the file's content. Raises LoadError.
    """
    folder = cache / "storyloom" / f"{fingerprint.of_file(source)}-{VERSION}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.with_suffix(".lock")):
            if not folder.is_dir():
                _make(source, folder)
    except OSError as error:
        raise LoadError(
            f"{source.name} cannot be converted into {folder} ({error}): make room there"
        ) from error
    return folder


def _make(source: Path, folder: Path) -> None:
    """Write the folder under another name, and name it as it shall be when all of it is on the disk."""
    unfinished = folder.with_suffix(".incomplete")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a conversion that was cut off
    unfinished.mkdir()
    hush()
    log.info("converting a GGUF file, once", file=source.name, folder=str(folder))
    try:
        _convert(source, unfinished)
        for path in unfinished.iterdir():
            _keep(path)
        unfinished.rename(folder)
        _keep(folder.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _convert(source: Path, folder: Path) -> None:
    """Write what a file holds as the library's own folder."""
    try:
        model, tokenizer = _read(source, folder)
    except LoadError:
        raise
    except Exception as error:  # its readers raise whatever a broken or unknown file makes them
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise LoadError(
            f'{source.name} cannot be converted ({reason}): take its safetensors, or backend = "llamacpp"'
        ) from error
    # The weights are plain numbers now; the library would still refuse to save what was read from a GGUF.
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _read(source: Path, folder: Path) -> tuple[Any, Any]:
    """Return a file's model and tokenizer."""
    reader = GGUFReader(source)
    _require_room(reader, folder)
    # The library would take a tokenizer's settings that stand beside the file for the file's own.
    with tempfile.TemporaryDirectory() as alone:
        Path(alone, source.name).symlink_to(source.absolute())
        origin: dict[str, Any] = {"gguf_file": source.name, "local_files_only": True}
        model: Any = AutoModelForCausalLM.from_pretrained(alone, dtype=torch.bfloat16, **origin)
        tokenizer: Any = AutoTokenizer.from_pretrained(alone, **origin)
    model.config.rope_parameters |= stretched(reader, model.config.rope_parameters["rope_theta"])
    return model, tokenizer


def _require_room(reader: GGUFReader, folder: Path) -> None:
    """Refuse what the memory or the disk has no room for, before the machine is brought to its knees."""
    counts = [int(tensor.n_elements) for tensor in reader.tensors]
    weights = sum(counts) * torch.bfloat16.itemsize
    # The largest tensor is there in single precision too, once as read and once as copied.
    working = weights + 2 * max(counts, default=0) * torch.float32.itemsize
    rooms = {
        "memory": (working, free_bytes(torch.device("cpu"))),
        str(folder.parent): (weights, shutil.disk_usage(folder).free),
    }
    for where, (needed, free) in rooms.items():
        if needed > free:
            raise LoadError(
                f"to convert it, {needed / 1e9:.1f} GB are needed in {where}, and {free / 1e9:.1f} GB are free: make "
                'room, take its safetensors, or backend = "llamacpp"'
            )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process convert while others wait for it."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _keep(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
