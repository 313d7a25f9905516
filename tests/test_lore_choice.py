"""Whatever is found, what is chosen keeps to its room, its groups, its order; and merging is fair to each ranking."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.story.lore.book import bind
from bot.story.lore.choice import choose
from bot.story.lore.found import Found, Hit, Reason
from bot.story.lore.merge import merge
from storage.lore import Version

WORDS = ("lamp", "salt", "bell", "灯", "盐")


@st.composite
def versions(draw: st.DrawFn) -> list[Version]:
    """Give some entries that may pin, group, mention each other and be of any length."""
    made = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        text = " ".join(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=30)))
        made.append(
            Version(
                id=number,
                story_id=1,
                entry_id=number,
                kind="fact",
                owner_id=None,
                owner_name=None,
                title=f"T{number}",
                text=text,
                keys=(draw(st.sampled_from(WORDS)),),
                pinned=draw(st.booleans()),
                priority=draw(st.integers(-2, 2)),
                family=draw(st.sampled_from(("", "", "a", "b"))),
                title_digest="",
                text_digest="",
                created=0,
            )
        )
    return made


def chosen(entries: list[Version], hits: set[int], resting: set[int], budget: int) -> Found:
    """Choose among hits, by their ids."""
    found = [Hit(one, "en", (Reason("key", "k"),), 1.0 / one.id) for one in entries if one.id in hits]
    return choose(bind(entries, slow=()), found, resting=resting, language="en", budget_bytes=budget)


SOME = st.sets(st.integers(1, 12))


@given(entries=versions(), hits=SOME, resting=SOME, budget=st.integers(0, 800))
def test_what_is_chosen_keeps_the_rules(
    entries: list[Version], hits: set[int], resting: set[int], budget: int
) -> None:
    """The room is kept, nothing rests, no group twice, nothing twice, and each hit is taken or left out."""
    found = chosen(entries, hits, resting, budget)
    taken = [*found.pinned, *found.triggered]
    assert sum(hit.size for hit in taken) <= budget
    assert len({hit.version.id for hit in taken}) == len(taken)
    assert resting.isdisjoint(hit.version.entry_id for hit in found.triggered)
    groups = Counter(hit.version.family for hit in found.triggered if hit.version.family)
    assert set(groups.values()) <= {1}
    left = {lost.hit.version.id for lost in found.left_out}
    assert left.isdisjoint(hit.version.id for hit in taken)
    free = {one.id for one in entries if not one.pinned} & hits
    assert free <= left | {hit.version.id for hit in found.triggered}


@given(entries=versions(), one=SOME, other=SOME, budget=st.integers(0, 800))
def test_pinned_entries_stand_the_same_whatever_is_found(
    entries: list[Version], one: set[int], other: set[int], budget: int
) -> None:
    """The beginning of a prompt does not change with the moment."""
    assert chosen(entries, one, set(), budget).pinned == chosen(entries, other, {1}, budget).pinned


@given(st.lists(st.lists(st.integers(0, 9), unique=True), max_size=4))
def test_merging_loses_and_invents_nothing(rankings: list[list[int]]) -> None:
    """Everything that is in some ranking comes once, the best first; one ranking alone keeps its order."""
    merged = merge((1.0, ranking) for ranking in rankings)
    assert sorted(thing for thing, _score in merged) == sorted({thing for one in rankings for thing in one})
    assert [score for _thing, score in merged] == sorted((score for _thing, score in merged), reverse=True)
    for ranking in rankings:
        assert [thing for thing, _score in merge([(2.0, ranking)])] == ranking


@given(st.permutations(range(8)), st.permutations(range(8)))
def test_what_both_put_first_is_first(one: list[int], other: list[int]) -> None:
    """Agreement wins."""
    other = [one[0], *(thing for thing in other if thing != one[0])]
    assert merge([(1.0, one), (1.0, other)])[0][0] == one[0]
