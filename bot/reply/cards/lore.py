"""Show lore: one entry as a card, and all of it page by page with buttons that outlive a restart."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, cast

import discord

from bot.locales import Text, _, _n
from bot.reply.cards.story import COLOUR
from bot.story.text import inline_name
from storage.lore import Kind, Version

Show = Literal["all", "pinned", "mine", "skipped"]

PAGE = 8
SEARCH = 40
_EXCERPT = 120


@dataclass(frozen=True, slots=True)
class View:
    """Say what part of the lore is shown: a kind or both, which entries, those with words in them, and the page."""

    kind: Kind | None = None
    show: Show = "all"
    search: str = ""
    page: int = 1

    @property
    def custom_id(self) -> str:
        """Return this as the id of a button."""
        return f"lore:page:{self.kind or 'both'}:{self.show}:{self.page}:{self.search}"


class LoreButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"lore:page:(?P<kind>fact|character|both):(?P<show>all|pinned|mine|skipped):"
    r"(?P<page>\d{1,5}):(?P<search>.{0,40})",
):
    """Carry what its press shows."""

    def __init__(self, view: View, label: str) -> None:
        self.about = view
        super().__init__(
            discord.ui.Button(label=label, custom_id=view.custom_id, style=discord.ButtonStyle.secondary)
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button again from its id, after a restart as before it."""
        kind = None if match["kind"] == "both" else cast(Kind, match["kind"])
        return cls(View(kind, cast(Show, match["show"]), match["search"], int(match["page"])), "")

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press to whoever listens for `lore_button`: buttons know no services."""
        interaction.client.dispatch("lore_button", interaction, self.about)


def shown(
    versions: Sequence[Version], view: View, *, person_id: int, skipped: Collection[int]
) -> list[Version]:
    """Return the entries that a view is of."""
    wanted = view.search.casefold()

    def belongs(version: Version) -> bool:
        match view.show:
            case "pinned":
                return version.pinned
            case "mine":
                return person_id in (version.owner_id, version.player_id)
            case "skipped":
                return version.id in skipped
            case "all":
                return True

    return [
        version
        for version in versions
        if (view.kind is None or version.kind == view.kind)
        and belongs(version)
        and any(wanted in part.casefold() for part in (version.title, version.text, *version.keys))
    ]


def listed(
    found: Sequence[Version], view: View, locale: str, *, skipped: Collection[int]
) -> tuple[discord.Embed, discord.ui.View | None]:
    """Return a page of entries, the nearest where that page is not there, and the buttons to turn it."""
    pages = max(1, -(-len(found) // PAGE))
    page = min(view.page, pages)
    some = found[(page - 1) * PAGE : page * PAGE]
    title = _("Characters") if view.kind == "character" else _("Lore")
    lines = [_block(version, locale, skipped=version.id in skipped) for version in some]
    empty = _(
        "There is nothing here. `/lore add` adds what the narrator must respect, `/character add` who is who."
    )
    embed = discord.Embed(
        title=title.render(locale), description="\n".join(lines) or empty.render(locale), colour=COLOUR
    )
    count = _n("{n} entry", "{n} entries", len(found))
    foot = _("{count}, page {page} of {pages}", count=count, page=page, pages=pages)
    embed.set_footer(text=foot.render(locale))
    if pages == 1:
        return embed, None
    turning = discord.ui.View(timeout=None)
    for label, to in (("◀", page - 1), ("▶", page + 1)):
        if 1 <= to <= pages:
            turning.add_item(LoreButton(replace(view, page=to), label))
    return embed, turning


def card(version: Version, locale: str, *, skipped: bool) -> discord.Embed:
    """Return one entry with all that it says."""
    embed = discord.Embed(title=plain(version.title)[:256], description=version.text, colour=COLOUR)
    for name, value in _fields(version):
        embed.add_field(name=name.render(locale), value=value.render(locale)[:1024])
    if skipped:
        embed.add_field(name="⚠️", value=_SKIPPED.render(locale), inline=False)
    who = _("Written by {name}", name=version.owner_name or "—")
    if version.author_id != version.owner_id:
        who = _(
            "Written by {name}, changed by {other}",
            name=version.owner_name or "—",
            other=version.author_name or "—",
        )
    embed.set_footer(text=who.render(locale))
    return embed


_SKIPPED = _("A pattern of this entry took too long and is skipped. Make it simpler with `/lore edit`.")


def _fields(version: Version) -> list[tuple[Text, Text]]:
    fields = []
    if version.keys:
        name = _("Also called") if version.kind == "character" else _("Keys")
        fields.append((name, _("{keys}", keys=", ".join(plain(key) for key in version.keys))))
    if version.kind == "character":
        nobody = _("the narrator")
        player = _("{name}", name=inline_name(version.player_name)) if version.player_name else nobody
        fields.append((_("Played by"), player))
    if version.voice:
        fields.append((_("Voice"), _("{voice}", voice=version.voice)))
    if version.pinned:
        fields.append((_("Pinned"), _("always in the prompt")))
    if version.priority:
        fields.append((_("Priority"), _("{n}", n=version.priority)))
    if version.family:
        fields.append((_("Group"), _("{group}", group=plain(version.family))))
    if version.cooldown:
        fields.append((_("Rests for"), _n("{n} passage", "{n} passages", version.cooldown)))
    return fields


def _block(version: Version, locale: str, *, skipped: bool) -> str:
    """Return an entry of a list: its title with signs, what it is found by, and how it begins."""
    signs = [sign for sign, there in (("📌", version.pinned), ("⚠️", skipped)) if there]
    sign = "👤 " if version.kind == "character" else ""
    head = " ".join([f"{sign}**{plain(version.title)}**", *signs])
    keys = ", ".join(plain(key) for key in version.keys)
    if len(keys) > _EXCERPT:
        keys = f"{keys[: _EXCERPT - 1]}…"
    name = _("by {name}", name=inline_name(version.owner_name or "—")).render(locale)
    text = " ".join(version.text.split())
    if len(text) > _EXCERPT:
        text = f"{text[: _EXCERPT - 1]}…"
    return "\n".join(["  ·  ".join(part for part in (head, keys, name) if part), f"> {text}"])


def plain(text: str) -> str:
    """Return a text that formats nothing and mentions nobody."""
    return discord.utils.escape_markdown(text).replace("@", "@\u200b")
