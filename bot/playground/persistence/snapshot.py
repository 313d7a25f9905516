"""Keep the world in a folder: its base as one JSON file, its messages as a journal of changes.

Writing every message anew each second would stop the event loop for as long as there are messages; so the
base (users, guilds, channels, …) is replaced as a whole, and of the messages only those that changed are
added to the journal, which is made tidy when it is read and when it has grown long.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import structlog

from bot.playground.persistence import shelf
from bot.playground.world.world import World

logger = structlog.get_logger(__name__)

BASE: Final = "world.json"
JOURNAL: Final = "messages.jsonl"
SAVE_SECONDS: Final = 1.0
LINES_AT_ONCE: Final = 50  # a few milliseconds
# After so many lines the journal is made tidy: a streamed answer adds a line a second.
TIDY_LINES: Final = 20_000


def load(folder: Path | None, base_url: str) -> World:
    """Return the world that a folder keeps, its links pointing at `base_url`; without one, an empty world.

    What cannot be read is set aside under another name and logged, and the world is empty. Blocks.
    Raises OSError where the folder cannot be used.
    """
    world = World()
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder is not None and (folder / BASE).exists():
        try:
            _read(world, folder, base_url)
        except (ValueError, KeyError, TypeError, AttributeError) as broken:
            _set_aside(folder, broken)
            world = World()
    world.files.folder = folder
    world.base_url = base_url
    return world


class Keeper:
    """Save a world into a folder; without a folder, do nothing."""

    def __init__(self, world: World, folder: Path | None) -> None:
        self._world = world
        self._folder = folder
        self._added = 0

    @contextlib.asynccontextmanager
    async def saving(self) -> AsyncIterator[None]:
        """Save what changed about once a second while the block runs, and once more at its end."""
        over = asyncio.Event()
        task = asyncio.create_task(self._save_until(over))
        try:
            yield
        finally:
            over.set()
            await task
            await self.save()

    async def save(self) -> None:
        """Write what changed since the last time. Raises OSError, and keeps the changes for the next time."""
        if self._folder is None:
            self._world.changed_messages.clear()
            return
        changed = dict(self._world.changed_messages)
        if not changed and not self._world.changed:
            return
        lines = await self._lines(changed)
        self._world.changed = False
        base = json.dumps(shelf.pack(self._world), ensure_ascii=False)
        try:
            await asyncio.to_thread(self._write, self._folder, base, lines)
        except OSError:
            self._world.changed_messages = changed | self._world.changed_messages
            self._world.changed = True
            raise

    async def _save_until(self, over: asyncio.Event) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), SAVE_SECONDS)
            if over.is_set():
                return
            try:
                await self.save()
            except OSError as failed:
                logger.error("playground not saved", reason=str(failed))

    async def _lines(self, changed: dict[int, int]) -> list[str]:
        """Take messages off what has changed, and return their lines; others have their turn after some."""
        world = self._world
        lines = []
        for number, (message_id, channel_id) in enumerate(changed.items(), start=1):
            del world.changed_messages[message_id]
            if message_id not in world.whispers:
                line = shelf.line(world, channel_id, message_id)
                lines.append(json.dumps(line, ensure_ascii=False))
            if number % LINES_AT_ONCE == 0:
                await asyncio.sleep(0)
        return lines

    def _write(self, folder: Path, base: str, lines: list[str]) -> None:
        self._world.files.write_waiting()
        with _private(folder / JOURNAL, "a") as journal:
            journal.writelines(line + "\n" for line in lines)
        _replace(folder / BASE, base)
        self._added += len(lines)
        if self._added > TIDY_LINES:
            self._added = 0
            _tidy(folder / JOURNAL)


def _read(world: World, folder: Path, base_url: str) -> None:
    packed = json.loads((folder / BASE).read_text(encoding="utf-8"))
    shelf.unpack(world, packed)
    newest = {line["id"]: line for line in _lines(folder / JOURNAL, packed["base_url"], base_url)}
    kept = [x for x in newest.values() if x["message"] and int(x["channel_id"]) in world.channels]
    tidy = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept)
    for line in kept:
        shelf.place(world, line)
    _replace(folder / JOURNAL, tidy)


def _tidy(journal: Path) -> None:
    """Keep the newest line of each message; the id stands first in a line."""
    with journal.open(encoding="utf-8") as lines:
        newest = {line.partition(",")[0]: line for line in lines}
    _replace(journal, "".join(newest.values()))


def _lines(journal: Path, old_url: str, new_url: str) -> Iterator[Any]:
    """Read the journal; a last line that was cut off by a crash is left out."""
    if not journal.exists():
        return
    text = journal.read_text(encoding="utf-8")
    text = text.replace(f'"{old_url}/attachments/', f'"{new_url}/attachments/')
    for line in text.split("\n")[:-1]:
        yield json.loads(line)


def _set_aside(folder: Path, broken: Exception) -> None:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for name in (BASE, JOURNAL):
        place = folder / name
        if place.exists():
            place.rename(place.with_name(f"{name}.broken-{stamp}"))
    logger.error("playground unreadable, starting fresh", kept=f"*.broken-{stamp}", reason=repr(broken))


def _replace(place: Path, text: str) -> None:
    """Write a file so that it is always whole."""
    part = place.with_name(place.name + ".part")
    with _private(part, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(place)


def _private(place: Path, mode: str) -> Any:
    """Open a text file that only its owner may read: it holds tokens and private messages."""
    return open(place, mode, encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600))
