"""Prove that a server process is kept running and heard out, whatever it prints and however it dies."""

import asyncio
import os
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from bot.engine.backends import child
from bot.engine.backends.child import ServerProcess
from bot.errors import StartError
from bot.locales import _

SERVE = """
import json, sys
settings = json.loads(sys.stdin.readline())
print(json.dumps({"address": settings["path"]}), flush=True)
sys.stdin.read()
"""


def script(folder: Path, *lines: str, serve: bool = True) -> Path:
    """Write a server that does something first."""
    path = folder / "server.py"
    path.write_text("\n".join([*lines, SERVE if serve else ""]))
    return path


def server(path: Path) -> ServerProcess:
    """Run it; the address that it tells is in its settings."""
    return ServerProcess(path, {"path": "here"})


async def test_the_address_is_found_among_other_lines(tmp_path: Path) -> None:
    """What Python's start-up prints, were it garbage, stands in nobody's way."""
    noise = script(
        tmp_path,
        "import sys",
        "sys.stdout.buffer.write(b'hello\\n\\xff\\n{\\n[1]\\n' + b'x' * 300_000)",
        "print()",
    )
    async with server(noise) as running:
        assert await running.address() == "here"


async def test_a_ctrl_c_is_for_the_bot_alone(tmp_path: Path) -> None:
    """The server stands in a session of its own, which no terminal interrupts."""
    async with server(script(tmp_path)) as running:
        assert os.getsid(running.pid) == running.pid


async def test_a_line_without_end_does_not_stop_the_server(tmp_path: Path) -> None:
    """It is dropped from the log, and what comes after is there."""
    chatty = script(tmp_path, "import sys", "sys.stderr.write('x' * 500_000 + '\\n0.1 E srv: heard\\n')")
    with capture_logs() as logs:
        async with server(chatty) as running:
            await running.address()

    assert "srv: heard" in [entry.get("line") for entry in logs]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("sys.exit('no such module')", "no such module"),
        (
            "sys.stderr.write('0.1 E srv: the first\\n0.2 E srv: the second\\n0.3 I bye\\n'); sys.exit(1)",
            "srv: the first",
        ),
        ("sys.stderr.write('0.1 I loading\\n'); sys.exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), 9)", "ended by signal 9"),
    ],
)
async def test_a_start_that_fails_says_why(tmp_path: Path, end: str, reason: str) -> None:
    """In one line, with the first error of its log, else its last words, else how it ended."""
    failing = script(tmp_path, "import os, sys", end, serve=False)
    with pytest.raises(StartError) as caught:
        async with server(failing):
            pass

    assert f"The model here cannot be loaded ({reason}). " in str(caught.value)


async def test_a_server_may_tell_itself_why_it_cannot_start(tmp_path: Path) -> None:
    """Its own sentence counts more than what stands in its log, and is told in the backend's words."""
    failing = script(
        tmp_path,
        "import sys",
        "sys.stderr.write('ERROR noise\\n')",
        'print(\'{"error": "it has no weights"}\')',
        serve=False,
    )
    running = ServerProcess(failing, {"path": "here"}, blame=lambda path, reason: _(f"{path}: {reason}"))
    with pytest.raises(StartError) as caught:
        async with running:
            pass

    assert str(caught.value) == "here: it has no weights"


async def test_a_server_may_import_the_bot_and_log_as_python_does(tmp_path: Path) -> None:
    """From whatever folder it is started; its lines keep their level, under its name."""
    importing = script(
        tmp_path,
        "import logging, bot.engine.request",
        "logging.basicConfig(format='%(levelname)s %(message)s', level='INFO')",
        "import sys; settings = sys.stdin.readline()",
        'print(\'{"address": "told"}\', flush=True)',
        "sys.stdin.read(); logging.warning('low on memory'); logging.info('well')",
        serve=False,
    )
    with capture_logs() as logs:
        async with ServerProcess(importing, {}, name="torch") as running:
            await running.address()

    told = {(entry["event"], entry["log_level"], entry.get("line")) for entry in logs}
    assert {("torch", "warning", "low on memory"), ("torch", "info", "well")} <= told


async def test_a_server_that_keeps_dying_is_started_until_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that fails again is no end of trying; what counts is the one that worked."""
    monkeypatch.setattr(child, "FIRST_DELAY", 0.001)
    runs = tmp_path / "runs"
    dying = script(
        tmp_path,
        "import sys, pathlib",
        f"runs = pathlib.Path({str(runs)!r})",
        "runs.write_text(runs.read_text() + '.' if runs.exists() else '.')",
        "if runs.read_text() in ('..', '...'): sys.exit('not yet')",
        "if runs.read_text() == '.': print('{\"address\": \"gone\"}', flush=True); sys.exit()",
    )
    with capture_logs() as logs:
        await until_it_stays(dying)

    assert runs.read_text() == "...."
    pauses = [entry["restart_in"] for entry in logs if entry["event"] == "model server died"]
    assert pauses == [0.002, 0.004, 0.008]


async def until_it_stays(dying: Path) -> None:
    """Run a server until the start that lasts."""
    async with server(dying) as running:
        while await running.address() == "gone":  # noqa: ASYNC110  # it becomes so in its own time
            await asyncio.sleep(0.01)

        assert running.restarts == 1


async def test_closing_in_the_middle_of_a_start_leaves_no_process(tmp_path: Path) -> None:
    """A model that takes long to load does not outlive the wish for it."""
    slow = script(tmp_path, "import sys", "sys.stdin.read()", serve=False)
    before = psutil.Process().children()
    starting = asyncio.create_task(server(slow).__aenter__())
    while psutil.Process().children() == before:  # noqa: ASYNC110  # a new process is no event here
        await asyncio.sleep(0.01)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)

    assert starting.cancelled()
    assert psutil.Process().children() == before
