"""Prove what a twist must be, what it is made of, and what the model is asked, in both languages."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llguidance import LLMatcher, grammar_from

from bot.engine.engine import Engine
from bot.engine.request import Request
from bot.story.scribe import Scribe
from bot.story.text import TEMPLATE_TOKEN
from bot.story.votes.devices import DEVICES, SIZES
from bot.story.votes.material import Material, gather, open_threads, people_in
from bot.story.votes.twist_flaws import TwistFlaw, alike, flaw_of_twist
from bot.story.votes.twists import TRIES, Twists, grammar_of
from bot.story.wording import sections
from storage import boundaries, branches, lore, stories
from storage.database import Database
from storage.lore import NewVersion
from storage.stories import Language, Story
from tests.hostile import ATTEMPTS
from tests.scripted import ScriptedBackend
from tests.stored import by_person, new_story, write

ENGLISH = (
    "Old Tom climbed the stairs with the lamp. The storm was close.",
    'Mara waited at the door. "Who lit it last night?" she asked. Tom did not answer Mara.',
    "A bell rang below the cliff; nobody had touched its rope for eleven years. Mara counted the ships.",
)
CHINESE = (
    "老汤姆提着灯走上灯塔。玛拉在门口等着，大衣下藏着账本。",
    "“昨晚是谁点的灯？”她问。汤姆没有回答，玛拉看着汤姆。",
)
MATERIAL = Material(ENGLISH, ("Tom", "Mara"), open_threads("\n".join(ENGLISH)))


def flaw(
    text: str, *, opening: str = "", language: str = "en", before: tuple[str, ...] = ()
) -> TwistFlaw | None:
    """Weigh a twist of the lighthouse."""
    material = MATERIAL if language == "en" else Material(CHINESE, ("汤姆", "玛拉"))
    return flaw_of_twist(text, opening=opening, language=language, material=material, before=before)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It comes out that Mara has secretly sold the lamp to a stranger.", None),
        ("Mara", TwistFlaw.SHAPE),
        ("It comes out that Mara has secretly sold the lamp and.", TwistFlaw.SHAPE),
        ("It comes out that Mara has", TwistFlaw.SHAPE),
        ("Mara finds 108672345 lamps and never tells anyone of it.", TwistFlaw.NONSENSE),
        ("Mara the Mara the Mara the Mara the Mara the Mara the lamp.", TwistFlaw.NONSENSE),
        ("玛拉把备用的灯埋在了码头下面，谁也不知道。", TwistFlaw.NONSENSE),
        ("The story takes a turn when Mara meets another lamp.", TwistFlaw.TALK),
        ("Tom can save only one, and the choice is yours to make.", TwistFlaw.TALK),
        ("A dragon eats all seven kings of the southern desert.", TwistFlaw.STRANGE),
        ("A bell rang below the cliff; nobody had touched its rope for eleven years.", TwistFlaw.ALIKE),
    ],
)
def test_nonsense_is_told_from_a_twist(text: str, found: TwistFlaw | None) -> None:
    """Each kind of nonsense that the smallest model wrote is found; a plain twist is not."""
    assert flaw(text) is found


def test_chinese_twists_are_weighed_by_their_own_script() -> None:
    """A sentence in Chinese is whole and long enough by its characters."""
    assert (
        flaw("原来玛拉一直瞒着大家，把灯埋在码头下面。", opening="原来玛拉一直瞒着大家，", language="zh")
        is None
    )
    assert flaw("原来玛拉。", language="zh") is TwistFlaw.SHAPE
    assert flaw("It comes out that Mara sold the lamp.", language="zh") is TwistFlaw.NONSENSE
    assert flaw("原来这个故事的作者就是玛拉自己。", language="zh") is TwistFlaw.TALK


def test_a_twist_that_was_offered_before_is_not_offered_again() -> None:
    """Also not with a few other words."""
    before = ("It comes out that Mara has secretly sold the lamp to a stranger.",)
    assert flaw("It comes out that Mara secretly sold a stranger the lamp.", before=before) is TwistFlaw.ALIKE
    assert flaw("To go on, Tom must give up the only boat.", before=before) is None


@given(st.text(max_size=80), st.text(max_size=80))
def test_likeness_is_a_share(one: str, other: str) -> None:
    """It lies between nothing and all, and a text is like itself where it says something."""
    assert 0.0 <= alike(one, other) <= 1.0
    assert alike(one, one) in (0.0, 1.0)


@given(st.text(max_size=300))
def test_whatever_the_model_says_is_weighed_without_failing(said: str) -> None:
    """No answer breaks the weighing; what passes is one short sentence about the story."""
    if flaw(said) is None:
        assert "\n" not in said.strip()
        assert any(name in said for name in MATERIAL.people) or alike(said, " ".join(ENGLISH)) > 0


def test_the_storys_own_people_are_found() -> None:
    """Names that act, in both languages; places and first words are no people."""
    places = " They sailed to London in fog. In Paris it rained."
    assert set(people_in("\n".join(ENGLISH) + places, "en")) == {"Mara", "Tom"}
    assert set(people_in("\n".join(CHINESE), "zh")) == {"汤姆", "玛拉"}


def test_open_threads_are_what_nobody_has_answered() -> None:
    """The newest first, without their quotation marks."""
    assert open_threads("\n".join(ENGLISH)) == (
        "A bell rang below the cliff; nobody had touched its rope for eleven years.",
        "Who lit it last night?",
    )
    assert open_threads("\n".join(CHINESE)) == ("昨晚是谁点的灯？",)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_device_has_its_words_in_every_language(language: Language) -> None:
    """A hint, and ways to begin with somebody's name and without; sizes too."""
    words = sections("twist", language)
    for device in DEVICES:
        hint, *openings = words[device].splitlines()
        assert hint
        assert "{" not in hint
        assert any("{name}" in one for one in openings), device
        assert any("{name}" not in one for one in openings), device
    assert all(words[size] for size in SIZES)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_grammar_of_each_device_is_one_that_backends_take(language: Language) -> None:
    """For every way to begin, whoever is named."""
    for device in DEVICES:
        for opening in sections("twist", language)[device].splitlines()[1:]:
            grammar = grammar_of(opening.format(name="Ma'ra-Lou 玛拉"), language)
            assert LLMatcher.validate_grammar(grammar_from("gbnf", grammar)) == ""


