"""Show one text in a channel: as many messages as it needs, edited in place, never to the same content twice."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import discord
import structlog

from bot.story.pages import paginate

log = structlog.get_logger(__name__)

# Discord's limit is 2,000; the rest is for the line under the text, so that page ends do not move when it changes.
PAGE = 1850
LONG = 10_000  # characters; the host may allow passages of ten times as many
DELETED = 10008
TOO_OLD = 30046  # Discord's word for too many edits of messages that are older than an hour
SURPLUS = "-# …"  # shown by a message that once held more of a text than there is now
NOBODY = discord.AllowedMentions.none()

Components = list[dict[str, Any]]


@dataclass(slots=True)
class Page:
    """Remember what one message shows, so that an equal edit is never sent; `content` None is not known."""

    message_id: int
    content: str | None = None
    components: Components | None = None


@dataclass(slots=True)
class Sheet:
    """Keep the messages of one text in step with it; `deleted` are those that were not needed any more."""

    channel: discord.PartialMessageable
    pages: list[Page] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)

    @property
    def message_ids(self) -> list[int]:
        """Return the messages that show the text, in order."""
        return [page.message_id for page in self.pages]

    async def show(
        self, text: str, *, foot: str, view: discord.ui.View | None = None, keep: bool = False
    ) -> None:
        """Bring the messages up to date: text over pages, `foot` and the buttons under the last.

        Messages that are not needed go; with `keep` they stay, next to empty, so that a longer text can come back.
        """
        contents = await _paged(text) if text else [""]
        contents[-1] = f"{contents[-1]}\n-# {foot}".strip()
        for index, content in enumerate(contents):
            page_view = view if index == len(contents) - 1 else None
            if index < len(self.pages):
                await self._edit(self.pages[index], content, page_view)
            else:
                self.pages.append(await self._send(content, page_view))
        while not keep and len(self.pages) > len(contents):
            await self._delete(self.pages.pop())
        for page in self.pages[len(contents) :]:
            await self._edit(page, SURPLUS, None)

    async def fold(self, line: str) -> bool:
        """Let the first message show a line and the others next to nothing; False where Discord lets no edit pass.

        All messages stay, so that the text can come back to where it stood.
        """
        for index, page in enumerate(self.pages):
            content = SURPLUS if index else f"-# {line}"
            try:
                message = self.channel.get_partial_message(page.message_id)
                await message.edit(content=content, view=None, allowed_mentions=NOBODY)
            except discord.HTTPException as error:
                if error.code == TOO_OLD:
                    return False
                if error.code != DELETED:
                    raise
                log.info("a message to fold is gone", message=page.message_id)
            page.content, page.components = content, []
        return True

    async def clear(self) -> None:
        """Delete the messages."""
        while self.pages:
            await self._delete(self.pages.pop())

    async def _send(self, content: str, view: discord.ui.View | None) -> Page:
        message = await self.channel.send(
            content, view=view or discord.utils.MISSING, allowed_mentions=NOBODY
        )
        return Page(message.id, content, _components(view))

    async def _edit(self, page: Page, content: str, view: discord.ui.View | None) -> None:
        """Edit a message if that changes it; one that cannot be edited any more is sent anew."""
        if page.content == content and page.components == _components(view):
            return
        try:
            message = self.channel.get_partial_message(page.message_id)
            await message.edit(content=content, view=view, allowed_mentions=NOBODY)
        except discord.HTTPException as error:
            if error.code not in (DELETED, TOO_OLD):
                raise
            log.info("a message cannot be edited; sending it anew", message=page.message_id, code=error.code)
            page.message_id = (await self._send(content, view)).message_id
        page.content, page.components = content, _components(view)

    async def _delete(self, page: Page) -> None:
        self.deleted.add(page.message_id)
        try:
            await self.channel.get_partial_message(page.message_id).delete()
        except discord.NotFound:
            log.info("a surplus message was gone already", message=page.message_id)


async def _paged(text: str) -> list[str]:
    """Return the pages, of long texts in a thread: those take longer than the event loop may be held."""
    if len(text) > LONG:
        return await asyncio.to_thread(paginate, text, limit=PAGE)
    return paginate(text, limit=PAGE)


def _components(view: discord.ui.View | None) -> Components:
    return view.to_components() if view is not None else []
