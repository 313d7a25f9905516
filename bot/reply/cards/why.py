"""Show what made a passage: the parts of its prompt, what they cost, and why each thing is in them."""

from collections.abc import Iterator, Sequence

import discord

from bot.locales import Text, _, _n
from bot.reply.cards.memory import LEVELS, plain
from bot.reply.cards.story import COLOUR
from bot.story.lore.found import OBSTACLES
from bot.story.memory.prompt import PartName
from bot.story.memory.reminders import Item
from bot.story.memory.why import Cost, Why
from bot.story.text import inline_name
from storage.prompts_used import KEPT

_ROOM, _FIELD, _WHOLE = 1600, 650, 6000  # characters of text, of a field, of a card with all its fields
_ITEMS = 12  # of one part of a prompt
_SAMPLING = (
    "temperature",
    "top_p",
    "min_p",
    "repetition_penalty",
    "dry_multiplier",
    "max_tokens",
    "adapter",
)

PARTS: dict[PartName, Text] = {
    "rules": _("Rules"),
    "story": _("Title and premise"),
    "pinned": _("Pinned lore"),
    "recaps": _("Recaps"),
    "settled": _("Lore of this part of the story"),
    "passages": _("Passages, word for word"),
    "triggered": _("Lore that came up"),
    "cast": _("Who is there"),
    "request": _("Request"),
    "direction": _("Direction"),
}


def why(found: Why, locale: str) -> discord.Embed:
    """Return what made a passage, part by part; the prompt itself goes into a file."""
    number = _("a passage that is not read now") if found.number is None else _("passage {n}", n=found.number)
    title = _("What made {passage}", passage=number).render(locale)
    lines = "\n".join(text.render(locale) for text in _lines(found))
    embed = discord.Embed(title=title, description=lines[:_ROOM], colour=COLOUR)
    for cost in found.parts:
        _add(
            embed,
            PARTS[cost.part.name].render(locale),
            [_item_line(item, locale) for item in cost.part.items],
        )
    lost = [f"{inline_name(one.title)}: {OBSTACLES[one.obstacle].render(locale)}" for one in found.left_out]
    _add(embed, _("Left out").render(locale), lost)
    return embed


def _add(embed: discord.Embed, name: str, lines: Sequence[str]) -> None:
    """Add a field of lines as far as there is room."""
    value = "\n".join(lines[:_ITEMS])[:_FIELD]
    if value and len(embed) + len(name) + len(value) <= _WHOLE:
        embed.add_field(name=name, value=value, inline=False)


def prompt_file(found: Why) -> str:
    """Return the exact prompt as text: each message under its role."""
    return "\n\n".join(f"=== {message.role} ===\n{message.content}" for message in found.messages)


def _lines(found: Why) -> Iterator[Text]:
    """Yield what the card says above its fields."""
    yield _model_line(found)
    if found.passage.direction:
        yield _("Asked for: {direction}", direction=plain(found.passage.direction))
    if not found.parts:
        yield _("Its prompt is not kept any more: the newest {n} of a story are.", n=KEPT)
        return
    yield _n(
        "The prompt has {n} token:", "The prompt has {n} tokens:", sum(cost.tokens for cost in found.parts)
    )
    for cost in found.parts:
        yield _cost_line(cost)


def _model_line(found: Why) -> Text:
    passage, sampling = found.passage, found.passage.sampling or {}
    shown = ", ".join(f"{key} {value}" for key in _SAMPLING if (value := sampling.get(key)))
    return _(
        "Model {model}, seed {seed}, {sampling}",
        model=inline_name(passage.model or "—"),
        seed=passage.seed if passage.seed is not None else "—",
        sampling=shown,
    )


def _cost_line(cost: Cost) -> Text:
    return _n("- {part}: {n} token", "- {part}: {n} tokens", cost.tokens, part=PARTS[cost.part.name])


def _item_line(item: Item, locale: str) -> str:
    if item.kind == "recap":
        level, numbers = item.title.split(" ")
        name = next((text for one, text in LEVELS.items() if one == level), _("Recaps"))
        return _("{name}, passages {numbers}", name=name, numbers=numbers).render(locale)
    reasons = ", ".join(reason.text.render(locale) for reason in item.reasons)
    return f"{inline_name(item.title)}: {reasons}" if reasons else inline_name(item.title)