async def told(database: Database, language: Language, texts: tuple[str, ...], channel_id: int) -> Story:
    """Write a story."""
    async with database.transaction() as tx:
        story = await stories.create(tx, replace(new_story(channel_id=channel_id), language=language))
        branch = await branches.get(tx, story.branch_id)
        for text in texts:
            branch, _passage = await write(tx, branch, by_person(story, branch.head, text))
    return story


def obedient(request: Request) -> str:
    """Go on as the grammar wants, differently for every device."""
    opening = request.sampling.grammar.split('"')[1]
    number = obedient.__dict__["n"] = obedient.__dict__.get("n", 0) + 1
    more = ["the harbour bell", "a drowned letter", "somebody's burned boat", "an unlit tower"][number % 4]
    zh = ["港口的钟声停了下来", "一封泡过水的旧信件", "被烧掉的那一条木船", "从来没有亮过的高塔"][number % 4]
    return f"{opening}{zh}。" if opening[0] >= "\u3400" else f"{opening} {more} near the cliff and the lamp."


@pytest.mark.parametrize(("language", "texts"), [("en", ENGLISH), ("zh", CHINESE)])
async def test_the_model_is_asked_about_the_storys_people_by_three_devices(
    database: Database, language: Language, texts: tuple[str, ...]
) -> None:
    """One of each size, by three devices; the story stands as the model's own words, the opening in the grammar."""
    story = await told(database, language, texts, 31)
    backend = ScriptedBackend(obedient)
    async with Engine.open(backend) as engine:
        twists = Twists(database=database, scribe=Scribe(engine=engine), encoder=None)
        found = await twists.invent(story, person_id=7)
    assert [twist.size for twist in found] == ["minor", "major", "curveball"]
    assert len({twist.device for twist in found}) == 3
    for request in backend.requests:
        system, _start, answer, ask = request.messages
        assert (system.role, answer.role, ask.role) == ("system", "assistant", "user")
        assert answer.content == "\n\n".join(texts)
        assert request.sampling.grammar.startswith('root ::= "')
        assert request.user_id == 7


async def test_nonsense_is_tried_again_and_then_given_up(database: Database) -> None:
    """Each size gets its tries, at changed sampling, and no more."""
    story = await told(database, "en", ENGLISH, 31)
    backend = ScriptedBackend(["As an AI, I cannot."])
    async with Engine.open(backend) as engine:
        twists = Twists(database=database, scribe=Scribe(engine=engine), encoder=None)
        assert await twists.invent(story, person_id=7) == []
    assert len(backend.requests) == 3 * TRIES
    assert len({request.sampling.seed for request in backend.requests}) == 3 * TRIES
    assert len({request.sampling.temperature for request in backend.requests}) == TRIES


async def test_nobody_speaks_to_the_model_from_inside_a_story(database: Database) -> None:
    """Whatever is tried in a title, a premise, lore or a passage stays text of that story; no token, no order."""
    backend = ScriptedBackend(obedient)
    async with Engine.open(backend) as engine:
        twists = Twists(database=database, scribe=Scribe(engine=engine), encoder=None)
        for number, attempt in enumerate(ATTEMPTS):
            async with database.transaction() as tx:
                new = replace(new_story(channel_id=100 + number), title=attempt, premise=attempt)
                story = await stories.create(tx, new)
                branch = await branches.get(tx, story.branch_id)
                await write(tx, branch, by_person(story, None, f"Mara told Tom. {attempt}"))
                lines = NewVersion(
                    title=attempt, text=attempt, title_digest="", text_digest="", pinned=True, created=1
                )
                await lore.add(tx, story.id, "character", lines)
            await twists.invent(story, person_id=7)
    for request in backend.requests:
        assert [message.role for message in request.messages] == ["system", "user", "assistant", "user"]
        assert not any(TEMPLATE_TOKEN.search(message.content) for message in request.messages)
        assert LLMatcher.validate_grammar(grammar_from("gbnf", request.sampling.grammar)) == ""


async def test_a_twist_keeps_to_what_is_pinned_and_to_the_boundaries(database: Database) -> None:
    """What goes against pinned lore, or over a line of the place, is never offered."""
    story = await told(database, "en", ENGLISH, 31)
    async with database.transaction() as tx:
        fact = NewVersion(
            title="Mara",
            text="Mara has green eyes.",
            title_digest="",
            text_digest="",
            pinned=True,
            created=1,
        )
        await lore.add(tx, story.id, "character", fact)
        await boundaries.put(
            tx,
            guild_id=story.guild_id,
            channel_id=story.channel_id,
            kind="line",
            text="spiders",
            agreed=True,
            created=1,
        )
    material = await gather(database, story)
    assert material.facts

    def weighed(text: str) -> TwistFlaw | None:
        return flaw_of_twist(text, opening="", language="en", material=material, before=())

    assert weighed("At dawn Tom sees that Mara has blue eyes and a lamp.") is TwistFlaw.AGAINST
    assert weighed("At dawn Tom sees that Mara keeps spiders under the lamp.") is TwistFlaw.CROSSING
    assert weighed("At dawn Tom sees that Mara has hidden the lamp away.") is None
