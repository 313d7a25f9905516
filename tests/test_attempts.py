"""A narration is tried again for a flaw, but not for ever."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot.story.narration.attempts import worth_another


@pytest.mark.parametrize(
    ("crossed", "weaving", "most"), [(False, False, 2), (True, False, 3), (False, True, 2), (True, True, 2)]
)
def test_attempts_end(crossed: bool, weaving: bool, most: int) -> None:
    """Words that crossed a line are tried once more, but of a weave: there the handed-in words stand."""
    draft: Any = SimpleNamespace(crossed=crossed)
    number = next(n for n in range(9) if not worth_another([draft] * n, weaving=weaving))
    assert number == most
