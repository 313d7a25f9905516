"""Run llama.cpp's server in a process of its own, for `llamacpp.py`; imports nothing else of the bot.

Reads its settings as one line of JSON from standard input, prints its address as one line of JSON, writes
llama.cpp's log to standard error, and lives until standard input ends, which it does when the bot dies.
"""

import json
import os
import sys
import threading
from typing import Any


def main() -> None:
    """Serve until the bot is gone."""
    settings = json.loads(sys.stdin.readline())
    # llama.cpp's own prints, a backtrace for one, must not stand where the address is read.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    watch = threading.Thread(target=_exit_with_parent, daemon=True)
    watch.start()
    try:
        server = serve(settings)
    except RuntimeError as error:  # llama.cpp's log, above, tells why
        sys.exit(str(error))
    answers.write(json.dumps({"address": server.listening_address}) + "\n")
    answers.flush()
    watch.join()


def _exit_with_parent() -> None:
    while os.read(0, 1024):
        pass
    # Nothing here needs saving, and a server busy with a long prompt would take seconds to end in good order.
    os._exit(0)


def serve(settings: dict[str, Any]) -> Any:
    """Load the model and return llama.cpp's running server."""
    import xllamacpp  # after the watch has begun: it takes a moment to load

    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.n_parallel = settings["parallel"]
    params.n_ctx = settings["context"] * settings["parallel"]
    # A prompt read in several batches would be cut elsewhere in company, and that would change the words.
    params.n_batch = max(settings["context"], params.n_batch)
    params.n_gpu_layers = settings["gpu_layers"]
    params.cache_ram_mib = settings["cache_megabytes"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path) for path in settings["adapters"]]
    params.api_keys = [settings["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # On a processor, flash attention splits its sums by how many streams run: company would change the words.
    params.flash_attn_type = -1 if settings["gpu_layers"] else 0
    params.enable_reasoning = 0  # a narrator thinks in the story
    params.warmup = False
    params.ui = False
    params.cors_origins = ""
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
