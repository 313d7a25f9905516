"""What a place leaves out holds in its threads, stays private, and never reaches another place."""

import pytest

from bot.errors import Refused
from bot.story.boundaries.agreement import Boundaries, Bounds, bounds_of, require_rating, require_within
from bot.story.people import Person, Place
from storage import boundaries, stories
from storage.boundaries import Kind
from storage.database import Database
from storage.stories import Rating, Story
from tests.stored import ALICE, BOB, CHANNEL, GUILD, new_story

HERE = Place(GUILD, CHANNEL)
THREAD = Place(GUILD, 77, CHANNEL)
ELSEWHERE = Place(GUILD, 88)
DIRECT = Place(0, 99)
MO = Person(ALICE, "Mo", moderator=True)
BEN = Person(BOB, "Ben")


@pytest.fixture
def keeper(database: Database) -> Boundaries:
    """Keep boundaries in a real database."""
    return Boundaries(database=database)


async def draw(
    keeper: Boundaries,
    place: Place,
    text: str,
    *,
    kind: Kind = "line",
    person: Person = MO,
    whole: bool = False,
) -> int:
    """Draw a boundary and return its id."""
    return (await keeper.draw(place, person, kind=kind, text=text, whole_server=whole, serves=whole)).id


async def story_in(database: Database, place: Place, rating: Rating = "teen") -> Story:
    """Start a story in a place."""
    async with database.transaction() as tx:
        story = await stories.create(tx, new_story(guild_id=place.guild_id, channel_id=place.channel_id))
        if place.parent_id:
            await boundaries.note_thread(tx, place.channel_id, place.parent_id)
        await tx.execute("UPDATE stories SET rating = ? WHERE id = ?", (rating, story.id))
        return await stories.get(tx, story.id)


async def test_a_thread_inherits_from_its_channel_and_its_server(
    database: Database, keeper: Boundaries
) -> None:
    """Lines and veils of all three add up; another channel has the server's alone."""
    await draw(keeper, HERE, "spiders")
    await draw(keeper, HERE, "needles", kind="veil", whole=True)
    await draw(keeper, THREAD, "deep water")
    inside, beside = await story_in(database, THREAD), await story_in(database, ELSEWHERE)

    assert await bounds_of(database, inside) == Bounds("teen", ("spiders", "deep water"), ("needles",))
    assert await bounds_of(database, beside) == Bounds("teen", (), ("needles",))


async def test_direct_messages_share_nothing(database: Database, keeper: Boundaries) -> None:
    """They have no server: what one person draws there is no other person's."""
    await draw(keeper, DIRECT, "spiders", whole=True)
    own, other = await story_in(database, DIRECT), await story_in(database, Place(0, 100))

    assert (await bounds_of(database, own)).lines == ("spiders",)
    assert (await bounds_of(database, other)).lines == ()


@pytest.mark.parametrize(
    ("own", "channel", "server", "told"),
    [
        ("mature", None, None, "mature"),
        ("mature", "teen", None, "teen"),
        ("mature", None, "everyone", "everyone"),
        ("mature", "teen", "everyone", "teen"),
        ("everyone", "mature", "teen", "everyone"),
    ],
)
async def test_the_nearest_rating_is_the_most_there_is(
    database: Database,
    keeper: Boundaries,
    own: Rating,
    channel: Rating | None,
    server: Rating | None,
    told: str,
) -> None:
    """A story is never told more strongly than its place allows, nor than it wants itself."""
    await keeper.rate(HERE, MO, channel, whole_server=False)
    await keeper.rate(HERE, MO, server, whole_server=True, serves=True)
    story = await story_in(database, HERE, own)

    assert (await bounds_of(database, story)).rating == told


async def test_a_story_is_not_started_stronger_than_its_place(database: Database, keeper: Boundaries) -> None:
    """Also in a thread of which nothing was known yet."""
    await keeper.rate(HERE, MO, "teen", whole_server=False)

    for place in (HERE, THREAD):
        with pytest.raises(Refused, match="milder than that"):
            await require_rating(database, place, "mature")
        await require_rating(database, place, "everyone")


async def test_words_that_cross_a_line_come_back_unnamed(database: Database, keeper: Boundaries) -> None:
    """The refusal names neither the word nor the line, and carries every word that was typed."""
    await draw(keeper, HERE, "spiders, 蜘蛛")
    story = await story_in(database, HERE)

    for words in ("A Sp1der sat on the lamp.", "灯上有一只蜘 蛛。"):
        with pytest.raises(Refused) as refused:
            await require_within(database, story, words)
        assert refused.value.words == words
        for locale in ("en", "zh-CN"):
            said = refused.value.text.render(locale).casefold()
            assert not any(word in said for word in ("spider", "蜘蛛"))
    await require_within(database, story, "The lamp went out.")


async def test_a_veil_is_told_not_refused(database: Database, keeper: Boundaries) -> None:
    """What may happen off-stage may be named."""
    await draw(keeper, HERE, "needles", kind="veil")
    story = await story_in(database, HERE)

    await require_within(database, story, "He took out the needles.")


