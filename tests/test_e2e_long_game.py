"""Play one long story: three hundred passages, eight seats, every turn mode, restarts in between."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.clock import now
from bot.engine.request import Request
from bot.story.background import LOOK
from bot.story.languages import count_words
from bot.story.lore.archive import Archive
from bot.story.lore.knowledge import Knowledge
from bot.story.lore.search import LoreSearch
from bot.story.turns import keeping
from bot.story.turns.state import TurnState
from bot.story.wording import version
from storage import abilities, lore, recaps, stories, trail
from storage.stories import Story
from tests.person import Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, eventually, saying
from tests.vote_play import described, voting

HERE = "fireside"
NAMES = ("Mara", "Jun", "Ola", "Tomás", "小林", "Ines", "阿梅", "Ben")
LOCALES = {"小林": "zh-CN", "阿梅": "zh-CN"}
PASSAGES = 300
NARRATED = 10  # passages of people, behind which comes one of the narrator
STILL = 4  # looks, two for each of the background's, in which nothing changes any more
VOTES = 3
WOVEN = "everyone"
GAP = "\n\n"  # between what two people handed in
NOTES = "Mara: the lighthouse keeper\nVarn: came with a green parrot on his shoulder"
WORDS = re.compile(r"\*\*([A-J])\*\* · [^\n]*\n> ([^\n]*)")  # of an option on a vote's card
HANDED_IN = (  # round by round, in the order of NAMES
    (
        "Mara lit the last lamp and shaded it with both hands.",
        "A rope hung over the rail where the bell used to be.",
        "Somebody had painted the ladder green overnight.",
        "Under the pier the tide turned over white stones.",
        "小林在灯塔下面捡到一把生锈的钥匙。",
        "Captain Varn counted to forty before he dared to look.",
        "阿梅听见远处有人唱着一段船歌。",
        "Nobody believed the boy who saw the ship go down.",
    ),
    (
        "The keeper climbed back up with salt in her hair.",
        "Jun untied a knot that had held for eleven years.",
        "Ola asked the parrot for its name and got a curse.",
        "Bread was baked that night in every kitchen of the town.",
        "小林把信藏进了空酒瓶。",
        "Two gulls fought over a silver button on the roof.",
        "阿梅推开窗，看见海面上有三盏灯。",
        "Ben fell asleep in a boat that was not his.",
    ),
    (
        "Snow came early and lay on the nets like flour.",
        "The chapel door had a new lock, and no one had the key.",
        "Ola drew a map on the back of a bill of lading.",
        "Someone whistled in the fog, three notes, always the same.",
        "小林终于认出了那个人的声音。",
        "Ines sold her watch and bought a compass with it.",
        "阿梅把火柴一根一根数了一遍。",
        "The mayor sent for a diver, and the diver sent for rum.",
    ),
)
LINES = (
    "Mara, the lighthouse keeper, carried the bell down the cliff at hour {n}.",
    "Captain Varn came ashore with a green parrot on his shoulder, and it was hour {n}.",
    "The fog took the harbour before hour {n}, and nobody saw the ship leave.",
    "钟声在第{n}个时辰又响了一次，没有人去拉绳子。",
    "A door stood open at hour {n}, and the wind went in first.",
)


@dataclass
class Game:
    """Hold who plays, and what each wrote, in order."""

    stage: Stage
    people: dict[str, Person]
    told: list[tuple[str, str]] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)

    @property
    def host(self) -> Person:
        """Return who started the story."""
        return self.people["Mara"]

    def line(self) -> str:
        """Return words that nobody has written yet."""
        number = len(self.told)
        return LINES[number % len(LINES)].format(n=number)

    async def story(self) -> Story:
        """Return the story as it is kept."""
        story = await stories.newest_in(self.stage.database, self.stage.place(HERE).channel_id)
        assert story is not None
        return story

    async def turns(self) -> TurnState:
        """Return whose turn it is, and how turns go."""
        return (await keeping.read(self.stage.database, (await self.story()).id)).state

    async def switch(self, **rules: Any) -> None:
        """Let the host change how turns go."""
        await answered(await self.host.command("turn mode", channel=HERE, options=rules))

    async def write(self, name: str) -> None:
        """Let somebody write the next passage, and wait until the story has it."""
        text = self.line()
        await self.people[name].command("write", channel=HERE, options={"text": text})
        await self.until_told(name, text)

    async def until_told(self, name: str, text: str) -> None:
        """Wait until the story goes on with a text, which is somebody's or woven of what all handed in."""
        self.told.append((name, text))
        if name == WOVEN:
            self.words.update(dict(zip(NAMES, map(count_words, text.split(GAP)), strict=True)))
        else:
            self.words[name] += count_words(text)

        async def is_told() -> bool:
            return await self.length() == len(self.told)

        await eventually(is_told)

    async def narrate(self) -> None:
        """Let the narrator go on, and wait until it is done."""
        text = f"Far out, a light answered for the {len(self.told)}th time, slow and patient."
        self.stage.script.says(text)
        await self.host.command("continue", channel=HERE)
        await self.host.wait_for_message(saying(text, button="Continue"))
        await self.until_told("The narrator", text)

    async def length(self) -> int:
        """Return how many passages are read."""
        return len(await trail.leaves(self.stage.database, (await self.story()).branch_id))


