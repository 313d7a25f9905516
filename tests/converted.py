"""Have the embedded model as a folder of safetensors, converted once for all runs."""

import asyncio
import os
import tempfile
from pathlib import Path

import pytest

from bot.engine.models import resolve
from bot.errors import StartError

CACHE = Path(tempfile.gettempdir()) / f"storyloom-tests-{os.getuid()}"


def smollm2() -> Path:
    """Return the folder; the first call takes half a minute. Skips where the embedded model is not installed."""
    from bot.engine.backends.transformers.gguf import converted  # here: it loads torch

    try:
        source = asyncio.run(resolve("embedded", context=2048)).path
    except StartError as error:
        pytest.skip(str(error))
    assert source is not None
    return converted(source, cache=CACHE)
