"""Keep a model server running as a child process, so that its crash takes the bot not down with it."""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import structlog

import bot
from bot.errors import StartError
from bot.locales import Text, _

log = structlog.get_logger(__name__)

FIRST_DELAY = 0.2  # seconds before the new start of a server that was healthy; doubles while it keeps dying
LONGEST_DELAY = 30.0
SETTLED = 60.0  # seconds after which a server counts as healthy, and its next crash as the first
EXIT_SECONDS = 5.0
# `0.01.942.624 W srv init: ...` is llama.cpp's way to write a line, `WARNING ...` that of Python's logging.
LINE = re.compile(r"(?:[\d.]+ )?(?P<level>[EWID]|ERROR|WARNING|INFO|DEBUG) (?P<text>.*)")
# llama.cpp's warnings are mostly nobody's business.
LEVELS = {
    "E": "warning",
    "W": "debug",
    "I": "debug",
    "D": "debug",
    "ERROR": "error",
    "WARNING": "warning",
    "INFO": "info",
    "DEBUG": "debug",
}


def not_loaded(path: str, reason: str) -> Text:
    """Say why a model is not there, and what may help."""
    return _(
        "The model {path} cannot be loaded ({reason}). Download it again, choose another one, or, where "
        "memory is short, lower context or parallel under [model].",
        path=path,
        reason=reason,
    )


class ServerProcess:
    """Start a server script, tell its address, and start it again whenever it dies.

    Used as a context manager. `settings` go to the script's standard input, so that no secret in them shows in a
    process list. The script may import `bot`; its lines are logged under `name`, and a start that comes to nothing is
    told in the words of `blame`, which gets the model's path and the reason.
    """

    def __init__(
        self,
        script: Path,
        settings: dict[str, Any],
        *,
        name: str = "llama.cpp",
        blame: Callable[[str, str], Text] = not_loaded,
    ) -> None:
        self._script = script
        self._settings = settings
        self._name = name
        self._blame = blame
        self._process: asyncio.subprocess.Process | None = None
        self._logger: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._address = ""
        self._first_error = ""
        self._last_line = ""
        self.restarts = 0

    @property
    def pid(self) -> int:
        """Return the process id of the server that runs now."""
        assert self._process is not None
        return self._process.pid

    @property
    def ready(self) -> bool:
        """Tell whether the server serves, as far as is known."""
        return self._ready.is_set()

    async def __aenter__(self) -> Self:
        """Start the server; raises StartError, with the reason from its log, if it does not start."""
        try:
            await self._launch()
        except BaseException:
            await self._stop()
            raise
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._stop()

    async def address(self) -> str:
        """Return the server's base URL, waiting while it starts again."""
        await self._ready.wait()
        return self._address

    async def lost(self, address: str) -> None:
        """Take note that nobody answers at an address: wait for the end of its process, or bring it about."""
        process = self._process
        if not (process and self._ready.is_set() and address == self._address):
            return  # known already
        await _end(process)
        if process is self._process:
            self._ready.clear()

    async def _launch(self) -> None:
        self._process = process = await _spawn(self._script)
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self._first_error = self._last_line = ""
        self._logger = asyncio.create_task(self._log(process.stderr))
        process.stdin.write(json.dumps(self._settings).encode() + b"\n")
        told = await _told(process.stdout)
        if "address" not in told:
            await _end(process)
            await self._logger
            raise self._failure(told.get("error"), process.returncode)
        self._address = told["address"]
        self._ready.set()

    def _failure(self, told: str | None, code: int | None) -> StartError:
        """Return the error of a start that came to nothing, with what was told or the log's first reason."""
        killed = code is not None and code < 0
        other = f"ended by signal {-(code or 0)}" if killed else self._last_line or f"exit code {code}"
        return StartError(self._blame(self._settings["path"], told or self._first_error or other))

    async def _keep(self) -> None:
        delay = FIRST_DELAY
        while self._process:
            born = time.monotonic()
            code = await self._process.wait()
            self._ready.clear()
            delay = FIRST_DELAY if time.monotonic() - born > SETTLED else min(delay * 2, LONGEST_DELAY)
            log.error("model server died", code=code, restart_in=delay)
            await self._stop()
            await asyncio.sleep(delay)
            try:
                await self._launch()
            except (StartError, OSError) as error:
                log.error("model server did not start", reason=str(error))
            else:
                self.restarts += 1
                log.info("model server restarted", restarts=self.restarts)

    async def _stop(self) -> None:
        """End the process, if one is there, and everything that listens to it."""
        process = self._process
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        await _end(process)
        if self._logger:
            await self._logger

    async def _log(self, stream: asyncio.StreamReader) -> None:
        """Pass the server's lines on to the log."""
        async for raw in _lines(stream):
            match = LINE.fullmatch(raw)
            if match is None:
                self._last_line = raw
                log.debug(self._name, line=raw)
                continue
            level, line = LEVELS[match["level"]], " ".join(match["text"].split())
            if match["level"] in {"E", "ERROR"}:
                self._first_error = self._first_error or line
            # Of a start that fails the host gets one line, which has the first of these.
            getattr(log, level if self._ready.is_set() else "debug")(self._name, line=line)


async def _spawn(script: Path) -> asyncio.subprocess.Process:
    rooms = [str(Path(bot.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # An own session: Ctrl-C is for the bot, which then ends the server in its own time.
        start_new_session=True,
        env={
            **os.environ,
            "GGML_NO_BACKTRACE": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, rooms)),
        },
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Wait for the end of a process, and bring it about if it does not come by itself."""
    try:
        await asyncio.wait_for(process.wait(), EXIT_SECONDS)
    except TimeoutError:
        with suppress(ProcessLookupError):  # it ended just now
            process.kill()
        await process.wait()


async def _told(stream: asyncio.StreamReader) -> dict[str, str]:
    """Return what a server tells, its `address` or its `error`, whatever Python's start-up prints before it.

    Nothing, if it ends first.
    """
    async for line in _lines(stream):
        if line.startswith(('{"address"', '{"error"')):
            told: dict[str, str] = json.loads(line)
            return told
    return {}


async def _lines(stream: asyncio.StreamReader) -> AsyncGenerator[str]:
    """Yield a pipe's lines; one too long to be held is dropped, since a pipe left full would stop the server."""
    while True:
        try:
            raw = await stream.readline()
        except ValueError:
            continue
        if not raw:
            return
        yield raw.decode(errors="replace").strip()
