"""Prove how an entry of the lore is told to the narrator."""

from dataclasses import replace

from bot.story.lore.telling import told
from tests.test_conflicts import entry

VARN = replace(
    entry(1, "Captain Varn", "He has one eye.", "Varn", "captain varn", "/the (old )?captain/"),
    kind="character",
)


def test_a_character_is_told_by_its_other_names() -> None:
    """Its own name, which people like to give as a key too, is none of them; a pattern is no name."""
    assert told(VARN, "en") == "Captain Varn (also called Varn): He has one eye."
    assert told(replace(VARN, keys=("Captain Varn",)), "en") == "Captain Varn: He has one eye."


def test_a_character_is_told_with_its_voice() -> None:
    """In the story's language."""
    spoken = replace(VARN, title="瓦恩", text="他只有一只眼睛。", keys=("老瓦",), voice="话很少")

    assert told(spoken, "zh") == "瓦恩（又名老瓦）：他只有一只眼睛。瓦恩说话的样子：话很少"
