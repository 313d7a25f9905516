"""A hundred questions find what answers them, and the merged search finds no less than each way of it."""

import json
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.bench.retrieval import read

QUESTIONS = Path(__file__).parent / "retrieval"
# What was measured, less one question or two: another version of a library may rank a little differently.
FLOORS = {"lore": 0.93, "passages": 0.72}


def test_the_questions_are_sixty_and_more_over_three_stories() -> None:
    """English, Chinese and both mixed; forty passages and forty entries each; answers that are there."""
    stories = read(QUESTIONS)
    assert len(stories) == 3
    assert sum(len(story["questions"]) for story in stories) >= 60
    for story in stories:
        titles = {entry["title"] for entry in story["lore"]}
        assert len(titles) == len(story["lore"]) == len(story["passages"]) == 40
        assert all(set(question["lore"]) <= titles for question in story["questions"])
        numbers = [number for question in story["questions"] for number in question.get("passages", ())]
        assert set(numbers) <= set(range(1, 41))


def test_merged_finds_no_less_than_each_way(capsys: pytest.CaptureFixture[str]) -> None:
    """In every story, and on the questions that nothing was tuned on; the bench prints a line for each figure."""
    assert main(["bench", "retrieval", "--questions", str(QUESTIONS)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    turns = [line for line in lines if line["bench"] == "lore of a turn"]
    found = [line for line in lines if line["bench"] == "retrieval"]
    assert (len(turns), len(found)) == (3, 10)
    for line in found:
        assert line["recall_at_5"]["merged"] == max(line["recall_at_5"].values()), line
    held_out = {line["of"]: line["recall_at_5"]["merged"] for line in found if line.get("part") == "held out"}
    assert {of for of, floor in FLOORS.items() if held_out[of] < floor} == set()
    # What no key names must stand out, or prompts would change and swell with guesses.
    assert max(line["suggested"] for line in turns) <= 1.2


def test_a_folder_without_questions_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Who names the wrong folder reads which option it was."""
    assert main(["bench", "retrieval", "--questions", str(tmp_path)]) == 2
    assert "--questions" in capsys.readouterr().err
