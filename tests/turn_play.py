"""Play stories in which people write in turn: what tests of turns do again and again."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.story.turns import keeping
from bot.story.turns.keeping import Kept
from storage import stories
from tests.person import Person
from tests.stage import Stage, answered, buttons, eventually, saying

HERE = "fireside"
BELL = "A bell rang far below the water, twice, and then the tide forgot it."


async def sit(stage: Stage, *people: Person, **rules: Any) -> None:
    """Let people sit down at a story that the first of them starts, and turns go by these rules."""
    stage.calls = True
    first, *others = people
    await first.command("story start", channel=HERE, options={"title": "The Lamp"})
    await first.wait_for_message(lambda m: bool(buttons(m)))
    await answered(await first.command("turn mode", channel=HERE, options=rules))
    for person in others:
        await answered(await person.command("turn join", channel=HERE))


async def write(person: Person, text: str) -> None:
    """Let a person write a passage, and wait until it is shown."""
    await person.command("write", channel=HERE, options={"text": text})
    await person.wait_for_message(saying(text, button="Undo"))


async def called(person: Person, *words: str) -> Any:
    """Wait until a person is called, with these words."""
    me = person.user["id"]
    return await person.wait_for_message(
        lambda m: [u["id"] for u in m["mentions"]] == [me] and all(w in m["content"] for w in words)
    )


async def later(person: Person, words: str, times: int) -> None:
    """Wait until a person has heard words so many times."""

    async def heard() -> bool:
        new = [data for name, data in person.events if name == "MESSAGE_CREATE"]
        return len([data for data in new if words in data["content"]]) == times

    await eventually(heard)


async def restart(stage: Stage) -> None:
    """Stop the bot and start it again, and wait until it keeps time."""
    before = stage.clock.now()
    await stage.restart()

    async def beats() -> bool:
        row = await stage.database.fetch_one("SELECT at FROM heartbeat")
        return row is not None and row["at"] >= before

    await eventually(beats)


async def kept(stage: Stage) -> Kept:
    """Return how the turns stand."""
    story = await stories.newest_in(stage.database, stage.place(HERE).channel_id)
    assert story is not None
    return await keeping.read(stage.database, story.id)


async def seats(stage: Stage) -> list[str]:
    """Return who has a seat, by name."""
    return [seat.name for seat in (await kept(stage)).state.seats]


def holds_the_turn(stage: Stage, name: str) -> Callable[[], Awaitable[bool]]:
    """Return a look at whether it is someone's turn."""

    async def holds() -> bool:
        holder = (await kept(stage)).state.holder
        return holder is not None and holder.name == name

    return holds


async def shown(person: Person, text: str) -> Any:
    """Let a person write a passage, and return the message that shows it."""
    await write(person, text)
    return await person.wait_for_message(saying(text, button="Undo"))


def paused(stage: Stage) -> Callable[[], Awaitable[bool]]:
    """Return a look at whether the story rests."""

    async def rests() -> bool:
        story = await stories.newest_in(stage.database, stage.place(HERE).channel_id)
        return story is not None and story.state == "paused"

    return rests


async def author_of(stage: Stage, text: str) -> str:
    """Return who wrote a passage."""
    row = await stage.database.fetch_one("SELECT author_name FROM passages WHERE text = ?", (text,))
    assert row is not None
    return str(row["author_name"])


async def is_told(stage: Stage, passages: list[str]) -> bool:
    """Tell whether the story is these passages."""
    return await stage.told() == passages
