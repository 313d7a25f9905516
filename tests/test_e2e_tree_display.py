"""Whatever is done to a story's tree, its channel shows what is read, each passage once, and nothing else."""

import random
from collections import Counter

import pytest

from bot.errors import Refused
from bot.reply.tree_lines import elsewhere, taken_back
from bot.story.people import Person as Actor
from bot.story.tree.moved import Moved
from storage import trail
from tests.person_forms import Payload
from tests.stage import Stage

HERE = "fireside"
STEPS = 40


class Player:
    """Do random things to a story, through the bot's own services, and show them as the commands do."""

    def __init__(self, stage: Stage, actor: Actor, seed: int) -> None:
        self.stage = stage
        self.actor = actor
        self.rng = random.Random(seed)
        self.place = stage.place(HERE)
        self.written = 0
        self.names = ["main"]

    def words(self) -> str:
        """Return words that nobody wrote yet; some are too long for one message."""
        self.written += 1
        return f"Passage {self.written}." + " And on it went." * self.rng.choice([0, 0, 0, 150])

    async def told(self) -> list[trail.Told]:
        """Return what is read."""
        story = await self.stage.bot.services.shelf.find(self.place)
        assert story is not None
        return await trail.read(self.stage.database, story.branch_id)

    async def act(self) -> None:
        """Do one thing; what the rules refuse is fine."""
        often = [self.write, self.edit, self.take_back, self.turn, self.undo, self.redo]
        acts = [*often, *often, self.narrate, self.retake, self.branch]
        try:
            moved = await self.rng.choice(acts)()
        except Refused:
            return
        if moved is not None:
            before, now = moved.before.branch, moved.now.branch
            line = taken_back(self.actor) if before.id == now.id else elsewhere(before.name)
            await self.stage.bot.services.performance.show_move(moved, line)

    async def write(self) -> None:
        """Write on."""
        await self.stage.bot.services.performance.write(self.place, self.actor, self.words())

    async def narrate(self) -> None:
        """Let the narrator write."""
        await self.stage.bot.services.performance.go_on(self.place, self.actor)

    async def retake(self) -> None:
        """Let the narrator write another take of a passage of its own."""
        told = [one for one in await self.told() if one.passage.kind == "narrator"]
        if told:
            passage_id = self.rng.choice(told).passage.id
            await self.stage.bot.services.performance.retake(self.place, self.actor, passage_id=passage_id)

    async def any_passage(self) -> int:
        """Return a passage that is read."""
        told = await self.told()
        if not told:
            raise Refused(taken_back(self.actor))
        return self.rng.choice(told).passage.id

    async def edit(self) -> Moved:
        """Edit anywhere."""
        editor = self.stage.bot.services.editor
        return await editor.edit(self.place, self.actor, await self.any_passage(), self.words())

    async def take_back(self) -> Moved:
        """Take back anywhere."""
        editor = self.stage.bot.services.editor
        return await editor.take_back(self.place, self.actor, await self.any_passage())

    async def turn(self) -> Moved:
        """Turn to another take anywhere."""
        editor = self.stage.bot.services.editor
        return await editor.turn(self.place, self.actor, await self.any_passage(), step=1)

    async def undo(self) -> Moved:
        """Take back what was done last."""
        return await self.stage.bot.services.storyteller.undo(self.place, self.actor)

    async def redo(self) -> Moved:
        """Bring back what was taken back last."""
        return await self.stage.bot.services.storyteller.redo(self.place, self.actor)

    async def branch(self) -> Moved:
        """Open a branch, or switch."""
        name = self.rng.choice([*self.names, f"branch {len(self.names)}"])
        done = await self.stage.bot.services.forester.branch(self.place, self.actor, name)
        self.names += [name] if done.opened else []
        return done.moved


@pytest.mark.parametrize("seed", range(3))
async def test_the_channel_shows_what_is_read(stage: Stage, seed: int) -> None:
    """After every step of a random evening, restart in between: each passage that is read stands there once."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    player = Player(stage, Actor(int(mara.user["id"]), "Mara", moderator=True), seed)
    channel = int(mara.channel(HERE)["id"])
    for step in range(STEPS):
        if step == STEPS // 2:
            await stage.restart()
        await player.act()
        told = Counter(one.passage.text for one in await player.told())
        contents = [m["content"] for m in stage.playground.world.histories[channel].all()]
        for text in await everything(stage):
            # Long ones go over several messages, of which only the first has their first words.
            words = text if len(text) < 1000 else text.partition(".")[0] + "."
            assert (words, sum(words in content for content in contents)) == (words, told[text])
        carriers = [m["content"] for m in stage.playground.world.histories[channel].all() if carries(m)]
        newest = (await player.told())[-1:]
        assert len(carriers) == 1
        assert not newest or newest[0].passage.text in carriers[0] or "And on it went" in carriers[0]


async def everything(stage: Stage) -> list[str]:
    """Return all that was ever written."""
    return [row["text"] for row in await stage.database.fetch_all("SELECT text FROM passages")]


def carries(message: Payload) -> bool:
    """Tell whether a message has the buttons."""
    return "story:continue" in str(message["components"])
