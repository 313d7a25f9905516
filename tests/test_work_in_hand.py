"""What a restart needs is kept until it is done: jobs, arrivals, what messages show, buttons, notices."""

import sqlite3

import pytest

from storage import actions, branches, controls, displays, inbox, narrations, notices, passages, stories
from storage.controls import Controls
from storage.database import Database, Transaction
from storage.displays import Display
from storage.inbox import Arrival, NewArrival
from storage.narrations import NewNarration
from storage.passages import NewPassage
from storage.stories import Story
from tests.stored import ALICE, BOB, CHANNEL, new_story, story_of


def _job(story: Story, parent: int | None = None) -> NewNarration:
    return NewNarration(
        story_id=story.id,
        kind="continue",
        parent=parent,
        asked_by=BOB,
        asker_name="Bob",
        locale="zh-CN",
        direction="暴风雨",
        seed=7,
        channel_id=CHANNEL,
        message_id=None,
        created=4_000,
    )


def _words(story: Story, text: str, *, author: int = BOB) -> NewArrival:
    return NewArrival(
        story_id=story.id,
        author_id=author,
        author_name="Bob",
        text=text,
        channel_id=CHANNEL,
        message_ids=(51, 2**63 - 1),
        own=False,
        created=4_000,
    )


async def _drain_and_fail(tx: Transaction, story: Story) -> None:
    await inbox.drain(tx, story.id)
    await branches.advance(tx, story.branch_id, 999)


async def _another_story(database: Database) -> Story:
    async with database.transaction() as tx:
        return await stories.create(tx, new_story(channel_id=CHANNEL + 1))


async def test_job_is_kept_until_it_is_removed(database: Database) -> None:
    """A restart finds who asked for what, and where it is shown."""
    story, _, (first,) = await story_of(database, "first")
    async with database.transaction() as tx:
        job = await narrations.add(tx, _job(story, first.id))
        await narrations.show_in(tx, job.id, 77)

    found = await narrations.of_story(database, story.id)

    assert (job.message_id, job.parent, job.direction) == (None, first.id, "暴风雨")
    assert found is not None
    assert (found.message_id, found.id) == (77, job.id)
    async with database.transaction() as tx:
        await narrations.remove(tx, job.id)
    assert await narrations.of_story(database, story.id) is None


async def test_story_has_one_job(database: Database) -> None:
    """The database itself refuses a second narrator in a story, and lists the others oldest first."""
    story, _, _ = await story_of(database)
    other = await _another_story(database)
    async with database.transaction() as tx:
        jobs = [await narrations.add(tx, _job(other)), await narrations.add(tx, _job(story))]

    with pytest.raises(sqlite3.IntegrityError):
        async with database.transaction() as tx:
            await narrations.add(tx, _job(story))
    assert await narrations.unfinished(database) == jobs


async def test_inbox_gives_words_back_in_order_and_once(database: Database) -> None:
    """Each story its own; what was drained is gone."""
    story, _, _ = await story_of(database)
    other = await _another_story(database)
    async with database.transaction() as tx:
        mine = [await inbox.add(tx, _words(story, text)) for text in ("one", "two")]
        theirs = await inbox.add(tx, _words(other, "else"))
        mine.append(await inbox.add(tx, _words(story, "three", author=ALICE)))

    assert await inbox.of_story(database, story.id) == mine
    assert mine[0].message_ids == [51, 2**63 - 1]
    async with database.transaction() as tx:
        assert await inbox.drain(tx, story.id) == mine
        assert await inbox.drain(tx, story.id) == []
    assert await inbox.of_story(database, other.id) == [theirs]


async def test_drained_words_stay_if_the_transaction_fails(database: Database) -> None:
    """Words leave the inbox only together with their becoming passages."""
    story, _, _ = await story_of(database)
    async with database.transaction() as tx:
        kept = await inbox.add(tx, _words(story, "kept"))

    with pytest.raises(sqlite3.IntegrityError):
        async with database.transaction() as tx:
            await _drain_and_fail(tx, story)

    assert await inbox.of_story(database, story.id) == [kept]


