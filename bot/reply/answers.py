"""Answer a person privately: what was refused and why, and, whatever else went wrong, one kind line.

This is the one error policy. In this order: a sentence made for the reader is shown as it is; a missing right of the
bot or the person is explained; a broken database or Discord is named; anything else is logged in full and excused.
"""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
import structlog
from discord import app_commands

from bot.errors import Refused, StoryloomError, Unavailable
from bot.locales import Text, _
from storage.errors import StorageError

log = structlog.get_logger(__name__)

UNSAID = (discord.HTTPException, aiohttp.ClientError, TimeoutError)
"""What is raised where Discord refuses something, fails at it or cannot be reached."""


async def dismiss(interaction: discord.Interaction) -> None:
    """Take away the sign that the bot is thinking; what was asked for is done, whatever Discord says to this."""
    try:
        await interaction.delete_original_response()
    except UNSAID as error:
        # After a long wait in the queue the interaction is too old.
        log.warning("a sign of thinking stays", error=repr(error), command=_name(interaction))


async def tell(interaction: discord.Interaction, text: Text, *, words: str | None = None) -> None:
    """Say something to the one who asked, in their language; words that were not taken come back as a file."""
    content = text.render(interaction.locale.value)
    file = discord.File(io.BytesIO(words.encode()), "your-words.txt") if words else discord.utils.MISSING
    if interaction.response.is_done():
        await interaction.followup.send(content, ephemeral=True, file=file)
    else:
        await interaction.response.send_message(content, ephemeral=True, file=file)


@asynccontextmanager
async def answering(interaction: discord.Interaction) -> AsyncIterator[None]:
    """Turn whatever goes wrong inside into an answer to the one who asked."""
    try:
        yield
    except Exception as error:  # the root of what one person set off
        await answer_error(interaction, error)


async def answer_error(interaction: discord.Interaction, error: Exception) -> None:
    """Tell the one who asked what went wrong; the log has the detail."""
    shown = explain(error)
    # The sentence as it stands in the catalog: filled in, it could hold someone's words.
    log.info("request refused", reason=shown.text.msgid, command=_name(interaction))
    try:
        await tell(interaction, shown.text, words=shown.words if isinstance(shown, Refused) else None)
    except UNSAID as unsaid:
        # The interaction is too old or gone; there is nobody left to tell.
        log.warning("a refusal could not be delivered", error=repr(unsaid), refusal=shown.text.msgid)


def explain(error: Exception) -> StoryloomError:
    """Return what to say about an error; unexpected ones are logged in full here."""
    if isinstance(error, app_commands.CommandInvokeError | app_commands.TransformerError):
        error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    match error:
        case StoryloomError():
            return error
        case discord.Forbidden():
            log.warning("discord forbids", error=repr(error))
            return Refused(
                _(
                    "I lack a permission for that here. Ask a moderator to let me view this channel, send messages,"
                    " embed links and attach files."
                )
            )
        case discord.DiscordServerError() | aiohttp.ClientError() | TimeoutError():
            log.warning("discord does not answer", error=repr(error))
            return Unavailable(
                _("Discord does not answer me just now. Nothing was lost; please try again in a moment.")
            )
        case app_commands.NoPrivateMessage():
            return Refused(_("This works in a server only."))
        case StorageError():
            log.error("storage failed", error=str(error))
            return Unavailable(
                _("The stories cannot be reached just now. Nothing was lost; please try again soon.")
            )
        case _:
            log.error("unexpected error", exc_info=error)
            return Unavailable(_("Something went wrong on my side. Your words are safe; please try again."))


def _name(interaction: discord.Interaction) -> str:
    return interaction.command.qualified_name if interaction.command else str(interaction.type.name)
