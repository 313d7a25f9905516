"""Show a story's tree: the picture, and in words what its branches are called and how to go to one."""

import io

import discord

from bot.locales import _, _n
from bot.pictures.drawn import Drawn
from bot.reply.cards.credits import name_of
from bot.story.survey.surveying import Tree
from bot.story.text import inline_name

NAMED = 12  # branches, and writers, that are named at the most
ALT = 1024  # Discord's limit for the description of a picture


def tree_words(tree: Tree, drawn: Drawn, locale: str) -> str:
    """Return the lines above the picture."""
    current, *others = (inline_name(branch.name) for branch in tree.branches)
    title = inline_name(tree.story.title)
    if others:
        line = _(
            "**{title}** is read on **{current}**. Other branches: {others}. Go to one with `/branch`.",
            title=title,
            current=current,
            others=_first([f"**{name}**" for name in others]),
        )
    else:
        line = _(
            "**{title}** has one branch, **{current}**. `/branch` opens another at the newest passage; at an older one"
            " its message's menu does: Apps, Branch from here.",
            title=title,
            current=current,
        )
    lines = [line.render(locale)]
    if drawn.unwritten:
        numbers = [f"[{number}] {inline_name(name)}" for number, name in drawn.unwritten.items()]
        lines.append(
            "-# " + _("In the picture: {numbers}", numbers=" · ".join(numbers[:NAMED])).render(locale)
        )
    if drawn.wordless:
        note = _(
            "This bot's machine has no font for the words of some passages; they stand by their numbers."
        )
        lines.append(f"-# {note.render(locale)}")
    return "\n".join(lines)


def tree_file(tree: Tree, drawn: Drawn, locale: str) -> discord.File:
    """Return the picture with words for those who cannot see it."""
    shape = tree.shape
    ranked = sorted(shape.writers.items(), key=lambda item: -item[1])
    ends = {name: row.last for row in shape.rows for name in row.heads}
    told = _n(
        "The tree of “{title}”: {n} passage is read, written by {writers}. Branches, with the passage that each"
        " ends at: {branches}.",
        "The tree of “{title}”: {n} passages are read, written by {writers}. Branches, with the passage that each"
        " ends at: {branches}.",
        shape.told,
        title=tree.story.title,
        writers=_first([f"{name_of(writer, shape.names, locale)} ({count})" for writer, count in ranked]),
        branches=_first([f"{name} ({last})" for name, last in ends.items()]),
    )
    return discord.File(io.BytesIO(drawn.png), "tree.png", description=told.render(locale)[:ALT])


def _first(names: list[str]) -> tuple[str, ...]:
    more = len(names) - NAMED
    return (*names[:NAMED], *([f"+{more}"] if more > 0 else []))
