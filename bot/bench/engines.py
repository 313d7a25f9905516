"""Measure the engine's backends, each against what could stand in its place, and keep the figures if wanted."""

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from bot.bench.figures import Figures, tell
from bot.config import Config, ModelSettings
from bot.engine.backends.cores import QUOTA, model_threads, usable_cores
from bot.engine.backends.llamacpp import LlamaCppSettings
from bot.engine.backends.transformers.backend import Transformers, TransformersSettings
from bot.engine.bench import llamacpp, whole
from bot.engine.bench.plan import Plan, Turns
from bot.engine.models import default_cache, resolve
from bot.engine.runtime import find_runtime
from bot.engine.shapes import SHAPES
from bot.errors import StartError
from bot.locales import _

SPARE = 256  # tokens: words are not as many as was reckoned, and a chat has its own signs
CHILD = "bot.engine.backends.transformers.bench"


async def measure(config: Config, options: argparse.Namespace) -> None:
    """Print a backend's figures as they come, and add them to a file if one was named."""
    plan = plan_of(options)
    given = {name: getattr(options, name) for name in ("backend", "model", "quantization")}
    chosen = config.model.model_copy(update={name: value for name, value in given.items() if value})
    shape = options.random_weights or ""
    if shape and shape not in SHAPES:
        raise StartError(
            _("There is no shape {shape}; there are {known}.", shape=shape, known=", ".join(SHAPES))
        )
    _take(_machine(), options.output)
    async for figures in _random(chosen, shape, plan) if shape else _real(chosen, plan):
        _take(figures, options.output)


def plan_of(options: argparse.Namespace) -> Plan:
    """Return what the options ask for; raises StartError for one that cannot be read."""
    given: dict[str, Any] = {
        name: value
        for name in ("prompt", "tokens", "rounds")
        if (value := getattr(options, name)) is not None
    }
    if options.only:
        given["only"] = tuple(options.only)
    try:
        if options.streams:
            given["streams"] = _streams(options.streams)
        if options.turns:
            given["turns"] = Turns.parse(options.turns)
    except ValueError:
        raise StartError(
            _("--streams takes numbers such as 1,4,8, and --turns three such as 500,6000,100.")
        ) from None
    plan = Plan(**given)
    return plan.quick() if options.quick else plan


def _streams(text: str) -> tuple[int, ...]:
    """Read numbers such as `1,4,8`; raises ValueError for anything else."""
    numbers = tuple(int(number) for number in text.split(","))
    if min(numbers) < 1:
        raise ValueError(text)
    return numbers


async def _real(chosen: ModelSettings, plan: Plan) -> AsyncIterator[Figures]:
    """Measure a model that is there, with what would run it."""
    if chosen.backend == "openai":
        raise StartError(
            _("A bench measures this machine: give --backend llamacpp or --backend transformers.")
        )
    choice = await find_runtime(chosen.backend, chosen.model)
    model = await resolve(
        chosen.model, context=plan.context + SPARE, languages=chosen.languages, cache_dir=chosen.cache_dir
    )
    if choice.runtime == "llamacpp":
        alone = LlamaCppSettings(parallel=plan.parallel, threads=chosen.threads, gpu_layers=chosen.gpu_layers)
        async for figures in llamacpp.bench(model, plan, alone):
            yield figures
        return
    async for figures in _in_child(chosen, plan, path=str(model.path), shape=""):
        yield figures
    settings = TransformersSettings(
        parallel=plan.parallel,
        quantization=chosen.quantization,
        cache_dir=chosen.cache_dir,
        threads=chosen.threads,
    )
    async for figures in whole.bench(Transformers(model, settings), plan):
        yield figures


def _random(chosen: ModelSettings, shape: str, plan: Plan) -> AsyncIterator[Figures]:
    return _in_child(chosen, plan, path="", shape=shape)


async def _in_child(
    chosen: ModelSettings, plan: Plan, *, path: str, shape: str
) -> AsyncIterator[dict[str, Any]]:
    """Yield what a process tells that measures torch's ways; raises StartError where it cannot."""
    asked = {
        "path": path,
        "shape": shape,
        "quantization": chosen.quantization,
        "threads": chosen.threads or model_threads(),
        "cache_dir": str(chosen.cache_dir or default_cache()),
        "plan": plan.as_json(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", CHILD, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        async for line in process.stdout:
            figures: dict[str, Any] = json.loads(line)
            if "error" in figures:
                raise StartError(
                    _("The model cannot be measured: {reason}.", reason=figures["error"].rstrip("."))
                )
            yield figures
        if await process.wait():
            raise StartError(_("The bench broke off; what it said stands above."))
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _machine() -> Figures:
    """Return where and when the figures are taken, and how busy it is there."""
    return {
        "measure": "machine",
        "date": date.today().isoformat(),
        "processor": _processor(),
        "cores": usable_cores(QUOTA),
        "load": [round(minutes, 1) for minutes in os.getloadavg()],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.machine()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def _take(figures: Figures, output: Path | None) -> None:
    """Print a line, and add it to the file if there is one."""
    tell(figures)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")
