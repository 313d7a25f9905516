"""A hundred questions find what answers them, and the merged search finds no less than each way of it."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.bench.retrieval import measure, read

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


async def test_merged_finds_no_less_than_each_way() -> None:
    """On the questions that nothing was tuned on, and in every story."""
    held_out: dict[str, Mapping[str, float]] = {}
    async for figures in measure(QUESTIONS):
        if figures["bench"] == "lore of a turn":
            # What no key names must stand out, or prompts would change and swell with guesses.
            assert float(str(figures["suggested"])) <= 1.2, figures
            continue
        found = figures["recall_at_5"]
        assert isinstance(found, dict)
        assert found["merged"] == max(found.values()), figures
        if figures.get("part") == "held out":
            held_out[str(figures["of"])] = found
    assert {of for of, floor in FLOORS.items() if held_out[of]["merged"] < floor} == set()


def test_the_bench_prints_a_line_for_each_figure(capsys: pytest.CaptureFixture[str]) -> None:
    """The command reads the folder that is named, and tells where there is nothing."""
    assert main(["bench", "retrieval", "--questions", str(QUESTIONS)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [line["bench"] for line in lines] == ["lore of a turn", "retrieval", "retrieval"] * 3 + [
        "retrieval"
    ] * 4
    assert main(["bench", "retrieval", "--questions", str(QUESTIONS / "none")]) == 2
    assert "--questions" in capsys.readouterr().err
