"""Name a model's content shortly, without reading gigabytes."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

SAMPLE = 1 << 16  # bytes read at the start, the middle and the end to tell one file from another
LENGTH = 12
# What decides what a model writes, other than its weights.
SETTINGS = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)


def of_file(path: Path) -> str:
    """Return a short name for a file's content, from its size and three samples.

    The middle and the end are weights, so two trainings of one model differ. Raises OSError.
    """
    digest = hashlib.sha256()
    for sample in _samples(path):
        digest.update(sample)
    return digest.hexdigest()[:LENGTH]


def of_folder(folder: Path) -> str:
    """Return a short name for the model in a folder, from its settings and samples of its weights; raises OSError."""
    digest = hashlib.sha256()
    for path in sorted([folder / name for name in SETTINGS if (folder / name).is_file()]):
        digest.update(path.name.encode() + path.read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        digest.update(path.name.encode() + b"".join(_samples(path)))
    return digest.hexdigest()[:LENGTH]


def _samples(path: Path) -> Iterable[bytes]:
    size = path.stat().st_size
    yield str(size).encode()
    with path.open("rb") as file:
        for start in (0, size // 2, max(0, size - SAMPLE)):
            file.seek(start)
            yield file.read(SAMPLE)
