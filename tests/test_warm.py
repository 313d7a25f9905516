"""Prove that stories find what they have read, and that what was used longest ago makes room."""

import pytest

from bot.engine.backends.transformers.pages import OutOfPages
from bot.engine.backends.transformers.warm import PER_STORY
from tests.warm_place import Broken, Place


def test_the_next_turn_reads_only_what_is_new_and_stays_in_one_run() -> None:
    """A story that grows turn by turn copies nothing and keeps its pages consecutive."""
    place = Place(pages=40)
    text = list(range(6))
    for turn in range(5):
        lease = place.turn(text, [100 + turn] * 7)
        assert lease.cached == (len(text) - 6 if turn else 0)
        assert lease.pages == list(range(lease.pages[0], lease.pages[0] + len(lease.pages)))
        text = [*lease.tokens, *[200 + turn] * 6]
    assert place.mover.moves == []
    assert place.warm.stats()["kept"] == 1


def test_a_retry_reads_only_the_last_token() -> None:
    """The same prompt again finds all but its last token, and what was written first is found again."""
    place = Place()
    prompt = list(range(10))
    first = place.turn(prompt, [20] * 6)
    assert place.turn(prompt, [30] * 6).cached == 9
    assert place.turn([*prompt, *[20] * 6, 1]).cached == len(first.tokens)
    assert place.turn([*prompt, *[30] * 6, 1]).cached == 16


def test_retries_and_turns_with_long_answers_stay_in_one_run() -> None:
    """Where an answer of two pages may be given up, whoever comes next goes on in its place and copies nothing."""
    place = Place(pages=40, spare=20)
    text = list(range(10))
    for turn in range(4):
        for take in range(3):
            lease = place.turn([*text, 99], [100 * turn + take] * 12)
            assert lease.cached >= (10 if take else len(text) - 5 if turn else 0)
            assert lease.pages == list(range(lease.pages[0], lease.pages[0] + len(lease.pages)))
        text = [*text, *[300 + turn] * 5]
    assert place.mover.moves == []
    assert place.warm.stats()["kept"] == 1


