"""Name the codes with which a check refuses."""

from collections.abc import Callable
from typing import Any

from bot.playground.errors import ApiError


def codes(check: Callable[[], None]) -> set[str]:
    """Return the codes with which a check refuses; empty where it passes."""
    try:
        check()
    except ApiError as refused:
        found = set(_leaves(refused.errors or {}))
        return found or {str(int(refused.code))}
    return set()


def _leaves(tree: Any) -> list[str]:
    listed = [e["code"] for e in tree.get("_errors", ())]
    return listed + [code for key, branch in tree.items() if key != "_errors" for code in _leaves(branch)]
