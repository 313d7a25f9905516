"""Choose the LoRA adapter with which a story's narrator writes: the story's own choice, else its server's.

What is kept is a name of the host's configuration, `none` for the model as it is, or nothing for no choice. A name that
the host took out of the configuration stays where it was chosen, and the narrator writes without it meanwhile.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import structlog

from bot.config import NO_ADAPTER, UNSET_ADAPTER
from bot.errors import Refused
from bot.locales import _
from bot.story.text import inline_name
from storage import guilds
from storage.database import Database
from storage.stories import Story

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Voice:
    """Tell what a story's narrator writes with: no name is the model as it is.

    `own` is whether the story, or the server that was asked about, chose it itself; `known` whether the host still has
    it.
    """

    name: str
    own: bool
    known: bool


class Adapters:
    """Know the host's adapters, and who chose which; `names` change when the host changes them."""

    def __init__(self, *, database: Database, names: Iterable[str]) -> None:
        self._database = database
        self.names: tuple[str, ...] = tuple(names)

    async def voice(self, story: Story) -> Voice:
        """Return what a story's narrator writes with."""
        if story.adapter:
            return self._voice(story.adapter, own=True)
        return replace(await self.of_guild(story.guild_id), own=False)

    async def of_guild(self, guild_id: int) -> Voice:
        """Return what a server's narrator writes with in stories that chose nothing; direct messages choose nothing."""
        chosen = await guilds.adapter_of(self._database, guild_id)
        return self._voice(chosen, own=bool(chosen))

    async def for_request(self, story: Story) -> str:
        """Return the name to ask the model for; one that the host has no more is left out, and logged."""
        voice = await self.voice(story)
        if not voice.known:
            log.warning("adapter not configured; writing without it", adapter=voice.name, story=story.id)
        return voice.name if voice.known else ""

    async def choose_for_guild(self, guild_id: int, wish: str) -> None:
        """Let a server's narrator write with what was wished for."""
        adapter = self.chosen(wish)
        async with self._database.transaction() as tx:
            await guilds.set_adapter(tx, guild_id, adapter)
        log.info("adapter chosen for a server", guild=guild_id, adapter=adapter)

    def chosen(self, wish: str) -> str:
        """Return what to keep for a wish; refused where the host has no such adapter."""
        if wish == UNSET_ADAPTER:
            return ""
        if wish != NO_ADAPTER and wish not in self.names:
            raise Refused(
                _(
                    "There is no voice “{name}” here. Choose one from the list that opens as you type,"
                    " or ask the host to add it.",
                    name=inline_name(wish),
                )
            )
        return wish

    def _voice(self, chosen: str, *, own: bool) -> Voice:
        name = "" if chosen == NO_ADAPTER else chosen
        return Voice(name, own=own, known=not name or name in self.names)
