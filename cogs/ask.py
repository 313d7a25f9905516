"""Answer questions about the story: `/ask`; nothing in the story moves by it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.errors import Refused
from bot.locales import _
from bot.reply.answers import UNSAID, answering
from bot.reply.cards.answer import answered, progress, shown_by, under
from bot.reply.sheet import NOBODY
from bot.reply.stream import PACE
from bot.reply.who import person_of, place_of, require_voice
from bot.story.narration.draft import Waiting, Writing
from bot.story.questions.questions import LONGEST, Answer, Questions

log = structlog.get_logger(__name__)


class Ask(commands.Cog):
    """Take questions; everyone gets their own answer, privately unless they want it otherwise."""

    def __init__(self, *, questions: Questions) -> None:
        self._questions = questions

    @app_commands.command(description="Ask something about the story so far; the answer is for you alone")
    @app_commands.describe(
        question="What you want to know", public="Show question and answer to everyone in the channel"
    )
    async def ask(
        self,
        interaction: discord.Interaction,
        question: app_commands.Range[str, 1, LONGEST],
        public: bool = False,
    ) -> None:
        """Answer from the story and its lore, with links to where it stands."""
        await interaction.response.defer(ephemeral=not public, thinking=True)
        if public:
            require_voice(interaction)
        locale = interaction.locale.value
        steps = self._questions.ask(place_of(interaction), person_of(interaction), question)
        answer = await _follow(interaction, steps, question)
        await interaction.edit_original_response(
            content=answered(answer, locale),
            view=None if public else under(answer, locale),
            allowed_mentions=NOBODY,
        )

    @commands.Cog.listener()
    async def on_answer_shown(self, interaction: discord.Interaction) -> None:
        """Show a private answer to everyone, once, however often the button is pressed."""
        async with answering(interaction):
            message = interaction.message
            if message is None or interaction.channel_id is None:
                raise Refused(_("I cannot find this answer any more. Please ask again."))
            require_voice(interaction)
            locale = interaction.locale.value
            await interaction.response.edit_message(view=None)
            if await self._questions.first_showing(message.id):
                channel = interaction.client.get_partial_messageable(interaction.channel_id)
                text = shown_by(interaction.user.display_name, message.content, locale)
                await channel.send(text, allowed_mentions=NOBODY, suppress_embeds=True)


async def _follow(
    interaction: discord.Interaction,
    steps: AsyncGenerator[Waiting | Writing | Answer],
    question: str,
) -> Answer:
    """Show how an answer comes, about once a second; return it."""
    loop = asyncio.get_running_loop()
    locale, shown_at = interaction.locale.value, 0.0
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, Answer):
                return step
            if loop.time() - shown_at >= PACE:
                shown_at = loop.time()
                await _show(interaction, progress(question, step, locale))
    raise AssertionError("a question ends with an answer or raises")


async def _show(interaction: discord.Interaction, content: str) -> None:
    try:
        await interaction.edit_original_response(content=content, allowed_mentions=NOBODY)
    except UNSAID as error:
        # The next edit, or the answer itself, brings it up to date.
        log.warning("an edit failed", error=repr(error))


async def setup(bot: StoryBot) -> None:
    """Add `/ask`."""
    await bot.add_cog(Ask(questions=bot.services.questions))
