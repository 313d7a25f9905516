"""Hold what a picture came to; apart from what draws, so that showing it loads no drawing."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drawn:
    """Hold a picture, and the names that this machine has no font for: they stand as numbers in it.

    `wordless` is whether passages stand in it without their first words, for the same reason.
    """

    png: bytes
    unwritten: Mapping[int, str]
    wordless: bool
