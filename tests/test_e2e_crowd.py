"""Let a crowd do everything at once, and find a sound story when the dust has settled."""

import asyncio
import random
from functools import partial

import pytest

from storage import narrations
from tests.person import Person
from tests.person import Refused as ServerRefused
from tests.stage import EPHEMERAL, Stage, buttons, controls, eventually

HERE = "fireside"
COMMANDS = ("continue", "retry", "undo", "redo")
PRESSES = ("Continue", "Retry", "Undo", "◀", "▶", "Stop", "Keep it")


class Crowd:
    """Do what comes to people's minds, from a seed; remember every word that was acknowledged."""

    def __init__(self, stage: Stage, people: list[Person], seed: int) -> None:
        self.stage = stage
        self.people = people
        self.chance = random.Random(seed)
        self.words = 0

    async def act(self) -> None:
        """Let one person do one thing."""
        person, kind = self.chance.choice(self.people), self.chance.random()
        if kind < 0.35:
            self.words += 1
            text = f"Words number {self.words} of {person.user['username']}."
            if kind < 0.15:
                await person.say(HERE, text)
            else:
                await person.command("write", channel=HERE, options={"text": text})
        elif kind < 0.6:
            await person.command(self.chance.choice(COMMANDS), channel=HERE)
        else:
            await self._press(person)

    async def _press(self, person: Person) -> None:
        pressable = [m for m in person.messages(HERE) if controls(m)]
        if not pressable:
            return
        message = self.chance.choice(pressable)
        wanted = [label for label in PRESSES if label in buttons(message)]
        try:
            await person.click(message, self.chance.choice(wanted or ["Write"]))
        except (ServerRefused, LookupError):
            # The button was taken off between the look and the press, as happens to people.
            return


@pytest.mark.parametrize(("seed", "restarts"), [(1, ()), (2, (5,)), (3, (3, 8))])
async def test_a_crowd_leaves_a_sound_story(stage: Stage, seed: int, restarts: tuple[int, ...]) -> None:
    """No error, no lock, no lost word; one message has the buttons, and they are about the newest passage."""
    people = [await stage.seat(f"Writer {n}", roles=["moderator"] if n == 0 else []) for n in range(4)]
    await stage.begin(people[0], free_typing=True)
    crowd = Crowd(stage, people, seed)
    for batch in range(12):
        # A little time between tokens: what people do comes in the middle of narrations.
        stage.backend.delay = partial(asyncio.sleep, 0.002)
        await asyncio.gather(*(crowd.act() for _ in range(4)))
        if batch in restarts:
            await stage.restart()

    async def quiet() -> bool:
        jobs = await narrations.unfinished(stage.database)
        return not jobs and not any("Stop" in buttons(m) for m in people[0].messages(HERE))

    async def written() -> int:
        rows = await stage.database.fetch_all("SELECT text FROM passages WHERE kind = 'person'")
        return len({row["text"] for row in rows})

    async def all_kept() -> bool:
        return await written() == crowd.words

    await eventually(quiet)
    await eventually(all_kept)

    async def settled() -> bool:
        head = await stage.database.fetch_all("SELECT head FROM branches")
        with_buttons = [
            m
            for m in people[0].messages(HERE)
            if "Continue" in buttons(m) and not m.get("flags", 0) & EPHEMERAL
        ]
        return len(with_buttons) == 1 and f":{head[0]['head'] or 0}" in str(with_buttons[0]["components"])

    await eventually(settled)
