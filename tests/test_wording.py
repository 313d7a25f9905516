"""Prompt files are found, versioned and read by one reader."""

import re
from pathlib import Path
from string import Formatter

import pytest

from bot.story import wording
from bot.story.languages import LANGUAGES
from bot.story.wording import FOLDER, sections

RECORD = Path(__file__).parents[1] / "docs" / "prompts.md"
FILES = sorted(path.stem.rpartition(".")[0] for path in FOLDER.glob("*.en.txt"))


def test_a_file_is_texts_under_names() -> None:
    """Every section is found by its name, trimmed, and the version line is none of them."""
    found = sections("narrator", "en")

    assert found["direction"] == "What happens now: {direction}"
    assert not any("# version" in text for text in found.values())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_has_a_version_in_every_language(name: str, language: str) -> None:
    """Whoever compares two passages can tell with which words they were asked for."""
    assert wording.version(name, language) >= 1
    assert all(text for text in sections(name, language).values())


@pytest.mark.parametrize("name", FILES)
def test_languages_say_the_same(name: str) -> None:
    """A prompt has the same sections with the same placeholders in each language."""
    first, *others = [
        {title: _placeholders(text) for title, text in sections(name, language).items()}
        for language in LANGUAGES
    ]

    assert all(other == first for other in others)


def test_a_file_without_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt that nobody can name a version of is an error that says what is missing."""
    monkeypatch.setattr(wording, "FOLDER", tmp_path)
    (tmp_path / "lost.en.txt").write_text("[one]\nText.\n")

    with pytest.raises(ValueError, match=re.escape("lost.en.txt does not begin with")):
        sections("lost", "en")


def test_every_prompt_is_in_the_record_with_its_versions() -> None:
    """Whoever changes a prompt tries it anew on the models, and writes down what came."""
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", RECORD.read_text("utf-8"), re.MULTILINE)

    assert rows == [
        (name, *(str(wording.version(name, language)) for language in ("en", "zh"))) for name in FILES
    ]


def _placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
