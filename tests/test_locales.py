"""Prove that every sentence can be said in every language, with the same parameters."""

import string
from pathlib import Path
from typing import Any, cast

import discord
import polib
import pytest
from babel.messages.extract import extract_from_file
from discord import app_commands

from bot.client import EXTENSIONS, Services, StoryBot
from bot.config import DiscordSettings
from bot.locales import FOLDER, Text, _, _n, nearest

ROOT = Path(__file__).parent.parent
Sentences = dict[str, tuple[str, ...]]


def sentences_in_code() -> Sentences:
    """Return every sentence marked in the code, by its singular, with all its forms."""
    found: Sentences = {}
    for path in (*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/*.py")):
        for _line, message, _comments, _context in extract_from_file(
            "python", str(path), keywords={"_": None, "_n": (1, 2)}
        ):
            forms = (message,) if isinstance(message, str) else tuple(message)
            found[forms[0]] = forms
    return found


async def sentences_of_commands() -> Sentences:
    """Return the descriptions and choices that Discord shows, from the real command tree."""
    bot = StoryBot(settings=DiscordSettings(), message_content=True)
    bot.services = cast(Services, _AnyService())
    for extension in EXTENSIONS:
        await bot.load_extension(extension)
    found: Sentences = {}
    found.update({menu.name: (menu.name,) for menu in _menus(bot)})
    for command in bot.tree.walk_commands():
        found[command.description] = (command.description,)
        for parameter in getattr(command, "parameters", ()):
            for text in (str(parameter.description), *(choice.name for choice in parameter.choices)):
                found[text] = (text,)
    return found


def _menus(bot: StoryBot) -> list[app_commands.ContextMenu]:
    """Return the menus of messages; they have no descriptions, so their names are said in each language."""
    return bot.tree.get_commands(type=discord.AppCommandType.message)


class _AnyService:
    """Stand where cogs are only made and never used."""

    def __getattr__(self, name: str) -> None:
        return None


def placeholders(text: str) -> set[str]:
    """Return the names of a sentence's parameters."""
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name}


@pytest.fixture(scope="module")
def chinese() -> polib.POFile:
    """Read the Chinese catalog."""
    return polib.pofile(str(FOLDER / "zh-CN.po"))


async def test_every_sentence_stands_in_the_chinese_catalog(chinese: polib.POFile) -> None:
    """Nothing that a user sees is missing, nothing is left from before, nothing is unsure."""
    spoken = {**sentences_in_code(), **await sentences_of_commands()}
    spoken.pop("中文")  # says itself in both languages
    catalog = {entry.msgid for entry in chinese if not entry.obsolete}

    assert sorted(spoken.keys() - catalog) == []
    assert sorted(catalog - spoken.keys()) == []
    assert [entry.msgid for entry in chinese if entry.fuzzy or entry.obsolete or not entry.translated()] == []


def test_translations_use_the_same_parameters(chinese: polib.POFile) -> None:
    """A translation neither forgets a parameter nor invents one; counting forms may leave a word out."""
    wrong = []
    for entry in chinese:
        wanted = placeholders(entry.msgid) | placeholders(entry.msgid_plural or "")
        for text in [entry.msgstr] if entry.msgstr else entry.msgstr_plural.values():
            if placeholders(text) != wanted:
                wrong.append((entry.msgid, text))

    assert wrong == []


async def test_names_of_commands_stay_and_descriptions_are_translated() -> None:
    """The translator leaves names alone, so that people of both languages talk about the same command."""
    from bot.client import Translator

    bot = StoryBot(settings=DiscordSettings(), message_content=True)
    bot.services = cast(Services, _AnyService())
    for extension in EXTENSIONS:
        await bot.load_extension(extension)
    payloads: list[dict[str, Any]] = [
        await command.get_translated_payload(bot.tree, cast(app_commands.Translator, Translator()))
        for command in bot.tree.get_commands(type=discord.AppCommandType.chat_input)
    ]

    for payload in payloads:
        assert payload["name_localizations"] == {}
        assert "zh-CN" in payload["description_localizations"]
    for menu in _menus(bot):
        said = await menu.get_translated_payload(bot.tree, cast(app_commands.Translator, Translator()))
        assert "zh-CN" in said["name_localizations"]


@pytest.mark.parametrize(("n", "said"), [(1, "1 passage"), (2, "2 passages"), (0, "0 passages")])
def test_counting_follows_each_language(n: int, said: str) -> None:
    """English has a plural, Chinese has none."""
    text = _n("{n} passage", "{n} passages", n)

    assert text.render("en-GB") == said
    assert text.render("zh-TW") == f"{n} 段"


def test_text_inside_a_text_is_said_in_the_same_language() -> None:
    """A parameter that is a sentence itself follows the reader."""
    outer = Text("{inner}", None, {"inner": _("English")})

    assert (outer.render("en"), outer.render("zh-CN")) == ("English", "英语")


def test_unknown_locale_is_answered_in_english() -> None:
    """Who speaks neither language gets English."""
    assert nearest("pt-BR") == "en"


def test_a_list_is_written_as_each_language_does() -> None:
    """A parameter of several parts has commas between them, in Chinese the mark for lists."""
    text = Text("{names}", None, {"names": ("Mara", _("English"))})

    assert (text.render("en"), text.render("zh-CN")) == ("Mara, English", "Mara、英语")
