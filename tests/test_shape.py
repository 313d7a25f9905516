"""Prove what of a tree stands on a page, and that nothing is lost or told twice there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.story.survey.shape import LINES, ROWS, Shape, shape
from bot.story.survey.writers import NARRATOR
from tests.growing import Grove, grown, ids


def page(grove: Grove, *, current: int = 1, rows: int = ROWS, **shown: int | None) -> Shape:
    """Lay out a tree; `shown` are slots, as `s3=None`."""
    changed = {int(slot[1:]): passage for slot, passage in shown.items()}
    return shape(grove.sketches, grove.branches, current, changed, rows=rows)


def test_short_story_has_a_row_for_each_passage() -> None:
    """In order, each below the one before, with the branch's name at the last."""
    grove = Grove()
    grove.name("main", grove.row(None, 3))
    laid = page(grove)

    assert ids([row.sketch for row in laid.rows]) == [1, 2, 3]
    assert [row.above for row in laid.rows] == [None, 0, 1]
    assert [row.heads for row in laid.rows] == [(), (), ("main",)]
    assert (laid.reading, laid.told, laid.aside, laid.branches) == ("main", 3, 0, 1)


def test_branch_stands_indented_below_the_passage_that_it_leaves() -> None:
    """Before the story goes on; the branch that is read keeps the first lane whichever it is."""
    grove = Grove()
    fork = grove.row(None, 2)
    grove.name("main", grove.row(fork, 2))
    grove.name("bell", grove.row(fork, 1, 8))

    laid = page(grove)
    assert ids([row.sketch for row in laid.rows]) == [1, 2, 5, 3, 4]
    assert [row.lane for row in laid.rows] == [0, 0, 1, 0, 0]
    assert [row.above for row in laid.rows] == [None, 0, 1, 1, 3]

    other = page(grove, current=2)
    assert ids([row.sketch for row in other.rows]) == [1, 2, 3, 4, 5]
    assert [row.lane for row in other.rows] == [0, 0, 1, 1, 0]
    assert other.told == 3


def test_branch_with_another_beginning_stands_first() -> None:
    """A story may be begun twice: the second beginning hangs from where the story starts."""
    grove = Grove()
    grove.name("main", grove.write(None))
    grove.name("again", grove.write(None, 8))
    laid = page(grove)

    assert [(row.heads, row.lane, row.above) for row in laid.rows] == [
        (("again",), 1, None),
        (("main",), 0, None),
    ]


def test_other_takes_stand_beside_the_one_that_is_read() -> None:
    """Some are drawn with who wrote them, all are counted; they are no rows of their own."""
    grove = Grove()
    first = grove.write(None)
    for _ in range(4):
        grove.write(first, None)
    grove.name("main", grove.write(first, None))
    laid = page(grove)

    assert len(laid.rows) == 2
    assert laid.rows[1].beside == (NARRATOR,) * 3
    assert laid.rows[1].versions == 4
    assert laid.aside == 4


def test_taken_back_from_the_end_is_counted_there() -> None:
    """What stands behind a head is on no branch and no other version of anything."""
    grove = Grove()
    head = grove.row(None, 2)
    grove.row(head, 3)
    grove.name("main", head)
    laid = page(grove)

    assert [row.beyond for row in laid.rows] == [0, 3]
    assert [row.versions for row in laid.rows] == [0, 0]


def test_what_is_read_in_the_middle_is_what_stands_there() -> None:
    """An edit shows its own words and writer, and counts the first version; what was taken back shows none."""
    grove = Grove()
    last = grove.row(None, 3)
    grove.write(1, 8, replaces=2)
    grove.name("main", last)

    edited = page(grove, s2=4)
    assert ids([row.sketch for row in edited.rows]) == [1, 4, 3]
    assert [(row.mark, row.versions) for row in edited.rows] == [("", 0), ("changed", 1), ("", 0)]
    assert edited.writers == {7: 2, 8: 1}

    hidden = page(grove, s2=None)
    assert [row.mark for row in hidden.rows] == ["", "hidden", ""]
    assert hidden.rows[1].writers == {}
    assert hidden.told == 2


def test_long_stretches_become_one_row_with_their_writers() -> None:
    """The ends, the forks and the newest passages stay; the others are counted together."""
    grove = Grove()
    fork = grove.row(None, 500)
    grove.name("main", grove.row(grove.row(fork, 300, None), 200))
    grove.name("bell", grove.row(fork, 2, 8))
    laid = page(grove, rows=10)

    assert ids([row.sketch for row in laid.rows]) == [1, None, 500, 1001, 1002, None, 997, 998, 999, 1000]
    assert [(row.first, row.last) for row in laid.rows[:3]] == [(1, 1), (2, 499), (500, 500)]
    assert laid.rows[5].writers == {NARRATOR: 300, 7: 196}


def test_branches_beyond_the_page_are_named() -> None:
    """Only so many are drawn beside the current one: those with the newest passages."""
    grove = Grove()
    root = grove.write(None)
    grove.name("main", grove.row(root, 2))
    for number in range(LINES + 2):
        grove.name(f"branch {number}", grove.write(root, 8))
    laid = page(grove)

    assert laid.unseen == ("branch 1", "branch 0")
    assert laid.aside == 0
    assert laid.rows[0].versions == laid.rows[1].versions == 0


def test_twenty_thousand_passages_fit_on_a_page(patience: None) -> None:
    """However the tree has grown."""
    grove = grown(1, 20_000, branches=30)

    assert len(page(grove).rows) <= ROWS


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 120), st.integers(0, 9), st.integers(1, 10))
def test_every_passage_of_the_drawn_branches_is_in_one_row(
    seed: int, size: int, branches: int, current: int
) -> None:
    """Rows hang from rows above them; together they hold each passage of the branch that is read once."""
    grove = grown(seed, size, branches=branches)
    current = min(current, len(grove.branches))
    laid = page(grove, current=current)
    main = [row for row in laid.rows if row.line == 0]
    head = grove.branches[current - 1].head
    depth = 0 if head is None else grove.sketches[head - 1].depth + 1

    assert len(laid.rows) <= ROWS
    assert [place for row in main for place in range(row.first, row.last + 1)] == list(range(1, depth + 1))
    assert all(sum(row.writers.values()) == row.last - row.first + 1 for row in laid.rows)
    assert all(row.above is None or row.above < index for index, row in enumerate(laid.rows))
    named = [name for row in laid.rows for name in row.heads]
    drawn = {branch.name for branch in grove.branches if branch.head} - set(laid.unseen)
    assert set(named) >= drawn
    assert len(named) == len(set(named))
