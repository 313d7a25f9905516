"""Be a process that measures: what and how come as one line of JSON, figures go out line by line.

A process of its own, so that torch never comes into the bot's, and so that an interruption ends it at once.
"""

import json
import os
import sys
from pathlib import Path

from bot.engine.backends.transformers.server import ENVIRONMENT
from bot.engine.bench.plan import Plan

FAILED = 1


def main() -> int:
    """Read the one line, and print figures until there are no more; what is wrong is a figure too."""
    asked = json.loads(sys.stdin.readline())
    # What a library prints must not stand between the figures.
    figures = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    os.environ.update(ENVIRONMENT)
    # After the environment is set, which they read.
    import torch

    from bot.engine.backends.transformers import childlog
    from bot.engine.backends.transformers.bench.session import Subject, measure
    from bot.engine.backends.transformers.support import LoadError

    childlog.configure()
    torch.set_num_threads(asked["threads"])
    subject = Subject(
        path=Path(asked["path"]),
        shape=asked["shape"],
        quantization=asked["quantization"],
        device="cuda" if torch.cuda.is_available() else "cpu",
        cache=Path(asked["cache_dir"]),
    )
    try:
        for line in measure(subject, Plan.from_json(asked["plan"])):
            figures.write(json.dumps(line) + "\n")
    except LoadError as error:
        figures.write(json.dumps({"error": str(error)}) + "\n")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
