"""x."""
from typing import Any


def check_modal(modal: Any) -> None:
    """Check."""
