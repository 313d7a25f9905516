"""Prove what a log line looks like, and that no secret is ever in one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Logging is the whole process's, so each case has a process of its own.
SPEAK = """
import logging, structlog
from bot import logs
logs.configure(level="info", form={form!r}, secrets=("sesame", ""))
log = structlog.get_logger("bot.test")
log.debug("too quiet")
log.info("a lamp was lit", keeper="灯", word="sesame")
logging.getLogger("a.library").warning("it said sesame")
def tell():
    tale = "once upon" + " a time"
    raise ValueError("sesame")
try:
    tell()
except ValueError:
    log.exception("it broke")
logging.getLogger("discord.gateway").info("a heartbeat")
"""


def spoken(form: str) -> list[str]:
    """Return what a process logs in a form; its standard output stays empty."""
    done = subprocess.run(
        [sys.executable, "-c", SPEAK.format(form=form)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_ever_logged(form: str) -> None:
    """Neither our lines, nor a library's, nor a traceback shows one."""
    said = "\n".join(spoken(form))

    assert "sesame" not in said
    assert "once upon a time" not in said
    assert said.count("**********") >= 3


def test_json_lines_are_whole_and_readable() -> None:
    """One object a line, Chinese as Chinese, at the level that was asked for."""
    lines = [json.loads(line) for line in spoken("json")]

    assert [line["event"] for line in lines] == ["a lamp was lit", "it said **********", "it broke"]
    assert lines[0]["keeper"] == "灯"
    assert "ValueError" in lines[2]["exception"]
