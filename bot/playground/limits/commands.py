"""x."""
from typing import Any


def check_commands(commands: Any) -> None:
    """Check."""
