"""The narrator proposes facts, and people decide about them: at once, twice, late, after a restart and an undo."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.clock import now
from bot.engine.request import Request
from bot.story.wording import version
from storage import abilities, lore, proposals, stories
from storage.stories import Story
from tests.person import Answer, Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, buttons, eventually, refused, saying

TALE = (
    "Mara, the lighthouse keeper, carried the bell down the cliff.",
    "Captain Varn came ashore with a green parrot on his shoulder.",
    "Tobin sat on the other side of the island and sang to his one-eyed dog Biscuit.",
    "The fog took the harbour before midnight, and nobody saw the ship leave.",
)
NOTES = "Mara: the lighthouse keeper\nVarn: came with a green parrot on his shoulder\nTobin: is the king of Vienna"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Open a stage whose model reads well and notes the same facts each time."""
    async with Stage.open(tmp_path, settings={"memory": {"embeddings": False}}) as stage:
        await able(stage)
        yield stage


async def able(stage: Stage, *, reads: bool = True) -> None:
    """Note that the scripted model passed its trial, or did not."""
    async with stage.database.transaction() as tx:
        for language in ("en", "zh"):
            skill = f"reads {language} {version('trial', language)}.{version('ask', language)}"
            await abilities.note(tx, model="scripted", skill=skill, able=reads, created=now())


async def told(stage: Stage, tale: Sequence[str] = TALE, notes: str = NOTES) -> tuple[Person, Story]:
    """Let Mara tell a tale, and the narrator read it for facts."""

    def aside(request: Request) -> str:
        return notes

    stage.script.aside = aside
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    for text in tale:
        await stage.write(mara, text)
    story = await stories.running_in(stage.database, stage.place("fireside").channel_id)
    assert story is not None
    while await stage.bot.services.proposals.due(story.id):
        pass
    return mara, story


async def waiting(stage: Stage, story: Story) -> list[tuple[str, str]]:
    """Return what waits to be decided."""
    found = await proposals.open_on(stage.database, story.id, story.branch_id)
    return [(one.title, one.text) for one in found]


async def entries(stage: Stage, story: Story) -> list[tuple[str, str]]:
    """Return the lore in use."""
    return [(v.title, v.text) for v in await lore.in_use(stage.database, story.id, story.branch_id)]


async def card(person: Person) -> Payload:
    """Let somebody open the first proposal."""
    return await answered(await person.command("lore proposals", channel="fireside"))


def foot(message: Payload) -> str:
    """Return which card it is, of how many."""
    return str(message["embeds"][0]["footer"]["text"])


def title(message: Payload) -> str:
    """Return what a card is about."""
    return str(message["embeds"][0]["title"])


async def until(person: Person, message: Payload, words: str) -> Payload:
    """Wait until a message says something."""
    return await person.wait_for_message(lambda m: m["id"] == message["id"] and words in str(m))


async def test_what_the_passages_bear_out_is_proposed(stage: Stage) -> None:
    """With the passage it came from; what is invented is not, and nothing is lore before somebody says so."""
    mara, story = await told(stage)

    assert await waiting(stage, story) == [
        ("Mara", "the lighthouse keeper"),
        ("Varn", "came with a green parrot on his shoulder"),
    ]
    assert await entries(stage, story) == []
    overview = await answered(await mara.command("story show", channel="fireside"))
    assert "2 facts: `/lore proposals`" in str(overview["embeds"])
    message = await card(mara)
    assert title(message) == "Mara"
    assert "passage 1" in str(message["embeds"][0]["fields"])
    assert buttons(message) == ["Approve", "Edit", "Refuse", "Later"]


async def test_what_people_agreed_to_leave_out_is_not_proposed(stage: Stage) -> None:
    """Though a passage that was written before says it."""
    mara, story = await told(stage, TALE[:3])
    ivo = await stage.seat("Ivo", roles=("moderator",))
    await answered(await ivo.command("boundaries", channel="fireside", options={"line": "parrot"}))
    await stage.write(mara, TALE[3])
    while await stage.bot.services.proposals.due(story.id):
        pass

    assert [title for title, _text in await waiting(stage, story)] == ["Mara"]


async def test_the_same_is_not_proposed_again(stage: Stage) -> None:
    """Neither what waits, nor what was refused; and too few new passages are not read at all."""
    mara, story = await told(stage)
    before = await waiting(stage, story)
    message = await card(mara)
    await mara.click(message, "Refuse")
    await until(mara, message, "not proposed again")
    assert not await stage.bot.services.proposals.due(story.id)
    for text in TALE:
        await stage.write(mara, text)
    assert await stage.bot.services.proposals.due(story.id)

    assert await waiting(stage, story) == before[1:]


async def test_approving_makes_lore_that_goes_and_comes_with_its_passage(stage: Stage) -> None:
    """Undo takes both back, redo brings both back, exactly."""
    mara, story = await told(stage)
    message = await card(mara)
    await mara.click(message, "Approve")
    await until(mara, message, "is in the lore now")
    before, left = await entries(stage, story), await waiting(stage, story)
    for _ in TALE:
        await answered_or_gone(await mara.command("undo", channel="fireside"))
    assert before == [("Mara", "the lighthouse keeper")]
    assert await entries(stage, story) == await waiting(stage, story) == []
    for _ in TALE:
        await answered_or_gone(await mara.command("redo", channel="fireside"))

    assert await entries(stage, story) == before
    assert await waiting(stage, story) == left


async def answered_or_gone(answer: Answer) -> None:
    """Wait until a command that leaves no answer behind is done."""
    await answer.person.wait_for(
        "MESSAGE_DELETE", lambda data: (m := _of(answer)) is None or data["id"] == m["id"]
    )


def _of(answer: Answer) -> Payload | None:
    try:
        return answer.message
    except LookupError:
        return None