async def test_message_shows_what_it_was_told_last(database: Database) -> None:
    """A page of a take gives way to that of another in the same message; copies of a page coexist."""
    _, _, (one, two) = await story_of(database, "one", "two")
    async with database.transaction() as tx:
        await displays.show(
            tx, Display(message_id=72, passage_id=one.id, page=1, channel_id=CHANNEL, own=True)
        )
        await displays.show(
            tx, Display(message_id=73, passage_id=one.id, page=0, channel_id=CHANNEL, own=True)
        )
        await displays.show(
            tx, Display(message_id=71, passage_id=one.id, page=0, channel_id=CHANNEL, own=True)
        )

    assert [shown.message_id for shown in await displays.of_passage(database, one.id)] == [71, 73, 72]
    async with database.transaction() as tx:
        await displays.show(
            tx, Display(message_id=71, passage_id=two.id, page=0, channel_id=CHANNEL, own=True)
        )
        await displays.forget(tx, 73)
    assert await displays.by_message(database, 71) == Display(71, two.id, 0, CHANNEL, own=True)
    assert await displays.by_message(database, 73) is None
    assert [shown.message_id for shown in await displays.of_passage(database, one.id)] == [72]


async def test_buttons_stand_in_one_place(database: Database) -> None:
    """The last place counts, until the buttons are gone."""
    story, _, _ = await story_of(database)
    async with database.transaction() as tx:
        assert await controls.get(tx, story.id) is None
        await controls.place(tx, Controls(story.id, CHANNEL, 80))
        await controls.place(tx, Controls(story.id, CHANNEL, 81))

    assert await controls.get(database, story.id) == Controls(story.id, CHANNEL, 81)
    async with database.transaction() as tx:
        await controls.remove(tx, story.id)
    assert await controls.get(database, story.id) is None


async def test_notice_is_new_once_per_scope(database: Database) -> None:
    """The same thing may be said once in each place."""
    async with database.transaction() as tx:
        said = [
            await notices.first_time(tx, scope, name, created=1)
            for scope, name in (
                ("channel:1", "a"),
                ("channel:1", "a"),
                ("channel:2", "a"),
                ("channel:1", "b"),
            )
        ]

    assert said == [True, False, True, True]


async def test_log_of_actions_pages_backwards(database: Database) -> None:
    """Newest first, without gap, each story its own."""
    story, _, (first,) = await story_of(database, "first")
    other = await _another_story(database)
    async with database.transaction() as tx:
        for number in range(5):
            await actions.append(
                tx,
                story_id=story.id,
                kind="undo",
                created=number,
                actor_id=BOB,
                actor_name="Bob",
                passage_id=first.id,
                detail={"n": number},
            )
        await actions.append(tx, story_id=other.id, kind="end", created=9)

    page = await actions.of_story(database, story.id, limit=3)
    rest = await actions.of_story(database, story.id, limit=3, before=page[-1].id)
    (lone,) = await actions.of_story(database, other.id)

    assert [action.detail["n"] for action in (*page, *rest)] == [4, 3, 2, 1, 0]
    assert (page[0].actor_id, page[0].actor_name, page[0].passage_id) == (BOB, "Bob", first.id)
    assert (lone.actor_id, lone.passage_id, lone.detail) == (None, None, {})


@pytest.mark.parametrize("statement", ["UPDATE actions SET kind = 'other'", "DELETE FROM actions"])
async def test_log_of_actions_only_grows(database: Database, statement: str) -> None:
    """The database itself refuses to rewrite what happened."""
    story, _, _ = await story_of(database)
    async with database.transaction() as tx:
        await actions.append(tx, story_id=story.id, kind="start", created=1)

    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        async with database.transaction() as tx:
            await tx.execute(statement)


async def test_words_say_where_they_are_shown_until_they_join(database: Database) -> None:
    """While they wait their messages can be noted; afterwards the passage that they became is found."""
    story, _, _ = await story_of(database, "wait for me")
    async with database.transaction() as tx:
        first = await inbox.add(tx, _words(story, "mine"))
        second = await inbox.add(tx, _words(story, "mine too"))
        assert await inbox.show_in(tx, first.id, [61, 62])

    assert [(waiting.message_ids, waiting.own) for waiting in await inbox.of_story(database, story.id)] == [
        ([61, 62], False),
        ([51, 2**63 - 1], False),
    ]
    with pytest.raises(LookupError, match=f"arrival {first.id} "):
        await passages.joined_as(database, first)
    async with database.transaction() as tx:
        joined = [await passages.add(tx, _joining(arrival)) for arrival in await inbox.drain(tx, story.id)]
        assert not await inbox.show_in(tx, first.id, [63])
    assert [await passages.joined_as(database, arrival) for arrival in (first, second)] == [
        passage.id for passage in joined
    ]


def _joining(arrival: Arrival) -> NewPassage:
    return NewPassage(
        story_id=arrival.story_id,
        parent=None,
        kind="person",
        text=arrival.text,
        created=arrival.created,
        author_id=arrival.author_id,
        author_name=arrival.author_name,
    )