async def in_mind(game: Game) -> dict[str, object]:
    """Return the story as it is read, and all that is derived from it: recaps, lore, what characters know."""
    story = await game.story()
    where = (game.stage.database, story.id, story.branch_id)
    entries = await lore.in_use(*where)
    search = LoreSearch(
        database=game.stage.database, archive=Archive(database=game.stage.database, encoder=None)
    )
    knowledge = Knowledge(database=game.stage.database, search=search)
    return {
        "told": await game.stage.told(),
        "recaps": [await recaps.in_use(*where, level) for level in recaps.LEVELS],
        "lore": entries,
        "knowledge": {one.title: await knowledge.of(story, one.entry_id) for one in entries},
        "turns": (await game.turns()).position,
    }


async def settled(game: Game) -> dict[str, object]:
    """Return what is in mind when nothing is left to be thought of in the background."""
    minds = [await in_mind(game)]
    while len(minds) < STILL or any(mind != minds[-1] for mind in minds[-STILL:]):
        await asyncio.sleep(LOOK / 2)
        minds.append(await in_mind(game))
    return minds[-1]


async def play_freely(game: Game, number: int) -> None:
    """Let everyone write as they like, and the narrator now and then."""
    for at in range(number):
        if at % NARRATED == NARRATED - 1:
            await game.narrate()
        else:
            await game.write(NAMES[at % len(NAMES)])


async def play_in_turn(game: Game, number: int) -> None:
    """Let whoever has the turn write."""
    for _ in range(number):
        holder = (await game.turns()).holder
        assert holder is not None
        await game.write(holder.name)


async def play_rounds(game: Game) -> None:
    """Let all eight hand in, round after round, and the narrator weave it."""
    for words in HANDED_IN:
        woven = GAP.join(words)
        game.stage.script.says(woven)
        for name, text in zip(NAMES, words, strict=True):
            await game.people[name].command("write", channel=HERE, options={"text": text})
        await game.until_told(WOVEN, woven)


async def play_votes(game: Game, number: int) -> None:
    """Let somebody propose, and all vote for that."""
    done: set[str] = set()
    for at in range(number):
        name, text = NAMES[at], game.line()
        opened = await game.host.wait_for_message(lambda m: voting(m) and m["id"] not in done)
        done.add(opened["id"])
        await game.people[name].command("write", channel=HERE, options={"text": text})
        card = await game.host.wait_for_message(partial(offers, text))
        letter = next(letter for letter, words in WORDS.findall(described(card)) if words == text)
        for person in game.people.values():
            await person.click(card, letter)
        await game.until_told(name, text)


@pytest.fixture
async def game(tmp_path: Path) -> AsyncIterator[Game]:
    """Seat eight people, at a story that reads facts."""
    async with Stage.open(tmp_path, settings={"memory": {"embeddings": False}}) as stage:
        stage.calls = True
        await able(stage)
        people = {name: await stage.seat(name, locale=LOCALES.get(name, "en-US")) for name in NAMES}
        game = Game(stage, people)
        await stage.begin(game.host)
        await game.switch(mode="robin", length="1d")
        for name in NAMES[1:]:
            await answered(await people[name].command("turn join", channel=HERE))
        yield game


