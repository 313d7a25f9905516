"""What is said about turns fits into a message and calls one person at the most."""

from hypothesis import given
from hypothesis import strategies as st

from bot.reply.turn_line import MESSAGE, duration, line, mention_in, together, told
from bot.story.turns.state import (
    DAY,
    HOUR,
    MINUTE,
    Effect,
    Freed,
    NextUp,
    Nudge,
    Rules,
    Seat,
    Skipped,
    Switched,
    TurnState,
)

MARA, JUN = Seat(10, "Mara"), Seat(11, "Jun")


@given(
    st.lists(st.text(alphabet="ab", min_size=1, max_size=400), max_size=60),
    st.text(alphabet="c", max_size=200),
)
def test_many_lines_fit_into_one_message(lines: list[str], last: str) -> None:
    """The newest is always there, and what is left out is marked."""
    said = together([*lines, last])
    assert len(said) <= MESSAGE + len("…\n")
    assert said.endswith(last)
    if len("\n".join([*lines, last])) <= MESSAGE:
        assert said == "\n".join([*lines, last])
    else:
        assert "…" in said


def test_only_the_one_concerned_is_called() -> None:
    """Whose turn it is, or who alone is waited for; of several who are missing nobody."""
    assert mention_in([Skipped(MARA, silent=True), NextUp(JUN, 1)]) == JUN.id
    assert mention_in([Nudge((MARA,), 1)]) == MARA.id
    assert mention_in([Nudge((MARA, JUN), 1)]) is None
    assert mention_in([Skipped(MARA, silent=True)]) is None
    assert mention_in([]) is None


def test_where_everyone_is_free_nothing_is_said_of_turns() -> None:
    """A switch to another mode tells how long its turns are; a switch to free writing is told in one sentence."""
    free, robin = (line(Switched(mode), TurnState(rules=Rules(mode=mode))) for mode in ("free", "robin"))
    assert str(free) == "From now on: free — everyone writes when they like."
    assert str(robin).endswith("A turn lasts 1 day; then the next one is up.")


def test_a_name_formats_and_calls_nothing() -> None:
    """Whatever somebody is called."""
    tricky = Skipped(Seat(1, "@everyone **x** <@11>"), silent=True)
    text = line(tricky, TurnState())
    assert text is not None
    assert "@everyone" not in text.render("en")
    assert "<@11>" not in text.render("zh-CN")


def test_a_reminder_of_many_names_some() -> None:
    """Fifty people who are missing do not fill a message."""
    seats = tuple(Seat(n, "x" * 32) for n in range(50))
    text = line(Nudge(seats, 1), TurnState(rules=Rules(mode="round"), seats=seats))
    assert text is not None
    assert len(text.render("en")) < 900


def test_lengths_are_told_in_the_largest_unit_that_fits() -> None:
    """An hour is no sixty minutes, ninety minutes are no hour and a half."""
    said = [duration(one).render("en") for one in (MINUTE, 90 * MINUTE, HOUR, 36 * HOUR, DAY, 14 * DAY)]
    assert said == ["1 minute", "90 minutes", "1 hour", "36 hours", "1 day", "14 days"]


def test_many_who_were_silent_are_named_in_one_sentence() -> None:
    """Each once, however many turns ran out; what else happened is said as ever."""
    silent = [Skipped(one, silent=True) for one in (MARA, JUN, MARA)]
    effects: list[Effect] = [*silent, Freed(MARA), Freed(JUN), Skipped(JUN, silent=False), NextUp(JUN, 1)]
    said = [text.render("en") for text in told(effects, TurnState())]
    assert said[:3] == [
        "Time has passed without a word from Mara, Jun.",
        "These seats are free again, and `/turn join` takes one: Mara, Jun.",
        "Jun's turn was skipped.",
    ]
    assert len(said) == 4
    alone = [text.render("en") for text in told(silent[:1], TurnState())]
    assert alone == ["Mara's turn has passed without a word."]