async def test_two_people_at_once_make_one_entry(stage: Stage) -> None:
    """Whoever comes second is told who decided; so is a double click, and a late one after a restart."""
    mara, story = await told(stage)
    tobin = await stage.seat("Tobin")
    mine, theirs = await card(mara), await card(tobin)
    await asyncio.gather(
        mara.click(mine, "Approve"), tobin.click(theirs, "Approve"), mara.click(mine, "Approve")
    )
    await eventually(lambda: is_lore(stage, story))
    await stage.restart()
    late = await tobin.click(theirs, "proposal:refuse:1")

    await refused(late, "decided this one already")
    assert await entries(stage, story) == [("Mara", "the lighthouse keeper")]


async def is_lore(stage: Stage, story: Story) -> bool:
    """Tell whether something was approved."""
    return bool(await entries(stage, story))


async def test_a_proposal_can_be_put_in_other_words(stage: Stage) -> None:
    """In a window, which may be sent after a restart."""
    mara, story = await told(stage)
    window = (await mara.click(await card(mara), "Edit")).modal
    assert window is not None
    await stage.restart()
    sent = await mara.submit_modal(window, {"text": "Mara keeps the lighthouse, as her mother did."})
    message = await answered(sent)

    assert "is in the lore now" in message["content"]
    assert await entries(stage, story) == [("Mara", "Mara keeps the lighthouse, as her mother did.")]


async def test_a_second_fact_about_the_same_is_added_to_its_entry(stage: Stage) -> None:
    """The entry keeps what it said; after an undo it says only that again."""
    mara, story = await told(stage, notes="Varn: came with a green parrot on his shoulder")
    lore_entry = {"title": "Varn", "text": "Varn is a captain."}
    await answered(await mara.command("lore add", channel="fireside", options=lore_entry))
    message = await card(mara)
    assert "added to the entry" in str(message)
    await mara.click(message, "Approve")
    await until(mara, message, "is in the lore now")

    assert await entries(stage, story) == [
        ("Varn", "Varn is a captain. came with a green parrot on his shoulder")
    ]


async def test_what_was_taken_back_cannot_be_approved(stage: Stage) -> None:
    """The card is still there, the passage is not."""
    mara, story = await told(stage, tale=TALE[::-1])
    message = await card(mara)
    assert title(message) == "Mara"
    await mara.command("undo", channel="fireside")
    gone = await mara.click(message, "Approve")

    await refused(gone, "taken back or changed")
    assert await entries(stage, story) == []


async def test_later_goes_round(stage: Stage) -> None:
    """Nothing is decided by it."""
    mara, story = await told(stage)
    message = await card(mara)
    seen = [(title(message), foot(message))]
    for wanted in ("Varn", "Mara"):
        await mara.click(mara.current(message), "Later")
        message = await until(mara, message, f"'title': '{wanted}'")
        seen.append((title(message), foot(message)))

    assert seen == [("Mara", "1 of 2"), ("Varn", "2 of 2"), ("Mara", "1 of 2")]
    assert len(await waiting(stage, story)) == 2


async def test_a_model_that_cannot_read_proposes_only_what_the_text_says_itself(stage: Stage) -> None:
    """In so many words."""
    await able(stage, reads=False)
    _mara, story = await told(stage, notes="Varn: is a dragon\nMara: is a queen")

    assert await waiting(stage, story) == [("Mara", "Mara is the lighthouse keeper.")]
    assert [request for request in stage.backend.requests if request.background] == []


async def test_notes_in_another_form_are_put_in_order_first(stage: Stage) -> None:
    """Plain text first, then a short structured form."""

    def aside(request: Request) -> str:
        if request.sampling.json_schema:
            return '{"facts": [{"name": "Mara", "fact": "the lighthouse keeper"}]}'
        return "Well, Mara is of course the lighthouse keeper, and that should stay so for all of the tale to come."

    mara, story = await told(stage, notes="")
    stage.script.aside = aside
    for text in TALE:
        await stage.write(mara, text)
    await stage.bot.services.proposals.due(story.id)

    assert await waiting(stage, story) == [("Mara", "the lighthouse keeper")]


async def test_an_open_window_with_nothing_in_it_says_how_it_works(stage: Stage) -> None:
    """Where nothing is proposed."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)

    assert "Nothing is proposed" in (await card(mara))["content"]


async def test_chinese_facts_are_proposed_from_chinese_passages(stage: Stage) -> None:
    """Noted with a full-width colon."""
    stage.script.aside = lambda request: (
        "- 阿青：守灯人\n- 瓦恩船长：肩上停着绿鹦鹉\n- 国王：住在金色的宫殿里"
    )
    qing = await stage.seat("阿青", locale="zh-CN")
    await qing.command("story start", channel="fireside", options={"title": "雾", "language": "zh"})
    await qing.wait_for_message(lambda m: "继续" in buttons(m))
    for text in (
        "守灯人阿青把铜钟抬下了悬崖。",
        "瓦恩船长的肩上停着一只绿鹦鹉。",
        "雾来了。",
        "谁也没看见那艘船。",
    ):
        await qing.command("write", channel="fireside", options={"text": text})
        await qing.wait_for_message(saying(text, button="继续"))
    story = await stories.running_in(stage.database, stage.place("fireside").channel_id)
    assert story is not None
    while await stage.bot.services.proposals.due(story.id):
        pass

    async def proposed() -> bool:
        return bool(await waiting(stage, story))

    await eventually(proposed)
    assert await waiting(stage, story) == [("阿青", "守灯人"), ("瓦恩船长", "肩上停着绿鹦鹉")]
    message = await card(qing)
    assert buttons(message) == ["采纳", "修改", "不采纳", "以后再说"]
