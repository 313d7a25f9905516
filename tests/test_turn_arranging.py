"""Whoever is named in whatever way is found, and who cannot be is told of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refused
from bot.story.turns.arranging import parse
from bot.story.turns.state import Seat

SEATS = (Seat(1, "Mara"), Seat(2, "Mara Jade"), Seat(3, "小明"), Seat(4, "Straße"), Seat(5, "😀 Ola"))


@pytest.mark.parametrize(
    ("raw", "ids"),
    [
        ("Mara Jade, mara", (2, 1)),
        ("小明、Mara", (3, 1)),
        ("<@3><@!1> @straße", (3, 1, 4)),
        ("mara jade mara → 😀 ola", (2, 1, 5)),
        ("Mara, Mara, <@1>", (1,)),
    ],
)
def test_names_and_mentions_are_read_as_people_write_them(raw: str, ids: tuple[int, ...]) -> None:
    """With commas of any script or none, in any case; of two names that fit the longer is meant."""
    assert parse(raw, SEATS) == ids


@given(st.permutations(SEATS), st.sampled_from([", ", "、", "，", " → ", "\n"]), st.data())
def test_every_order_is_read_as_it_was_written(seats: list[Seat], between: str, data: st.DataObject) -> None:
    """However the names are put together."""
    written = [data.draw(st.sampled_from([one.name, f"<@{one.id}>", f"@{one.name}"])) for one in seats]
    assert parse(between.join(written), seats) == tuple(one.id for one in seats)


@given(st.text(max_size=60))
def test_whatever_is_written_gives_people_with_a_seat_or_a_kind_word(raw: str) -> None:
    """Nothing else comes of it, and nobody is named twice."""
    try:
        ids = parse(raw, SEATS)
    except Refused:
        return
    assert set(ids) <= {seat.id for seat in SEATS}
    assert len(set(ids)) == len(ids) > 0


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("Mara, Tom", "Tom has no seat yet"),
        ("<@99>", "<@99> has no seat yet"),
        ("小明明", "小明明 has no seat yet"),
        (" ,、@ ", "Name people in the order"),
        ("Ann", "Several people here are called Ann"),
    ],
)
def test_who_cannot_be_found_is_named(raw: str, words: str) -> None:
    """One who has no seat, nobody at all, or one of two with the same name."""
    with pytest.raises(Refused, match=words):
        parse(raw, (*SEATS, Seat(6, "Ann"), Seat(7, "ANN")))
