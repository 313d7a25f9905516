"""Prove that the rooms keep to themselves, and that README tells the truth about them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.client import EXTENSIONS
from bot.playground.world import permissions

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "cogs", "storage")

# Which room may import which; tests may import all.
ALLOWED = {"storage": {"storage"}, "bot": {"bot", "storage"}, "cogs": {"cogs", "bot", "storage"}}

# Who alone may import a library that would otherwise spread.
ONLY = {
    "discord": ("cogs/", "bot/client.py", "bot/reply/", "bot/composition.py"),
    "aiosqlite": ("storage/database.py",),
    "sqlite3": ("storage/", "bot/check.py"),
    "xllamacpp": ("bot/engine/", "bot/check.py"),
    "torch": ("bot/engine/backends/transformers/",),
    "transformers": ("bot/engine/backends/transformers/",),
    "bitsandbytes": ("bot/engine/backends/transformers/",),
    "llguidance": ("bot/engine/backends/transformers/",),
    "accelerate": ("bot/engine/backends/transformers/",),
    "gguf": ("bot/engine/backends/transformers/",),
    "safetensors": ("bot/engine/backends/transformers/",),
    "matplotlib": ("bot/pictures/",),
}

# Rules know no Discord and no model runtime; the playground knows nothing of the bot that it serves.
BLIND = {
    "bot/story/": ("discord", "bot.reply", "bot.client", "bot.engine.backends", "bot.playground", "cogs"),
    "bot/engine/": ("discord", "storage", "bot.story", "bot.reply", "bot.playground"),
    "bot/playground/": ("discord", "storage", "bot.story", "bot.reply", "bot.engine", "bot.client"),
}


def modules() -> list[Path]:
    """Return every module of the application."""
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def name_of(path: Path) -> str:
    """Return a path as it stands in this file's tables."""
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports by dots"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_run_from_cogs_to_bot_to_storage(path: Path) -> None:
    """No room imports one that stands before it."""
    room = name_of(path).split("/", maxsplit=1)[0]
    used = {name.split(".")[0] for name in imports(path)} & set(ROOMS)

    assert used <= ALLOWED[room]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_libraries_stay_where_they_belong(path: Path) -> None:
    """Discord, SQLite and model runtimes are each imported by their own rooms only."""
    used = {name.split(".")[0] for name in imports(path)}
    strays = [library for library in ONLY if library in used and not name_of(path).startswith(ONLY[library])]

    assert strays == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_rooms_do_not_know_what_they_need_not(path: Path) -> None:
    """Stories know no Discord, the engine no stories, the playground no bot."""
    unknown = next((BLIND[room] for room in BLIND if name_of(path).startswith(room)), ())
    known = sorted(
        {
            name
            for name in imports(path)
            if name.startswith(tuple(f"{u}." for u in unknown)) or name in unknown
        }
    )

    assert known == []


def test_every_cog_is_an_extension() -> None:
    """A file in cogs/ that nobody loads would be a dead command."""
    files = {f"cogs.{path.stem}" for path in (ROOT / "cogs").glob("*.py") if path.stem != "__init__"}

    assert files == set(EXTENSIONS)


def test_readme_tree_is_true() -> None:
    """Every path in README's tree of rooms exists, and no module of the upper two levels is missing there."""
    block = re.search(
        r"<!-- rooms -->\n```\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert block is not None
    listed = set(_paths(block[1]))
    modules_of = [
        path for room in ("bot", "cogs") for path in (ROOT / room).glob("*.py") if path.stem != "__init__"
    ]
    wanted = {name_of(path) for path in modules_of} | {
        f"{path.parent.name}/" for path in ROOT.glob("*/__init__.py")
    }
    wanted |= {f"bot/{path.parent.name}/" for path in ROOT.glob("bot/*/__init__.py")}

    assert [path for path in sorted(listed) if not (ROOT / path).exists()] == []
    assert sorted(wanted - listed) == []


def _paths(tree: str) -> Iterator[str]:
    """Yield the paths of an indented tree, two spaces a level."""
    above: list[str] = []
    for line in tree.splitlines():
        name = line.split()[0]
        level = (len(line) - len(line.lstrip())) // 2
        above[level:] = [name]
        yield "".join(above)


def test_invite_link_asks_for_what_the_playground_grants() -> None:
    """The rights in README's link are those with which every test has run."""
    asked = re.search(r"permissions=(\d+)", (ROOT / "README.md").read_text(encoding="utf-8"))

    assert asked is not None
    assert int(asked[1]) == permissions.BOT
