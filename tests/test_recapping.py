"""A recap is believed where its text bears it out, keeps names that must not get lost, and else is made of quotes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.engine import Engine
from bot.engine.request import ModelInfo, Request
from bot.story.ability import Ability
from bot.story.languages import count_words
from bot.story.memory.extract import extract
from bot.story.memory.recapping import ATTEMPTS, Names, Recapper, Retelling, fault_of, language_of
from bot.story.questions.excerpts import sentences
from bot.story.scribe import Scribe
from storage import boundaries, stories
from storage.database import Database
from storage.lore import Version
from storage.stories import Story
from tests.scripted import ScriptedBackend
from tests.stored import CHANNEL, story_of

PASSAGES = (
    "Henrik rowed Ilse across the black river before dawn, and she paid him with a secret: her father burned the mill.",
    "Halfway over, a bell rang under the water three times. It rings when somebody lies, said Henrik.",
    "Old Marten waited on the far bank with a lantern, and asked where the boy was.",
    "Ilse opened her hand, and in it lay a small wet shoe with the mark of the mill on its sole.",
)
GOOD = (
    "Henrik rowed Ilse across the river, and she told him that her father burned the mill. A bell rang under the water."
    " Marten asked where the boy was, and Ilse showed him a wet shoe with the mark of the mill."
)
CHINESE = (
    "天还没亮，亨利把伊尔莎摆渡过了黑河，她用一个秘密付账：她父亲烧了磨坊。",
    "船到河心，水底下响起三下钟声。亨利说有人说谎它就响。",
    "老马丁举着灯等在对岸，问男孩在哪里。伊尔莎摊开手，手里是一只湿透的小鞋。",
)
GOOD_CHINESE = (
    "亨利把伊尔莎摆渡过了黑河，她父亲烧了磨坊。水底下响起三下钟声。老马丁问男孩在哪里，伊尔莎手里是一只小鞋。"
)


class Able(Ability):
    """Be able to read."""

    def __init__(self, able: bool = True) -> None:
        self._able = able

    async def reads(self, story: Story, *, person_id: int | None) -> bool:
        """Tell so."""
        return self._able


def fact(title: str, *keys: str, about: int = 1) -> Version:
    """Describe a pinned character."""
    empty: dict[str, Any] = dict.fromkeys(Version.__dataclass_fields__, None)
    return Version(
        **empty
        | {
            "id": about,
            "entry_id": about,
            "kind": "character",
            "title": title,
            "keys": keys,
            "text": "",
            "voice": "",
        }
    )


async def retold(
    database: Database,
    reply: Callable[[Request], str] | list[str],
    texts: tuple[str, ...] = PASSAGES,
    *,
    facts: tuple[Version, ...] = (),
    languages: tuple[str, ...] | None = None,
    able: bool = True,
    context: int = 4096,
) -> tuple[Retelling, list[Request]]:
    """Let a scripted model retell texts; return what came of it, and what was asked."""
    story = await stories.newest_in(database, CHANNEL) or (await story_of(database))[0]
    backend = ScriptedBackend(reply, context=context)
    async with Engine.open(backend) as engine:
        model = ModelInfo("m", "M", "1", None, languages, context)
        recapper = Recapper(database=database, scribe=Scribe(engine=engine), ability=Able(able), model=model)
        return await recapper.retell(story, "scene", texts, facts=facts), backend.requests


async def test_what_the_text_bears_out_is_believed(database: Database) -> None:
    """A sound recap is taken as it is; it was asked for in the background, with the text in the prompt."""
    retelling, asked = await retold(database, [GOOD])

    assert retelling == Retelling(GOOD, own=True)
    assert asked[0].background
    assert all(passage in asked[0].messages[-1].content for passage in PASSAGES)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Gandalf rowed Frodo across the river, and he told him that his father burned the mill near Mordor.",
        "The story begins with a river and a bell. " + GOOD,
        "Yes.",
        "A merchant sold apples in the market and nobody wanted to buy any because winter had come early this year.",
        "Henrik rowed across the river. " * 12,
        "亨利把女孩摆渡过了黑河，她父亲烧了磨坊。",
    ],
    ids=["nothing", "other names", "talk", "too short", "other things", "in circles", "another script"],
)
async def test_nonsense_is_asked_anew_and_then_replaced_by_the_storys_own_words(
    database: Database, said: str
) -> None:
    """After some tries at other picks the recap is made of sentences of the passages, and says so."""
    retelling, asked = await retold(database, [said])

    assert len(asked) == ATTEMPTS
    assert len({request.sampling.seed for request in asked}) == ATTEMPTS
    assert asked[0].sampling.temperature < asked[-1].sampling.temperature
    assert not retelling.own
    assert set(sentences(retelling.text)) <= set(sentences("\n".join(PASSAGES)))
    again, _asked = await retold(database, [said, GOOD])
    assert again == Retelling(GOOD, own=True)


async def test_names_of_pinned_facts_are_never_lost(database: Database) -> None:
    """They are asked for by name; a recap without one is tried again, and then gets a sentence that has it."""
    without = GOOD.replace("Marten asked", "Somebody asked")
    facts = (fact("Old Marten", "Marten"), fact("Anna", about=2))
    retelling, asked = await retold(database, [without], facts=facts)

    assert "Old Marten" in asked[0].messages[-1].content
    assert "Anna" not in asked[0].messages[-1].content
    assert len(asked) == ATTEMPTS
    assert retelling.own
    assert retelling.text == f"{without} {PASSAGES[2]}"
    assert (await retold(database, [GOOD], facts=facts))[0].text == GOOD
    worse = without.replace("Henrik", "Then Henrik")
    assert (await retold(database, [without, worse, ""], facts=facts))[0].text == retelling.text
    quoted, _asked = await retold(database, [""], facts=facts)
    assert "Marten" in quoted.text


@pytest.mark.parametrize(("languages", "able"), [(("zh",), True), (None, False)])
async def test_a_model_that_cannot_read_is_not_asked(
    database: Database, languages: tuple[str, ...] | None, able: bool
) -> None:
    """One that does not know the language, or failed its trial, costs nothing; the passages are quoted."""
    retelling, asked = await retold(database, [GOOD], languages=languages, able=able)

    assert asked == []
    assert not retelling.own


async def test_passages_too_long_for_the_model_are_quoted(database: Database) -> None:
    """A context that cannot hold the text is no error."""
    retelling, _asked = await retold(database, [GOOD], context=120)

    assert not retelling.own
    assert retelling.text


async def test_chinese_and_mixed_texts_are_told_in_the_language_of_most(database: Database) -> None:
    """The prompt is in that language too."""
    chinese, asked = await retold(database, [GOOD_CHINESE], CHINESE, facts=(fact("老马丁"),))
    mixed, also = await retold(database, [GOOD], (*PASSAGES, CHINESE[0][:12]))

    assert chinese == Retelling(GOOD_CHINESE, own=True)
    assert "请用不超过" in asked[0].messages[-1].content
    assert mixed == Retelling(GOOD, own=True)
    assert "in at most" in also[0].messages[-1].content
    assert [language_of(text) for text in (CHINESE[0], PASSAGES[0])] == ["zh", "en"]


async def test_a_text_is_translated_only_by_a_model_that_knows_both(database: Database) -> None:
    """What is not in the wanted language is no translation."""
    story, _branch, _written = await story_of(database)

    async def said(reply: str, languages: tuple[str, ...] | None) -> str | None:
        async with Engine.open(ScriptedBackend([reply])) as engine:
            model = ModelInfo("m", "M", "1", None, languages, 4096)
            recapper = Recapper(database=database, scribe=Scribe(engine=engine), ability=Able(), model=model)
            return await recapper.translate(story, GOOD, language="zh", person_id=1)

    assert await said(GOOD_CHINESE, None) == GOOD_CHINESE
    assert await said(GOOD, None) is None
    assert await said(GOOD_CHINESE, ("en",)) is None


async def test_what_people_left_out_is_in_no_recap(database: Database) -> None:
    """Neither in the model's words nor in those of passages that were written before."""
    story, _branch, _written = await story_of(database)
    async with database.transaction() as tx:
        await boundaries.put(
            tx,
            guild_id=story.guild_id,
            channel_id=story.channel_id,
            kind="line",
            text="lantern",
            agreed=True,
            created=1,
        )
    quoted, _asked = await retold(database, [f"{GOOD} He held a lantern."])
    good, asked = await retold(database, [GOOD])

    assert not quoted.own
    assert "lantern" not in quoted.text
    assert good == Retelling(GOOD, own=True)
    assert "lantern" not in asked[0].messages[-1].content


