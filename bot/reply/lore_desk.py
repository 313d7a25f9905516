"""Answer what people ask of lore: write, change, take out, show; for the commands, windows and buttons alike."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import discord
from discord import app_commands

from bot.errors import Refused
from bot.locales import Text, _
from bot.reply.cards import lore as lore_card
from bot.reply.cards.lore import View
from bot.reply.who import person_of, place_of
from bot.reply.windows import lore as lore_modal
from bot.reply.windows.lore import Filled
from bot.story.lore.keeper import Keeper
from bot.story.lore.rules import Player
from bot.story.lore.writing import Sketch
from bot.story.text import inline_name
from storage.lore import Kind, Version

MOST = 25  # choices; Discord's


class LoreDesk:
    """Serve lore and characters."""

    def __init__(self, *, keeper: Keeper) -> None:
        self._keeper = keeper

    async def add(
        self, interaction: discord.Interaction, kind: Kind, sketch: Sketch, player: Player | None = None
    ) -> None:
        """Add an entry; a window opens where its title or text is missing."""
        if not sketch.title or not sketch.text:
            window = lore_modal.new(kind, sketch, player, interaction.locale.value)
            await interaction.response.send_modal(window)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self.take(interaction, Filled(kind, None, sketch, player))

    async def edit(
        self,
        interaction: discord.Interaction,
        name: str,
        sketch: Sketch,
        player: Player | None = None,
        *,
        kind: Kind | None = None,
    ) -> None:
        """Change an entry; a window opens where nothing is given."""
        place, person = place_of(interaction), person_of(interaction)
        if sketch == Sketch() and player is None:
            version = await self._keeper.editable(place, person, name, kind=kind)
            await interaction.response.send_modal(lore_modal.change(version, interaction.locale.value))
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        with _handing_back(interaction, kind or "fact", sketch):
            version = await self._keeper.editable(place, person, name, kind=kind)
        await self.take(interaction, Filled(version.kind, version.id, sketch, player))

    async def take(self, interaction: discord.Interaction, written: Filled) -> None:
        """Keep what was written, once deferred; what is refused goes back to who wrote it."""
        place, person = place_of(interaction), person_of(interaction)
        sketch, player = written.sketch, written.player
        with _handing_back(interaction, written.kind, sketch):
            if written.version_id is None:
                version = await self._keeper.add(place, person, written.kind, sketch, player=player)
            else:
                seen = await self._keeper.seen(place, written.version_id)
                version = await self._keeper.change(place, person, seen, sketch, player=player)
        await _answer(interaction, _kept(version))

    async def pin(self, interaction: discord.Interaction, name: str, pinned: bool | None) -> None:
        """Pin an entry or unpin it; turn that over where nothing is said."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        place, person = place_of(interaction), person_of(interaction)
        version = await self._keeper.editable(place, person, name, kind=None)
        wanted = not version.pinned if pinned is None else pinned
        if wanted != version.pinned:
            version = await self._keeper.change(place, person, version, Sketch(pinned=wanted))
        on = _(
            "“{title}” is pinned: the narrator has it in front of it all the time.",
            title=lore_card.plain(version.title),
        )
        off = _(
            "“{title}” is not pinned: it is told when it is brought up.", title=lore_card.plain(version.title)
        )
        await _answer(interaction, on if version.pinned else off)

    async def remove(self, interaction: discord.Interaction, name: str, *, kind: Kind | None = None) -> None:
        """Take an entry out of use."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        place = place_of(interaction)
        named = await self._keeper.named(place, name, kind=kind)
        gone = await self._keeper.remove(place, person_of(interaction), named.entry_id)
        line = _(
            "“{title}” is out of the lore; the narrator is no longer told.", title=lore_card.plain(gone.title)
        )
        await _answer(interaction, line)

    async def show(self, interaction: discord.Interaction, name: str | None, view: View) -> None:
        """Show one entry, or a page of what a view is of, once deferred."""
        place, locale = place_of(interaction), interaction.locale.value
        skipped = await self._keeper.skipped(place)
        if name is not None:
            version = await self._keeper.named(place, name, kind=view.kind)
            card = lore_card.card(version, locale, skipped=version.id in skipped)
            await interaction.edit_original_response(embed=card)
            return
        versions = await self._keeper.entries(place)
        found = await asyncio.to_thread(
            lore_card.shown, versions, view, person_id=interaction.user.id, skipped=skipped
        )
        embed, turning = lore_card.listed(found, view, locale, skipped=skipped)
        await interaction.edit_original_response(embed=embed, view=turning)

    async def choices(
        self, interaction: discord.Interaction, typed: str, *, kind: Kind | None = None
    ) -> list[app_commands.Choice[str]]:
        """Offer the entries whose names fit best what someone types."""
        place = place_of(interaction)
        found: Sequence[Version] = await self._keeper.suggest(place, typed, kind=kind, limit=MOST)
        return [app_commands.Choice(name=one.title, value=f"id:{one.entry_id}") for one in found]


@contextmanager
def _handing_back(interaction: discord.Interaction, kind: Kind, sketch: Sketch) -> Iterator[None]:
    """Put all that was written for an entry into what refuses it."""
    try:
        yield
    except Refused as refusal:
        words = lore_modal.typed(kind, sketch, interaction.locale.value)
        raise Refused(refusal.text, words=words) from None


def _kept(version: Version) -> Text:
    if version.kind == "character" and version.player_name:
        return _(
            "“{title}” is in the story's lore, as {name}'s own: the narrator never speaks for this character.",
            title=lore_card.plain(version.title),
            name=inline_name(version.player_name),
        )
    if version.pinned:
        return _(
            "“{title}” is in the lore and pinned: the narrator has it in front of it all the time.",
            title=lore_card.plain(version.title),
        )
    if version.keys or version.kind == "character":
        return _(
            "“{title}” is in the lore: the narrator is told of it when it comes up.",
            title=lore_card.plain(version.title),
        )
    return _(
        "“{title}” is in the lore: the narrator is told of it when its title is said, or something near it in meaning."
        " Keys make it surer: `/lore edit`.",
        title=lore_card.plain(version.title),
    )


async def _answer(interaction: discord.Interaction, text: Text) -> None:
    await interaction.edit_original_response(content=text.render(interaction.locale.value))