async def able(stage: Stage) -> None:
    """Note that the scripted model can read for facts."""

    def aside(request: Request) -> str:
        return NOTES

    stage.script.aside = aside
    async with stage.database.transaction() as tx:
        for language in ("en", "zh"):
            await abilities.note(
                tx,
                model="scripted",
                skill=f"reads {language} {version('trial', language)}.{version('ask', language)}",
                able=True,
                created=now(),
            )


async def test_three_hundred_passages_by_eight_people(game: Game) -> None:
    """Every mode is played, over restarts; tree, credits and memory are right, and undo takes all back exactly."""
    await play_in_turn(game, 40)
    await game.stage.restart()
    await game.switch(mode="random")
    await play_in_turn(game, 48)
    await game.switch(mode="between", others=3)
    await game.stage.restart()
    await play_freely(game, 40)
    await game.switch(mode="round")
    await play_rounds(game)
    await game.stage.restart()
    await game.switch(mode="vote")
    await play_votes(game, VOTES)
    await game.switch(mode="blind")
    await play_in_turn(game, 40)
    await game.stage.restart()
    await game.host.command("turn reveal", channel=HERE)
    await game.switch(mode="free")
    await play_freely(game, PASSAGES - len(game.told))

    assert await game.stage.told() == [text for _, text in game.told]
    assert len(game.told) == PASSAGES
    await approve_all(game)
    before = await settled(game)
    assert before["lore"]
    assert all(before["recaps"][:2])  # type: ignore[index]  # the values are of many kinds
    await check_credits(game)
    await check_tree(game)
    await check_undo(game, before)


async def approve_all(game: Game) -> None:
    """Let the host approve all that the narrator proposes."""
    while (card := await answered(await game.host.command("lore proposals", channel=HERE)))["embeds"]:
        await game.host.click(card, "Approve")
        await game.host.wait_for_message(partial(is_approved, card["id"]))


def offers(text: str, message: Payload) -> bool:
    """Match the card of an open vote that has a choice."""
    return voting(message) and text in described(message)


def is_approved(card_id: str, message: Payload) -> bool:
    """Match the card of a proposal when it was approved."""
    return bool(message["id"] == card_id) and "is in the lore now" in str(message)


async def check_credits(game: Game) -> None:
    """Compare the credits with what was written, word by word."""
    _story, credits = await game.stage.bot.services.survey.credits(game.stage.place(HERE))
    counted = {credits.names.get(writer) or "The narrator": words for writer, words in credits.words.items()}
    assert counted == dict(game.words)
    # A woven passage counts for everyone who handed in, and for the narrator.
    assert sum(credits.passages.values()) == PASSAGES + len(HANDED_IN) * len(NAMES)


async def check_tree(game: Game) -> None:
    """Look at the picture of the tree, and at the branches that it names."""
    shown = await answered(await game.host.command("tree", channel=HERE))
    assert shown["attachments"][0]["filename"].endswith(".png")
    assert "main" in shown["content"]


async def check_undo(game: Game, before: dict[str, object]) -> None:
    """Go far back and forward again, by every way there is; what is in mind follows exactly."""
    ada = await game.stage.seat("Ada", roles=["moderator"])
    await ada.command("undo", channel=HERE, options={"to": "150"})
    await game.host.wait_for_message(saying("Ada rolled the story back by 150 passages"))
    back = await in_mind(game)
    assert back["told"] == [text for _, text in game.told[:150]]
    assert back["lore"] != before["lore"] or back["recaps"] != before["recaps"]
    await game.stage.restart()
    assert await in_mind(game) == back
    await ada.command("redo", channel=HERE, options={"all": True})
    await game.host.wait_for_message(saying("Ada brought 150 passages back"))
    assert await in_mind(game) == before
    await ada.command("branch", channel=HERE, options={"name": "another way"})
    await game.host.wait_for_message(saying("another way"))
    assert await in_mind(game) == before
    await ada.command("undo", channel=HERE, options={"to": "20"})
    await game.host.wait_for_message(saying("Ada rolled the story back by 280 passages"))
    await ada.command("branch", channel=HERE, options={"name": "main"})

    async def is_back() -> bool:
        return await game.length() == PASSAGES

    await eventually(is_back)
    assert await in_mind(game) == before