def test_what_is_wrong_with_a_recap_is_named() -> None:
    """One word for each fault, none for a sound recap."""
    source = "\n".join(PASSAGES)

    assert fault_of(GOOD, source, 60) is None
    assert fault_of(GOOD_CHINESE, "".join(CHINESE), 100) is None
    assert fault_of(GOOD.replace("Marten", "old Gandalf"), source, 60) == "strange names"


@given(
    st.lists(st.text(alphabet="abc XY我们", max_size=60), max_size=30),
    st.integers(1, 80),
)
def test_an_extract_is_made_of_whole_sentences_in_their_order(parts: list[str], words: int) -> None:
    """Nothing is added, and no more than wanted taken, unless one sentence alone is longer."""
    text = "".join(f"{part}。" for part in parts)
    taken = sentences(extract(text, words=words)) if sentences(text) else []

    if all(count_words(part) <= words for part in sentences(text)):
        assert sum(map(count_words, taken)) <= words
        known = iter(sentences(text))
        assert all(part in known for part in taken)


def test_an_extract_has_a_sentence_for_each_need() -> None:
    """However little room there is, what is needed is there, once."""
    text = "\n".join(PASSAGES)
    names = Names([fact("Marten"), fact("Ilse", about=2)]).within(text)

    told = extract(
        text, words=5, needs=[lambda part: names.named(part, 1), lambda part: names.named(part, 2)]
    )
    assert names.missing_in(told) == []
    assert len(sentences(told)) == 2


def test_an_endless_sentence_is_cut() -> None:
    """A text without an end of a sentence does not come whole."""
    assert len(extract("word " * 500, words=40).split()) == 80
    assert len(extract("字" * 500, words=40)) == 81
