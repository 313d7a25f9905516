"""What made a passage can be told: its exact prompt, the lore that fired and why, what had no room."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.request import Message
from bot.errors import Refused
from bot.reply.cards import why as why_card
from bot.story.lore.found import Reason
from bot.story.memory import why
from bot.story.memory.prompt import Part, Prompt, StoryFacts, build, messages_of, plan
from bot.story.memory.reminders import Item, LeftOut, Memory, Pinned
from bot.story.memory.why import Reasons
from bot.story.memory.window import PassageText
from bot.story.people import Place
from storage import branches, passages, prompts_used, trail
from storage.database import Database
from storage.passages import Passage
from storage.stories import Story
from tests.stored import CHANNEL, GUILD, by_narrator, story_of

PLACE = Place(GUILD, CHANNEL)
FACTS = StoryFacts("The Ferry", "A ferryman is paid in secrets.", "en", "teen", 80)


class Words:
    """Count words as tokens."""

    async def count_tokens(self, text: str) -> int:
        """Return how many there are."""
        return len(text.split())


def prompt_of(text: str, *, direction: str | None = None) -> Prompt:
    """Build a prompt over one passage, with lore of every kind."""
    bell = Item("fact", 7, "The bell", "The bell: It rings.", (Reason("key", "bell"), Reason("meaning")))
    lamp = Item("fact", 8, "Lamp", "Lamp: It burns blue. " * 120, (Reason("pinned"),))
    recap = Item("recap", 3, "scene 1-12", "Henrik rowed Ilse across.")
    planned = plan(
        FACTS,
        [PassageText(1, text, 0, 0)],
        budget=5_000,
        pinned=Pinned((lamp,), lively=True),
        direction=direction,
    )
    return build(planned, Memory(recaps=(recap,), triggered=(bell,)))


async def narrated(
    database: Database, story: Story, parent: int | None, prompt: Prompt, text: str = "It rang."
) -> Passage:
    """Let the narrator write a passage, and keep what made it."""
    async with database.transaction() as tx:
        passage = await passages.add(tx, by_narrator(story, parent, text))
        await branches.advance(tx, story.branch_id, passage.id)
        entry = "INSERT OR IGNORE INTO lore_entries (id, story_id, kind, created) VALUES (7, ?, 'fact', 1)"
        await tx.execute(entry, (story.id,))
        await why.keep(tx, passage, prompt)
    return passage


def digest(messages: tuple[Message, ...]) -> str:
    """Return the digest that a passage carries of these messages."""
    content = "\0".join(f"{message.role}\0{message.content}" for message in messages)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


@given(st.text(min_size=1, max_size=300).filter(lambda text: bool(text.strip())))
def test_parts_make_up_the_very_prompt(text: str) -> None:
    """Whatever is written, what is kept gives back each byte that the model read."""
    prompt = prompt_of(text.encode(errors="ignore").decode(), direction=text.encode(errors="ignore").decode())
    again = why.prompt_of(why.content_of(prompt))

    assert again == (prompt.parts, prompt.left_out)
    assert digest(prompt.messages) == prompt.digest


async def test_the_newest_passage_is_told_of_with_all_that_made_it(database: Database) -> None:
    """Parts with their tokens, reasons of lore, what was left out, and the messages themselves."""
    story, _branch, written = await story_of(database, "The bell hung still.")
    prompt = prompt_of("The bell hung still.", direction="a storm")
    passage = await narrated(database, story, written[-1].id, prompt)
    found = await Reasons(database=database, counter=Words()).why(PLACE, None)

    assert found.passage.id == passage.id
    assert found.number == 2
    assert found.messages == prompt.messages
    assert digest(found.messages) == prompt.digest
    assert {cost.part.name: cost.tokens for cost in found.parts} == {
        part.name: len(part.text.split()) for part in prompt.parts
    }
    fired = next(cost.part.items for cost in found.parts if cost.part.name == "triggered")
    assert [(reason.way, reason.detail) for reason in fired[0].reasons] == [("key", "bell"), ("meaning", "")]
    assert found.left_out == (LeftOut("fact", 8, "Lamp", "budget"),)


async def test_lore_that_came_up_rests_from_then_on(database: Database) -> None:
    """What was told for the moment is noted as used; what always stands there is not."""
    story, _branch, written = await story_of(database, "The bell hung still.")
    passage = await narrated(database, story, written[-1].id, prompt_of("x"))
    rows = await database.fetch_all("SELECT passage_id, entry_id FROM lore_uses")

    assert [tuple(row) for row in rows] == [(passage.id, 7)]


async def test_passages_are_named_by_number_and_people_wrote_their_own(database: Database) -> None:
    """A number counts what is read; nobody made a person's passage; what is not there is refused."""
    story, _branch, written = await story_of(database, "One.", "Two.")
    reasons = Reasons(database=database, counter=Words())
    with pytest.raises(Refused, match="written nothing here"):
        await reasons.why(PLACE, None)
    passage = await narrated(database, story, written[-1].id, prompt_of("x"))
    async with database.transaction() as tx:
        await trail.show(tx, story.branch_id, written[0].id, None)

    assert (await reasons.why(PLACE, "2")).passage.id == passage.id
    with pytest.raises(Refused, match="A person wrote"):
        await reasons.why(PLACE, "1")
    for nothing in ("9", "0", "what"):
        with pytest.raises(Refused):
            await reasons.why(PLACE, nothing)
    with pytest.raises(Refused, match="No story"):
        await reasons.why(Place(GUILD, 999), None)


