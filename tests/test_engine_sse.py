"""Prove that text survives whatever the network does to its bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.backends.sse import LINE_LIMIT, BrokenStream, EventReader, TextJoiner

PIECES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\ufffd"), max_size=8), max_size=8)


def stream_of(pieces: list[str], *, ascii_only: bool = False, end: str = "\n") -> bytes:
    """Return the bytes of a stream of these pieces, with what servers send besides."""
    lines = [f"data: {json.dumps({'text': piece}, ensure_ascii=ascii_only)}" for piece in pieces]
    return end.join([": ping", *lines, "event: end", "data: [DONE]", ""]).encode()


@given(PIECES, st.booleans(), st.sampled_from(["\n", "\r\n", "\n\n"]), st.data())
def test_bytes_may_be_cut_anywhere(
    pieces: list[str], ascii_only: bool, end: str, data: st.DataObject
) -> None:
    """However the bytes are divided, the same objects come out."""
    whole = stream_of(pieces, ascii_only=ascii_only, end=end)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    reader = EventReader()

    read = [
        event["text"]
        for start, stop in zip([0, *cuts], [*cuts, len(whole)], strict=True)
        for event in reader.feed(whole[start:stop])
    ]

    assert read == pieces


def test_every_single_cut_of_emoji_and_chinese_is_harmless() -> None:
    """Each position is tried, those inside a character too."""
    whole = stream_of(["塔🗼", "👩‍👩‍👧", "é"])
    for cut in range(len(whole)):
        reader = EventReader()
        read = [event["text"] for part in (whole[:cut], whole[cut:]) for event in reader.feed(part)]

        assert "".join(read) == "塔🗼👩‍👩‍👧é"


@pytest.mark.parametrize("line", [b"data: {not json}\n", b"data: [1]\n", b"data: \xff\n"])
def test_garbage_is_named_as_such(line: bytes) -> None:
    """A server that sends what is no event ends the stream with an error."""
    with pytest.raises(BrokenStream):
        list(EventReader().feed(line))


def test_a_line_without_end_is_not_collected_for_ever() -> None:
    """Memory is bounded whatever a server sends."""
    with pytest.raises(BrokenStream):
        list(EventReader().feed(b"x" * (LINE_LIMIT + 1)))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\ufffd")))
def test_halves_of_characters_become_whole_ones(text: str) -> None:
    """A text that comes in UTF-16 halves, one by one, is the same text."""
    raw = text.encode("utf-16-le")
    halves = [raw[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(raw), 2)]
    joiner = TextJoiner()

    assert "".join(joiner.feed(half) for half in halves) == text


@given(st.lists(st.text(st.characters(exclude_categories=[]))))
def test_no_broken_character_gets_through(pieces: list[str]) -> None:
    """Whatever comes, the result can be stored and read: no lone half, no replacement character."""
    joiner = TextJoiner()
    text = "".join(joiner.feed(piece) for piece in pieces)

    assert "\ufffd" not in text
    assert text.encode().decode() == text
    for piece in pieces:
        if not any("\ud800" <= c <= "\udfff" or c == "\ufffd" for c in "".join(pieces)):
            assert piece in text
