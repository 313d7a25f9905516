"""Prove that a playground with a folder shows the same world after every kind of end."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import ClientSession

from bot.errors import StartError
from bot.playground.channels import messages
from bot.playground.persistence import shelf, snapshot
from bot.playground.persistence.snapshot import Keeper, load
from bot.playground.server import Playground
from bot.playground.world.defaults import furnish
from tests.playground_client import Client


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    """Open a client that keeps cookies of addresses, as a browser does."""
    async with ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def test_a_second_start_shows_the_same_world(tmp_path: Path, http: ClientSession) -> None:
    """Seats, tokens, channels, messages, reactions, pins, votes and files outlive the server."""
    async with Playground.open(data=tmp_path) as first, Client.open(first, "Ann", roles=["admin"]) as ann:
        body = {"content": "keep", "attachments": [{"id": 0, "filename": "a.txt"}]}
        path = f"/channels/{ann.channel('fireside')}/messages"
        _status, kept = await ann.ask("POST", path, body, files=[("a.txt", b"ink")])
        gone = await ann.say("fireside", "gone")
        await ann.ask("PUT", f"{path}/{kept['id']}/reactions/👍/@me")
        await ann.ask("PUT", f"{path}/pins/{kept['id']}")
        await ann.ask("POST", f"{path}/{kept['id']}/threads", {"name": "Fog"})
        await ann.ask("DELETE", f"{path}/{gone['id']}")
        before = shelf.pack(first.world)
    async with Playground.open(data=tmp_path) as second, Client.open(second, "Ann", roles=["admin"]) as again:
        assert again.id == ann.id
        assert shelf.pack(second.world) | {"base_url": ""} == before | {"base_url": ""}
        _status, read = await again.ask("GET", path)
        assert [m["content"] for m in read if m["type"] == 0] == ["keep"]
        shown = read[-1]
        assert shown["reactions"][0]["count"] == 1
        assert shown["thread"]["name"] == "Fog"
        async with http.get(shown["attachments"][0]["url"]) as response:
            assert await response.read() == b"ink"
        newer = await again.say("fireside", "newer")
        assert int(newer["id"]) > int(read[0]["id"])


async def test_a_long_foreign_name_is_saved(tmp_path: Path) -> None:
    """A file's name fits a file system's in bytes, and keeps its kind."""
    async with Playground.open(data=tmp_path) as first, Client.open(first, "Ann") as ann:
        path = f"/channels/{ann.channel('fireside')}/messages"
        body = {"attachments": [{"id": 0, "filename": "长" * 200 + ".txt"}]}
        _status, sent = await ann.ask("POST", path, body, files=[("a", b"ink")])
        assert sent["attachments"][0]["filename"].endswith("长.txt")
    saved = await asyncio.to_thread(lambda: [p.read_bytes() for p in tmp_path.glob("attachments/*/*/*.txt")])
    assert saved == [b"ink"]


async def test_what_could_not_be_saved_is_saved_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk loses nothing that was written while it was full."""
    async with Playground.open(data=tmp_path) as first, Client.open(first, "Ann") as ann:
        keeper = Keeper(first.world, tmp_path)
        await ann.say("fireside", "keep me")
        with monkeypatch.context() as full:
            full.setattr(snapshot, "_private", _refuse)
            with pytest.raises(OSError, match="full"):
                await keeper.save()
        await keeper.save()
    async with Playground.open(data=tmp_path) as second, Client.open(second, "Ann") as again:
        _status, read = await again.ask("GET", f"/channels/{again.channel('fireside')}/messages")
        assert [m["content"] for m in read] == ["keep me"]


def _refuse(_place: Path, _mode: str) -> None:
    raise OSError("disk full")


async def test_what_was_written_is_saved_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message is in the folder before the server ends, for its owner's eyes alone."""
    saved = asyncio.Event()
    write = Keeper._write

    def note(keeper: Keeper, folder: Path, base: str, lines: list[str]) -> None:
        write(keeper, folder, base, lines)
        if lines:
            loop.call_soon_threadsafe(saved.set)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(Keeper, "_write", note)
    monkeypatch.setattr(snapshot, "SAVE_SECONDS", 0.05)
    async with Playground.open(data=tmp_path) as playground, Client.open(playground, "Ann") as ann:
        sent = await ann.say("fireside", "soon")
        await asyncio.wait_for(saved.wait(), 10)
        assert (tmp_path / "world.json").stat().st_mode & 0o077 == 0
        assert (tmp_path / "messages.jsonl").stat().st_mode & 0o077 == 0
        lines = [json.loads(line) for line in (tmp_path / "messages.jsonl").read_text().splitlines()]
        assert [str(line["id"]) for line in lines] == [sent["id"]]


@pytest.mark.parametrize("broken", ["world.json", "messages.jsonl"])
async def test_a_broken_snapshot_is_set_aside(
    tmp_path: Path, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unreadable file is kept under another name and told in the log; the world starts fresh."""
    async with Playground.open(data=tmp_path) as playground, Client.open(playground, "Ann") as ann:
        await ann.say("fireside", "lost")
        old = ann.id
    (tmp_path / broken).write_text("{nonsense\n")
    async with Playground.open(data=tmp_path) as playground, Client.open(playground, "Ann") as ann:
        assert ann.id != old
        assert (await ann.ask("GET", f"/channels/{ann.channel('fireside')}/messages"))[1] == []
    assert _texts(tmp_path, f"{broken}.broken-*") == ["{nonsense\n"]
    assert "starting fresh" in capsys.readouterr().out


def _texts(folder: Path, pattern: str) -> list[str]:
    return [place.read_text() for place in folder.glob(pattern)]


async def test_a_line_cut_off_by_a_crash_is_left_out(tmp_path: Path) -> None:
    """A torn last line of the journal costs that line alone."""
    async with Playground.open(data=tmp_path) as playground, Client.open(playground, "Ann") as ann:
        await ann.say("fireside", "whole")
    with (tmp_path / "messages.jsonl").open("a") as journal:
        journal.write('{"id": 5, "chan')
    world = load(tmp_path, "http://127.0.0.1:1")
    assert sum(len(h) for h in world.histories.values()) == 1


def test_a_long_journal_keeps_the_newest_line_of_each_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that was edited a hundred times takes one line, and nothing is lost."""
    monkeypatch.setattr(snapshot, "TIDY_LINES", 150)
    world = load(tmp_path, "http://127.0.0.1:1")
    furnish(world)
    author = int(next(iter(world.users)))
    channel = next(int(c) for c in world.channels)
    for text in ("first", "second"):
        world.create_message(channel, author, {"content": text})
    keeper = Keeper(world, tmp_path)
    for number in range(100):
        for message in world.histories[channel].all():
            messages.edit(world, channel, message, {"content": f"{message['content'].split()[0]} {number}"})
        asyncio.run(keeper.save())
    assert len((tmp_path / "messages.jsonl").read_text().splitlines()) < 60
    read = load(tmp_path, "http://127.0.0.1:1").histories[channel].all()
    assert [m["content"] for m in read] == ["first 99", "second 99"]


async def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """A data folder that is a file stops the start with a sentence."""
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(StartError, match="cannot use the folder"):
        async with Playground.open(data=place):
            pass