def test_a_story_that_main_memory_cannot_take_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever needs its pages gets them all the same."""
    place = Place(pages=8, host_pages=100)
    place.turn(list(range(20)), key="one")
    monkeypatch.setattr(place.mover, "save", no_room)
    place.turn(list(range(20)), key="two")

    assert place.turn(list(range(20)), key="one").cached == 0
    assert place.warm.stats()["on_host"] == 0


def no_room(_pages: object) -> None:
    """Be full."""
    raise MemoryError("full")


def test_undo_crops() -> None:
    """A prompt that ends earlier finds that part, and its story grows another way from there."""
    place = Place()
    place.turn(list(range(16)))
    assert place.turn([*range(6), 50, 51]).cached == 6
    assert place.turn([*range(6), 50, 51, 52]).cached == 8


def test_takes_at_once_share_whole_pages_and_copy_the_one_that_is_common_in_part() -> None:
    """Three texts of one prompt need it once, and each its own last page."""
    place = Place()
    prompt = list(range(10))
    place.turn(prompt, [20] * 6)
    takes = [place.warm.begin("story", prompt, room=2, warm=True) for _take in range(3)]
    assert all(take.pages[:2] == takes[0].pages[:2] for take in takes)
    assert len({take.pages[2] for take in takes}) == 3
    assert place.mover.moves == ["copy"] * 3
    for number, take in enumerate(takes):
        place.read(take, [prompt[9], number, number])
    assert all(place.holds(take) for take in takes)


def test_a_short_answer_is_written_over_in_place() -> None:
    """A retry takes over the page of an answer that is shorter than a page; nothing is copied."""
    place = Place()
    prompt = list(range(10))
    first = place.turn(prompt, [20])
    again = place.turn(prompt, [30])
    assert again.cached == 9
    assert again.pages == first.pages
    assert place.mover.moves == []


def test_a_page_is_not_taken_over_from_a_text_that_runs() -> None:
    """The second of two retries at once copies what the first has taken over."""
    place = Place()
    prompt = list(range(10))
    place.turn(prompt, [20])
    one, other = (place.warm.begin("story", prompt, room=1, warm=True) for _take in range(2))
    assert (one.cached, other.cached) == (9, 9)
    assert one.pages[2] != other.pages[2]
    place.read(one, [9, 30])
    place.read(other, [9, 40])
    assert place.holds(one)
    assert place.holds(other)


def test_what_another_reads_in_is_not_taken_over() -> None:
    """A branch leaves the last page of a kept text alone while a running text has it, and the kept one stays whole."""
    place = Place()
    place.turn(list(range(12)))
    running = place.warm.begin("story", list(range(16)), room=0, warm=True)
    branch = place.warm.begin("story", [*range(10), 50], room=0, warm=True)
    assert (running.cached, branch.cached) == (12, 10)
    place.warm.drop(running)
    place.warm.drop(branch)
    assert place.turn(list(range(16))).cached == 12


def test_two_branches_that_lost_their_ends_are_kept_once() -> None:
    """Where both have given up all but their common pages, and nothing came of it, those pages can be had again."""
    place = Place(pages=8)
    one = place.turn(list(range(14))).tokens
    other = place.turn([*range(9), 50]).tokens
    takes = [
        place.warm.begin("story", prompt, room=0, warm=True) for prompt in ([*one[:11], 60], [*other[:9], 60])
    ]
    assert [take.cached for take in takes] == [11, 9]
    assert place.warm.stats()["kept"] == 1
    for take in takes:
        place.warm.drop(take)
    assert place.turn(list(range(100, 132))).cached == 0


@pytest.mark.parametrize("move", ["copy", "save", "load"])
def test_a_move_that_fails_loses_no_page(move: str) -> None:
    """When a page cannot be moved the text does not begin, and all its pages are free again."""
    place = Place(pages=8, host_pages=12)
    place.turn(list(range(16)))
    if move == "load":
        place.turn(list(range(100, 132)), key="other")
    prompt = {"copy": [*range(10), 50], "save": list(range(100, 132)), "load": list(range(20))}[move]
    place.mover.moves.clear()
    place.mover.fails_in = 1 if move == "load" else 0
    with pytest.raises(Broken):
        place.warm.begin("story", prompt, room=0, warm=True)
    place.mover.fails_in = None
    assert place.mover.moves == (["save"] if move == "load" else [])
    assert place.turn(list(range(16))).cached == 15
    place.warm.clear()
    assert place.free == 8


def test_stories_and_adapters_share_nothing() -> None:
    """The same tokens under another key are read anew."""
    place = Place()
    place.turn(list(range(10)), key="\0one")
    assert place.turn(list(range(10)), key="sailor\0one").cached == 0
    assert place.turn(list(range(10)), key="\0two").cached == 0


def test_what_shall_not_be_warm_finds_nothing_and_is_not_kept() -> None:
    """A cold text reads its whole prompt and gives all pages back."""
    place = Place()
    place.turn(list(range(10)))
    free = place.free
    lease = place.warm.begin("story", list(range(12)), room=0, warm=False)
    assert lease.cached == 0
    place.read(lease, range(12))
    place.warm.end(lease)
    assert place.free == free
    assert place.turn(list(range(12))).cached == 10


def test_only_a_handful_of_branches_is_kept() -> None:
    """Of a story with many branches the oldest is let go, and its pages are free."""
    place = Place(pages=40)
    for branch in range(PER_STORY + 2):
        place.turn([7, *[branch] * 11])
    assert place.warm.stats()["kept"] == PER_STORY
    assert place.free == 40 - 3 * PER_STORY


def test_the_least_recently_used_story_is_saved_and_comes_back() -> None:
    """Short of pages, what was not used for longest moves to main memory; asked for, it is there as before."""
    place = Place(pages=9, host_pages=6)
    for key in "abc":
        place.turn(list(range(12)), key=key)
    place.turn([*range(10), 60], key="a")
    place.turn(list(range(12)), key="d")
    assert place.warm.stats() == {
        "kept": 4,
        "kept_tokens": 47,
        "on_host": 1,
        "hits": 10,
        "misses": 49,
        "saved": 1,
        "loaded": 0,
        "dropped": 0,
    }
    assert place.turn([*range(12), 1], key="b").cached == 12
    assert place.warm.counts.loaded == 1


def test_a_story_that_is_gone_on_from_counts_as_used() -> None:
    """What a text began from is not the next to go, even if nothing came of that text."""
    place = Place(pages=7)
    place.turn(list(range(12)), key="a")
    place.turn(list(range(12)), key="b")
    place.warm.drop(place.warm.begin("a", [*range(4), 50], room=0, warm=True))
    place.turn(list(range(12)), key="c")
    assert place.turn(list(range(12)), key="a").cached == 11


def test_takes_at_once_of_a_saved_story_fetch_it_once() -> None:
    """The second text shares what the first has fetched."""
    place = Place(pages=8, host_pages=20)
    place.turn(list(range(16)), key="a")
    place.turn(list(range(32)), key="b")
    takes = [place.warm.begin("a", list(range(16)), room=0, warm=True) for _take in range(2)]
    assert [take.cached for take in takes] == [15, 15]
    assert place.warm.counts.loaded == 1
    assert takes[0].pages[:3] == takes[1].pages[:3]


def test_what_would_free_no_page_is_not_let_go() -> None:
    """A kept text all of whose pages a running one has stays, and a newer one makes room."""
    place = Place(pages=9)
    place.turn(list(range(12)), key="a")
    running = place.warm.begin("a", list(range(13)), room=0, warm=True)
    place.turn(list(range(12)), key="b")
    place.turn(list(range(12)), key="c")
    assert place.warm.counts.dropped == 1
    place.warm.drop(running)
    assert place.turn(list(range(13)), key="a").cached == 12


def test_main_memory_lets_the_oldest_go() -> None:
    """Where main memory holds one story and no second, the one saved before is lost."""
    place = Place(pages=3, host_pages=5)
    for key in "abc":
        place.turn(list(range(12)), key=key)
    assert place.warm.counts.dropped == 1
    assert place.turn(list(range(12)), key="b").cached == 11
    assert place.turn(list(range(12)), key="a").cached == 0


def test_without_main_memory_the_oldest_is_let_go_at_once() -> None:
    """With no bytes for it nothing is saved."""
    place = Place(pages=6)
    for key in "abc":
        place.turn(list(range(12)), key=key)
    assert place.mover.moves == []
    assert (place.warm.counts.dropped, place.warm.stats()["kept"]) == (1, 2)
    assert place.turn(list(range(12)), key="a").cached == 0


def test_a_story_that_fills_the_pool_still_finds_its_beginning() -> None:
    """Where no page is left for a copy, a branch takes the old one's last common page, and the old one is saved."""
    place = Place(pages=4, host_pages=4)
    place.turn(list(range(16)))
    lease = place.turn([*range(10), 60, 61, 62, 63, 64, 65])
    assert lease.cached == 10
    assert place.mover.moves == ["save"]
    assert place.turn([*range(15), 70]).cached == 15


