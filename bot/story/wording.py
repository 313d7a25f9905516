"""Read the prompt files: texts for the model, in one folder, under [names], each file with its version on top."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parent / "prompts"

_VERSION = re.compile(r"# version (\d+)\n")
_SECTION = re.compile(r"^\[(\w+)\]\n", re.MULTILINE)


@cache
def sections(name: str, language: str) -> Mapping[str, str]:
    """Return the texts of a prompt file by their names; a file is read once.

    Raises FileNotFoundError where a language has no such file, ValueError where its version is missing.
    """
    return MappingProxyType(_parsed(_file(name, language).read_text("utf-8"), name=f"{name}.{language}"))


def version(name: str, language: str) -> int:
    """Return the version of a prompt file; it goes up with every change of its words."""
    return _version(_file(name, language).read_text("utf-8"), name=f"{name}.{language}")


def _file(name: str, language: str) -> Path:
    return FOLDER / f"{name}.{language}.txt"


def _parsed(text: str, *, name: str) -> dict[str, str]:
    _version(text, name=name)
    parts = _SECTION.split(text)
    return {title: body.strip() for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def _version(text: str, *, name: str) -> int:
    found = _VERSION.match(text)
    if found is None:
        raise ValueError(f"the prompt file {name}.txt does not begin with a line like “# version 1”")
    return int(found[1])
