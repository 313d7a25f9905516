"""Run a model in a process of its own, for `backend.py`.

Reads its settings as one line of JSON from standard input, prints its address, or why there is none, as one line of
JSON, writes its log to standard error, and lives until standard input ends, which it does when the bot dies.
"""

import asyncio
import gc
import json
import os
import sys
import threading
from typing import Any, TextIO

HURT = 70  # exit code when the model cannot be run any more in this process
SWITCH_SECONDS = 0.0005  # what the model's thread waits for its turn at most, where a step may take 4 ms

# Models come from folders of this machine, so nothing here asks anybody else; the card's memory is to be used whole.
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PYTORCH_ALLOC_CONF": "expandable_segments:True",
}


def main() -> None:
    """Serve until the bot is gone."""
    settings: dict[str, Any] = json.loads(sys.stdin.readline())
    # What a library prints must not stand where the address is read.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    os.environ.update(ENVIRONMENT | os.environ)
    sys.setswitchinterval(SWITCH_SECONDS)
    asyncio.run(_serve(settings, answers))


def _exit_with_parent() -> None:
    while os.read(0, 1024):
        pass
    # Nothing here needs saving, and a step of the model may take a while.
    os._exit(0)


async def _serve(settings: dict[str, Any], answers: TextIO) -> None:
    # After the watch has begun: these take seconds to load.
    from bot.engine.backends.transformers import childlog
    from bot.engine.backends.transformers.serving import serving
    from bot.engine.backends.transformers.support import LoadError

    childlog.configure()
    try:
        async with serving(settings) as (address, hurt):
            # What is loaded stays: looking through all of it for garbage would hold up a step now and then.
            gc.collect()
            gc.freeze()
            _tell(answers, address=address)
            await hurt
            # The model's thread may hang for good: no orderly end would come.
            os._exit(HURT)
    except LoadError as error:
        _tell(answers, error=str(error))
        os._exit(1)


def _tell(answers: TextIO, **told: str) -> None:
    answers.write(json.dumps(told) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
