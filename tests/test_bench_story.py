"""The bench of a long story runs the real thing, and its figures have the shape that is promised."""

from pathlib import Path

import pytest

from bot.bench import story
from bot.config import Config

CONFIG = Config.model_validate({"memory": {"embeddings": False}})


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Measure little."""
    monkeypatch.setattr(story, "ENTRIES", 20)
    monkeypatch.setattr(story, "RUNS", 3)
    monkeypatch.chdir(tmp_path)


async def test_a_long_storys_prompt_has_all_its_parts() -> None:
    """Pinned lore, recaps, passages and lore that came up are in the prompt that is measured."""
    told = await story.prompts(CONFIG, length=200)

    assert (told["passages"], told["lore"]) == (200, 20)
    parts = told["parts_bytes"]
    assert isinstance(parts, dict)
    assert {"rules", "story", "pinned", "recaps", "settled", "passages", "request"} <= set(parts)
    assert told["recaps"] == 16 + 3


async def test_lore_is_found_in_the_search_that_is_measured() -> None:
    """The names that a text speaks of are keys."""
    told = await story.searches(CONFIG, entries=20)

    assert told["lore"] == 20
    assert isinstance(told["found"], int)
    assert told["found"] > 0


async def test_the_prefix_is_compared_turn_by_turn() -> None:
    """Shares lie between nothing and all, and that of the earlier prompt is the larger one."""
    told = await story.kept(CONFIG, context=4096, turns=12)
    earlier, later = told["of_the_earlier"], told["of_the_later"]

    assert isinstance(earlier, dict)
    assert isinstance(later, dict)
    assert 0 < later["p50"] < earlier["p50"] < 1
