"""Prove that the command line starts, refuses and ends as a host expects."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from bot import logs
from bot.__main__ import main
from bot.config import Config

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start in an empty folder, without a token; the log stays the tests' own."""
    monkeypatch.setattr(logs, "configure", lambda **_settings: None)
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir(tmp_path)


def test_run_without_a_token_says_where_to_put_one(capsys: pytest.CaptureFixture[str]) -> None:
    """One line on standard error, exit code 2."""
    assert main(["run"]) == 2
    error = capsys.readouterr().err
    assert "DISCORD_TOKEN" in error
    assert error.count("\n") == 1


def test_errors_speak_the_hosts_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Chinese system gets the Chinese sentence."""
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")

    assert main(["run"]) == 2
    assert "令牌" in capsys.readouterr().err


def test_bad_config_is_one_line_and_code_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """config.toml in the folder is read without being named, and its fault is."""
    (tmp_path / "config.toml").write_text("[model]\nmodle = 1\n")

    assert main(["check"]) == 2
    error = capsys.readouterr().err
    assert "config.toml" in error
    assert "model.modle" in error
    assert "Traceback" not in error


def test_every_secret_of_the_settings_is_kept_out_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is added later too: all are handed to the log's mask before anything is said."""
    masked: list[str] = []
    monkeypatch.setattr(logs, "configure", lambda *, secrets, **_rest: masked.extend(secrets))
    secrets = {
        f"{name}.{key}"
        for name, section in Config()
        if isinstance(section, BaseModel)
        for key, value in section
        if isinstance(value, SecretStr)
    }
    for number, key in enumerate(sorted(secrets)):
        monkeypatch.setenv(f"STORYLOOM_{key.replace('.', '__').upper()}", f"secret {number}")
    main(["backup", "nothing.db"])

    assert sorted(masked) == [f"secret {number}" for number in range(len(secrets))]
    assert "openai.api_key" in secrets


def test_backup_and_restore_go_round(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A backup of nothing is refused kindly; one of a database can be restored, the old file kept aside."""
    assert main(["backup", "copy.db"]) == 2
    from storage.database import Database

    async def create() -> None:
        async with Database.open(tmp_path / "data" / "storyloom.db"):
            pass

    asyncio.run(create())
    assert main(["backup", "copy.db"]) == 0
    assert main(["restore", "copy.db"]) == 0
    assert "before-restore" in capsys.readouterr().out


@pytest.mark.model
@pytest.mark.parametrize(
    ("shell", "stop"),
    [(signal.SIG_DFL, signal.SIGINT), (signal.SIG_DFL, signal.SIGTERM), (signal.SIG_IGN, signal.SIGTERM)],
    ids=["SIGINT", "SIGTERM", "SIGTERM in the background"],
)
def test_play_says_ready_and_stops_kindly(
    tmp_path: Path, shell: signal.Handlers, stop: signal.Signals
) -> None:
    """The one line on standard output is the address, and either signal ends with exit code 0 and no traceback."""
    command = [sys.executable, "-m", "bot", "play", "--port", "0", "--data", str(tmp_path / "play")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # A shell ignores SIGINT for what it starts with `&`, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, shell),
    ) as running:
        assert running.stdout is not None
        ready = running.stdout.readline()
        running.send_signal(stop)
        out, error = running.communicate(timeout=60)

    assert ready.startswith("ready http://127.0.0.1:")
    assert out == ""
    assert "Traceback" not in error
    assert running.returncode == 0


@pytest.mark.model
def test_playground_for_others_needs_a_password(tmp_path: Path) -> None:
    """Another address than this machine's own is refused without one."""
    command = [
        sys.executable,
        "-m",
        "bot",
        "play",
        "--host",
        "0.0.0.0",
        "--port",
        "0",
        "--data",
        str(tmp_path),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False
    )

    assert done.returncode == 2
    assert "password" in done.stderr