async def test_the_newest_of_the_narrator_is_found_far_back(database: Database) -> None:
    """However much people wrote since."""
    story, _branch, written = await story_of(database, "One.")
    passage = await narrated(database, story, written[-1].id, prompt_of("x"))
    async with database.transaction() as tx:
        head = passage.id
        for number in range(60):
            new = passages.NewPassage(
                story_id=story.id, parent=head, kind="person", text=f"{number} " * 80, created=1
            )
            head = (await passages.add(tx, new)).id
        await branches.advance(tx, story.branch_id, head)

    assert (await Reasons(database=database, counter=Words()).why(PLACE, None)).passage.id == passage.id


async def test_only_the_newest_prompts_of_a_story_are_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long story does not grow by all it was ever told; of older passages the rest is still known."""
    monkeypatch.setattr(prompts_used, "KEPT", 3)
    story, _branch, written = await story_of(database, "One.")
    head, made = written[-1].id, []
    for _time in range(5):
        passage = await narrated(database, story, head, prompt_of("x"))
        head = passage.id
        made.append(passage.id)
    kept = [one for one in made if await prompts_used.get(database, one) is not None]
    found = await Reasons(database=database, counter=Words()).why(PLACE, "2")

    assert kept == made[-3:]
    assert found.parts == ()
    assert found.messages == ()
    assert found.passage.seed is not None


async def test_erased_words_leave_no_prompt(database: Database) -> None:
    """Prompts that may hold a person's words go with them; those from before stay."""
    story, _branch, _written = await story_of(database)
    first = await narrated(database, story, None, prompt_of("x"))
    async with database.transaction() as tx:
        own = await passages.add(
            tx,
            passages.NewPassage(
                story_id=story.id, parent=first.id, kind="person", text="My secret.", created=1
            ),
        )
    second = await narrated(database, story, own.id, prompt_of("My secret."))
    third = await narrated(database, story, second.id, prompt_of("y", direction="mine"))
    async with database.transaction() as tx:
        await tx.execute("UPDATE passages SET text = '' WHERE id = ?", (own.id,))
    kept = [await prompts_used.get(database, one.id) is not None for one in (first, second, third)]
    assert kept == [True, False, False]
    async with database.transaction() as tx:
        await tx.execute("UPDATE passages SET direction = NULL WHERE id = ?", (first.id,))
    assert await prompts_used.get(database, first.id) is None


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_the_fullest_card_fits_discord(database: Database, locale: str) -> None:
    """Parts full of long titles and reasons, a long direction, much left out: it is cut, not refused."""
    story, _branch, _written = await story_of(database)
    passage = await narrated(database, story, None, prompt_of("x"))
    fact = Item("fact", 7, "T" * 100, "x", (Reason("key", "k" * 60), Reason("mentioned", "m" * 60)))
    recap = Item("recap", 3, "chapter 1-60", "x")
    names = (
        "rules",
        "story",
        "pinned",
        "recaps",
        "settled",
        "passages",
        "triggered",
        "cast",
        "request",
        "direction",
    )
    parts = tuple(Part(name, "x", (recap if name == "recaps" else fact,) * 40) for name in names)  # type: ignore[arg-type]  # mypy reads strings
    found = why.Why(
        story,
        replace(passage, direction="d" * 500),
        None,
        tuple(why.Cost(part, 10_000) for part in parts),
        (LeftOut("fact", 7, "T" * 100, "cooldown"),) * 40,
        messages_of(parts),
    )
    card = why_card.why(found, locale)

    assert len(card) <= 6000
    assert all(len(field.value or "") <= 1024 for field in card.fields)
    assert len(card.description or "") <= 4096
    chapter = {"en-US": "Chapter, passages 1-60", "zh-CN": "章，第 1-60 段"}[locale]
    assert any(chapter in (field.value or "") for field in card.fields)
