"""Be the command line: `python -m bot play|run|check|backup|restore|bench`."""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from bot import logs
from bot.config import Config, load
from bot.errors import StartError
from storage.errors import StorageError

BAD_START = 2
DEFAULT_CONFIG = Path("config.toml")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 something is wrong, 2 it cannot start."""
    options = _parser().parse_args(arguments)
    try:
        config = _config(options.config)
        secrets = (config.discord.token, config.playground.password, config.openai.api_key)
        logs.configure(
            level=config.log.level,
            form=config.log.format,
            secrets=tuple(secret.get_secret_value() for secret in secrets),
        )
        return _dispatch(options, config)
    except StartError as error:
        sys.stderr.write(f"{error.text.render(os.environ.get('LANG', 'en'))}\n")
        return BAD_START
    except StorageError as error:
        sys.stderr.write(f"{error}\n")
        return BAD_START
    except KeyboardInterrupt:
        return 0


def _config(path: Path | None) -> Config:
    """Read the file that was named, or config.toml where there is one."""
    if path is None and DEFAULT_CONFIG.exists():
        path = DEFAULT_CONFIG
    return load(path)


def _dispatch(options: argparse.Namespace, config: Config) -> int:
    reread = partial(_config, options.config)
    # Imported late: `backup` needs no Discord, `run` no playground, and each import costs part of a second.
    match options.command:
        case "play":
            from bot.play import play

            work = play(
                config,
                host=options.host,
                port=options.port,
                data=options.data,
                page=not options.headless,
                reread=reread,
            )
            return _run(work)
        case "run":
            from bot.composition import run

            return _run(run(config, reread=reread))
        case "check":
            from bot.check import check

            return asyncio.run(check(config))
        case "backup":
            from storage.backup import backup

            backup(config.storage.path, options.file)
            sys.stdout.write(f"{options.file}\n")
        case "restore":
            from storage.backup import restore

            aside = restore(options.file, config.storage.path)
            sys.stdout.write(f"{config.storage.path}" + (f" (before: {aside})\n" if aside else "\n"))
        case "bench":
            from bot.bench.command import bench

            return _run(bench(config, options))
    return 0


def _run(work: Coroutine[Any, Any, None]) -> int:
    """Run a server until it is interrupted; SIGTERM stops it as kindly as Ctrl+C."""
    # What is loaded by now stays: going through it again and again would hold people up for a tenth of a second.
    gc.freeze()
    # A shell that starts this in the background has SIGINT ignored, and the runner then leaves it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with suppress(asyncio.CancelledError):
        asyncio.run(_until_terminated(work))
    return 0


async def _until_terminated(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.current_task()
    assert task is not None  # a coroutine that runs is a task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await work


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="Storyloom: tell stories together.")
    commands = parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--config", type=Path, help="the settings file (default: config.toml if there is one)"
    )
    play = commands.add_parser("play", parents=[shared], help="try the bot on this machine, without Discord")
    play.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (another needs a password)"
    )
    play.add_argument("--port", type=int, default=8300, help="the port to listen on; 0 takes a free one")
    play.add_argument("--headless", action="store_true", help="serve the API without the page")
    play.add_argument(
        "--data", type=Path, default=Path("data/playground"), help="the folder that keeps it all"
    )
    commands.add_parser("run", parents=[shared], help="be on Discord")
    commands.add_parser("check", parents=[shared], help="tell what is right and wrong with this installation")
    backup = commands.add_parser(
        "backup", parents=[shared], help="copy the stories to a file, also while running"
    )
    backup.add_argument("file", type=Path)
    restore = commands.add_parser(
        "restore", parents=[shared], help="put a backup in the place of the stories"
    )
    restore.add_argument("file", type=Path)
    _add_benches(
        commands.add_parser("bench", help="measure how fast it is on this machine").add_subparsers(
            dest="what", required=True
        ),
        shared,
    )
    return parser


def _add_benches(benches: Any, shared: argparse.ArgumentParser) -> None:
    bot = benches.add_parser("bot", parents=[shared], help="the bot with many channels and a very long story")
    bot.add_argument("--seconds", type=float, default=30, help="how long people write")
    bot.add_argument("--channels", type=int, default=200, help="in how many channels they write")
    bot.add_argument("--rate", type=float, default=100, help="how many passages a second they write together")
    bot.add_argument("--passages", type=int, default=10_000, help="how long the longest story is")
    bot.add_argument("--rounds", type=int, default=7, help="how often bot and llama.cpp alone take turns")
    bot.add_argument("--tokens", type=int, default=96, help="how many tokens each of them writes then")
    story = benches.add_parser("story", parents=[shared], help="prompts and lore of a long story")
    story.add_argument("--passages", type=int, default=10_000, help="how long the story is")
    story.add_argument("--entries", type=int, default=10_000, help="how much lore is searched")
    story.add_argument("--turns", type=int, default=200, help="for how many turns prompts are compared")
    story.add_argument(
        "--contexts",
        type=int,
        nargs="+",
        default=[4096, 16_384],
        help="tokens of the models for which they are",
    )
    retrieval = benches.add_parser(
        "retrieval", parents=[shared], help="what of lore and passages questions find"
    )
    retrieval.add_argument(
        "--questions", type=Path, default=Path("tests/retrieval"), help="the folder of stories with questions"
    )
    engine = benches.add_parser(
        "engine", parents=[shared], help="a backend against what could stand in its place"
    )
    engine.add_argument(
        "--backend", choices=["llamacpp", "transformers"], help="instead of the configured one"
    )
    engine.add_argument("--model", help="instead of the configured one")
    engine.add_argument(
        "--quantization", choices=["nf4", "int8", "none"], help="instead of the configured one"
    )
    engine.add_argument(
        "--random-weights", metavar="SHAPE", help="a real model's shape, with nothing to fetch"
    )
    engine.add_argument("--streams", help="numbers of streams side by side: 1,4,8,16,32")
    engine.add_argument("--prompt", type=int, help="how many tokens each of them reads: 700")
    engine.add_argument("--tokens", type=int, help="how many tokens each of them writes: 128")
    engine.add_argument("--rounds", type=int, help="how often all take turns: 3")
    engine.add_argument("--turns", help="how a story grows, from, to and by how many tokens: 500,6000,100")
    engine.add_argument(
        "--only",
        nargs="+",
        choices=["speed", "words", "arrivals"],
        help="what is measured: many side by side, a growing story's first words, requests at random times",
    )
    engine.add_argument("--quick", action="store_true", help="only see that all of it runs")
    engine.add_argument("--output", type=Path, help="a file to which the figures are added")


if __name__ == "__main__":
    sys.exit(main())
