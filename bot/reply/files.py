"""Read the text of a file that someone attached."""

import discord

from bot.errors import Refused
from bot.locales import _

LARGEST = 400_000  # bytes; a hundred thousand characters of any script
SUFFIXES = (".txt", ".md", ".text")


def is_text(file: discord.Attachment) -> bool:
    """Tell whether a file can hold a passage."""
    return (file.content_type or "").startswith("text/plain") or file.filename.lower().endswith(SUFFIXES)


async def read_text(file: discord.Attachment) -> str:
    """Return a file's text; refused if it is not text, or far too large."""
    if not is_text(file) or file.size > LARGEST:
        raise Refused(
            _("I can read plain text files up to 400 KB. Save the passage as a .txt file and send it again.")
        )
    try:
        return (await file.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(
            _("I cannot read this file's characters. Save it as UTF-8 text and send it again.")
        ) from None


async def typed_words(message: discord.Message) -> str:
    """Return what someone typed into a message, and behind it what is in its text files."""
    texts = [await read_text(file) for file in message.attachments if is_text(file)]
    return "\n\n".join(part for part in (message.content, *texts) if part.strip())
