"""A passage that goes in circles, copies, or talks about the story is found out."""

import pytest

from bot.story.narration.flaws import Flaw, flaw_of, is_looping, repeats

SOUND = [
    "Mara put down the can and listened. Below, the sea was counting the rocks again, and it had reached nine.",
    "“Don't touch it,” said Pavel. “Don't touch it,” said Ines. The soup steamed like an argument.",
    "他推开门，屋里一片漆黑。桌上放着一盏旧灯，灯下压着一封信，信上写着她的名字。",
    "Ha ha ha ha ha! He laughed until the cups rang.",
    "I'm sorry, she thought, and went on walking towards the light at the end of the pier.",
    "“I can't help you,” he said, and the story of the well was never told again.",
    "He told them a long story about a bear, and it took place in a town nobody knew.",
    "第一天，他等。第二天，他等。第三天，她来了。",
]


@pytest.mark.parametrize("text", SOUND)
def test_sound_prose_passes(text: str) -> None:
    """Refrains, laughter and apologies inside the story are no flaws."""
    assert flaw_of(text, recent=SOUND[:0]) is None


@pytest.mark.parametrize(
    "text",
    [
        "It was on. He saw the lamp again. He ran. He saw the lamp again. She ran. He saw the lamp again.",
        "It was dark and " * 12,
        "他走了又走，" * 10,
        "They looked at each other and smiled and then they looked away and " * 6,
        "no! " * 30,
    ],
)
def test_loops_are_found(text: str) -> None:
    """The same unit, sentence or few words over and over are a loop, in both scripts."""
    assert is_looping(text)
    assert flaw_of(text, recent=[]) is Flaw.LOOPING


@pytest.mark.parametrize("text", SOUND)
def test_a_copy_of_a_recent_passage_is_found(text: str) -> None:
    """What was said before is not said again; a new passage shares nothing."""
    other = "Nothing of the kind had ever been written in this town, 而且从来没有人问过为什么会这样呢。"

    assert repeats(text, [other, text]) == 1
    assert repeats(text, [other]) == 0
    assert repeats(text, []) == 0


def test_the_end_of_a_long_passage_is_compared() -> None:
    """What was said very long before is no copy, and looking for it would take too long."""
    text = "The keeper counted the ships that were still out, and one was always missing from the count."
    far = " ".join(f"wave{number}" for number in range(1000))

    assert repeats(text, [f"{text} {far}"]) == 0
    assert repeats(text, [f"{far} {text}"]) == 1
    assert flaw_of(text, recent=[text]) is Flaw.REPEATING


@pytest.mark.parametrize(
    "text",
    [
        "The story starts with a scene where two scavengers meet.",
        "This story is about a lighthouse keeper.",
        "In this scene, the author shows how Mara feels.",
        "I'm sorry, but I can't continue this story.",
        "As an AI language model, I have no feelings.",
        "This is an example of a scene with tension.",
        "She ran to the door. The story ends with a kiss.",
        "A figure was seen. The story took place at a carnival.",
        "It started out as a fun story about a girl and her father.",
        "The tale is of a man named Evelin.",
        "The caravan began again, and the story unfolds as before.",
        "He saw a dragon.\n\nThe story goes on:\n\nShe spoke to it.",
        "He has no fear for his life. The story ends: Edda and Tarn stood there.",
        "He left. The protagonist is sad now.",
        "She had worked nights.\nIn this scene, you can start with her face.",
        "这个故事讲述了一个灯塔守护人的女儿。",
        "作为一个人工智能，我无法续写。",
        "对不起，我无法继续这个故事。",
    ],
)
def test_talk_about_the_story_is_found(text: str) -> None:
    """A narrator tells; it does not summarise, explain or apologise."""
    assert flaw_of(text, recent=[]) is Flaw.TALKING


@pytest.mark.parametrize("text", ["", " \n", "...", "——！？"])
def test_nothing_said_is_a_flaw(text: str) -> None:
    """Punctuation alone is no passage."""
    assert flaw_of(text, recent=[]) is Flaw.EMPTY


@pytest.mark.parametrize(
    "text",
    [
        "She smiled at the flame as if it had been with her all her life. The sea was loud. He sat down and"
        " laughed as if it had been with her all her life.",
        "他抬起头来望着远处山上那一点灯火出了神。风停了。她也抬起头来望着远处山上那一点灯火出了神。",
    ],
)
def test_many_words_said_twice_are_found(text: str) -> None:
    """A small model says its own sentences again; such a text is not cut while it comes, but tried again."""
    assert not is_looping(text)
    assert flaw_of(text, recent=[]) is Flaw.LOOPING