def test_no_pages_are_lent_and_nothing_is_lost_while_others_hold_too_many() -> None:
    """A text for which there is no room waits, and the kept ones stay."""
    place = Place(pages=8)
    place.turn(list(range(8)), key="kept")
    running = place.warm.begin("running", list(range(16)), room=0, warm=True)
    with pytest.raises(OutOfPages, match="5 pages"):
        place.warm.begin("story", list(range(20)), room=0, warm=True)
    assert place.warm.stats()["kept"] == 1
    place.warm.drop(running)
    assert place.turn(list(range(20))).cached == 0


def test_after_a_clearing_nothing_is_found() -> None:
    """What was read is forgotten, also what is being read still."""
    place = Place()
    place.turn(list(range(10)), key="one")
    running = place.warm.begin("two", list(range(10)), room=0, warm=True)
    place.read(running, range(10))
    place.warm.clear()
    assert place.turn(list(range(10)), key="one").cached == 0
    assert place.turn(list(range(10)), key="two").cached == 0
    place.warm.clear()
    place.warm.end(running)
    assert place.turn(list(range(10)), key="two").cached == 0


def test_reused_and_read_tokens_add_up_to_the_prompts() -> None:
    """The counts tell how much reading was spared."""
    place = Place()
    place.turn(list(range(10)))
    place.turn(list(range(14)))
    assert (place.warm.counts.hits, place.warm.counts.misses) == (10, 14)
