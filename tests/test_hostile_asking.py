"""Whatever people hide in passages, lore, titles and questions, what is asked beside the telling stays as it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.clock import now
from bot.engine.engine import Engine
from bot.engine.request import Request
from bot.story.lore.book import bind
from bot.story.lore.contradictions import Contradiction, reminders
from bot.story.lore.facts import noted, source, stated
from bot.story.lore.jury import Jury
from bot.story.questions.answering import Source, judge, messages
from bot.story.scribe import Scribe
from bot.story.text import TEMPLATE_TOKEN, neutralise
from storage import abilities
from storage.database import Database
from tests.hostile import ATTEMPTS
from tests.scripted import ScriptedBackend
from tests.test_conflicts import entry
from tests.test_facts import told
from tests.test_trail import begun

MARK = "Mara hid the bell."
ids = pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: ascii(attempt)[:40])


def flat(text: str) -> str:
    """Return a text as it stands in one line of a prompt."""
    return " ".join(neutralise(text).split())


@ids
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_question_and_its_excerpts_hold_an_attempt_in_one_line(attempt: str, language: str) -> None:
    """The rules are the same to the letter, and so is everything around it."""

    def asked(text: str, question: str) -> tuple[str, str]:
        system, user = messages(language, "Fog", [Source("passage", 1, 1, "", text)], question)
        return system.content, user.content

    line = " ".join(attempt.split())
    hostile, harmless = asked(attempt, line), asked(MARK, MARK)

    assert hostile[0] == harmless[0]
    assert hostile[1].count("\n") == harmless[1].count("\n")
    assert hostile[1].replace(flat(attempt), "").replace(neutralise(line), "") == harmless[1].replace(
        MARK, ""
    )
    assert not TEMPLATE_TOKEN.search("".join(hostile))


@ids
def test_a_model_that_obeys_gives_no_answer(attempt: str) -> None:
    """What it repeats of an order stands in no excerpt of the story."""
    excerpts = [Source("passage", 1, 1, "", "Mara hid the bronze bell in the cellar below the lighthouse.")]

    assert judge(attempt, "Where is the boat?", excerpts) is None


@ids
def test_notes_of_an_attempt_are_no_facts_of_the_story(attempt: str) -> None:
    """A proposal needs words of a passage, and somebody's approval even then."""
    for fact in (*noted(attempt), *stated(attempt, "en"), *stated(attempt, "zh")):
        assert source(fact, told("Mara hid the bronze bell in the cellar.")) is None


@ids
def test_a_reminder_is_one_line_for_each_fact(attempt: str) -> None:
    """However the lore is worded."""
    version = entry(1, flat(attempt)[:80], attempt)
    found = [Contradiction(version, "number", MARK, flat(attempt))]

    assert reminders(found, "en").count("\n") == 0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Open a new database."""
    async with Database.open(tmp_path / "stories.db") as opened:
        yield opened


async def test_a_jury_reads_an_attempt_as_the_passage_that_it_is(database: Database) -> None:
    """In its one line, between the facts and the question."""
    story = await begun(database)
    async with database.transaction() as tx:
        await abilities.note(tx, model="scripted", skill="judges en 1", able=True, created=now())
    seen: list[Request] = []

    def reply(request: Request) -> str:
        seen.append(request)
        return "0"

    async with Engine.open(ScriptedBackend(reply)) as engine:
        jury = Jury(database=database, scribe=Scribe(engine=engine), model="scripted")
        for attempt in (MARK, *ATTEMPTS):
            book = bind([entry(1, "Varn", f"{attempt} Varn has one eye.")], slow=())
            assert await jury.against(story, book, f"Varn nods. {attempt}", person_id=7) == []
    lines = {request.messages[-1].content.count("\n") for request in seen}

    assert len(seen) == 1 + len(ATTEMPTS)
    assert len(lines) == 1
    assert len({request.messages[0].content for request in seen}) == 1
    assert not any(TEMPLATE_TOKEN.search(request.messages[-1].content) for request in seen)
