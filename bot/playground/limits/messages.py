"""x."""
from typing import Any


def check_message(payload: Any, *, existing: Any = None, files: Any = ()) -> None:
    """Check."""