async def test_everybody_may_propose_and_nobody_is_named(database: Database, keeper: Boundaries) -> None:
    """A proposal holds only once a moderator agrees; no column anywhere tells whose it was."""
    proposed = await draw(keeper, HERE, "snakes", person=BEN)
    story = await story_in(database, HERE)

    assert (await bounds_of(database, story)).lines == ()
    assert (await keeper.show(HERE, BEN)).proposed == ()
    assert [b.text for b in (await keeper.show(HERE, MO)).proposed] == ["snakes"]
    rows = await database.fetch_all("SELECT * FROM boundaries")
    assert not any(value in (BOB, "Ben") for row in rows for value in tuple(row))
    with pytest.raises(Refused, match="Moderators decide"):
        await keeper.decide(HERE, BEN, proposed, agreed=True)
    await keeper.decide(HERE, MO, proposed, agreed=True)
    assert (await bounds_of(database, story)).lines == ("snakes",)
    with pytest.raises(Refused, match="decided about this already"):
        await keeper.decide(HERE, MO, proposed, agreed=False)


async def test_a_proposal_is_turned_down_for_good(database: Database, keeper: Boundaries) -> None:
    """Two moderators at once: the first decides, the second is told."""
    proposed = await draw(keeper, HERE, "snakes", person=BEN)
    await keeper.decide(HERE, MO, proposed, agreed=False)

    assert (await keeper.show(HERE, MO)).all == ()
    with pytest.raises(Refused, match="decided about this already"):
        await keeper.decide(HERE, MO, proposed, agreed=True)


async def test_proposals_are_decided_where_they_were_made(database: Database, keeper: Boundaries) -> None:
    """A moderator of one channel, or of another server, has no say about another's."""
    proposed = await draw(keeper, HERE, "snakes", person=BEN)

    for place in (ELSEWHERE, Place(GUILD + 1, CHANNEL)):
        with pytest.raises(Refused, match="decided about this already"):
            await keeper.decide(place, MO, proposed, agreed=True)


async def test_the_whole_server_is_for_those_who_manage_it(database: Database, keeper: Boundaries) -> None:
    """A moderator of a channel proposes there, and can neither decide, remove nor rate for all."""
    drawn = await keeper.draw(HERE, MO, kind="line", text="snakes", whole_server=True)

    assert not drawn.agreed
    for attempt in (
        keeper.decide(HERE, MO, drawn.id, agreed=True),
        keeper.remove(HERE, MO, "snakes"),
        keeper.rate(HERE, MO, "everyone", whole_server=True),
    ):
        with pytest.raises(Refused, match="those who manage it"):
            await attempt
    await keeper.decide(HERE, MO, drawn.id, agreed=True, serves=True)
    assert [b.agreed for b in (await keeper.show(ELSEWHERE, MO)).all] == [True]


async def test_a_proposal_cannot_weaken_what_was_agreed(database: Database, keeper: Boundaries) -> None:
    """The same words proposed as a veil leave a line a line; a moderator may change it."""
    await draw(keeper, HERE, "snakes")
    await draw(keeper, HERE, "snakes", kind="veil", person=BEN)
    assert [(b.kind, b.agreed) for b in (await keeper.show(HERE, MO)).all] == [("line", True)]
    await draw(keeper, HERE, "snakes", kind="veil")
    assert [(b.kind, b.agreed) for b in (await keeper.show(HERE, MO)).all] == [("veil", True)]


async def test_what_was_agreed_can_be_taken_away(database: Database, keeper: Boundaries) -> None:
    """By the words, however they are written; only by moderators, and only once."""
    await draw(keeper, HERE, "Spiders")

    with pytest.raises(Refused, match="Moderators decide"):
        await keeper.remove(HERE, BEN, "spiders")
    await keeper.remove(HERE, MO, " SPIDERS ")
    with pytest.raises(Refused, match="Nothing like that"):
        await keeper.remove(HERE, MO, "spiders")
    assert (await keeper.show(HERE, MO)).all == ()


@pytest.mark.parametrize("text", ["...", "123", ", ;", "🕷️"])
async def test_a_line_without_words_is_refused(keeper: Boundaries, text: str) -> None:
    """What can be found nowhere, or everywhere, is no boundary."""
    with pytest.raises(Refused, match="Name it in a word or a few"):
        await draw(keeper, HERE, text)


async def test_proposals_cannot_bury_a_place(keeper: Boundaries) -> None:
    """Some wait; more are refused with another way, and moderators can still draw lines."""
    for number in range(10):
        await draw(keeper, HERE, f"thing {'abcdefghij'[number]}", person=BEN)
    with pytest.raises(Refused, match="Many proposals wait"):
        await draw(keeper, HERE, "one more", person=BEN)
    await draw(keeper, HERE, "one more")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("They kissed in the rain, and there was blood on his sleeve.", ("everyone", "teen", "mature")),
        ("He said a rude word, damn it.", ("everyone", "teen", "mature")),
        ("“Fuck,” she said.", ("teen", "mature")),
        ("他被肢解了。", ("teen", "mature")),
        ("It was pornographic.", ("mature",)),
        ("他强奸了她。", ("mature",)),
        ("A drape hung over the grapes.", ("everyone", "teen", "mature")),
    ],
)
def test_ratings_stop_only_what_cannot_be_meant_otherwise(text: str, fits: tuple[str, ...]) -> None:
    """Each rating lets through what the milder ones do; prose with an edge is left to people."""
    ratings: tuple[Rating, ...] = ("everyone", "teen", "mature")

    assert tuple(rating for rating in ratings if not Bounds(rating).crossed_by(text)) == fits
