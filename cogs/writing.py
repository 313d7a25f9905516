"""Write on: `/write`, `/continue`, `/undo`, `/redo`, `/retry`, and the buttons under the newest passage."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.errors import Refused
from bot.locales import _
from bot.reply.answers import answering, dismiss, explain
from bot.reply.files import read_text
from bot.reply.performance import Performance
from bot.reply.tree_lines import taken_back
from bot.reply.who import person_of, place_of, require_voice
from bot.reply.write_modal import WriteModal, words_of
from bot.story.people import Person, Place
from bot.story.storyteller import Storyteller
from storage.errors import StorageError

STEPS = {"previous": -1, "next": 1}


class Writing(commands.Cog):
    """Take what people write and ask, and hand it to the storyteller and the narrator."""

    def __init__(self, *, storyteller: Storyteller, performance: Performance) -> None:
        self._storyteller = storyteller
        self._performance = performance

    @app_commands.command(
        description="Add your own passage to the story; without text a window opens to write in"
    )
    @app_commands.describe(text="Your passage", file="A text file with your passage, for long ones")
    async def write(
        self,
        interaction: discord.Interaction,
        text: str | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        """Add a person's passage; a modal opens when there is neither text nor file."""
        if not text and file is None:
            await interaction.response.send_modal(WriteModal(interaction.locale.value))
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._write(interaction, text or "", file)
        await dismiss(interaction)

    @app_commands.command(name="continue", description="Let the narrator write the next passage")
    @app_commands.describe(direction="What should happen next; it counts for this passage only")
    async def continue_(
        self, interaction: discord.Interaction, direction: app_commands.Range[str, 1, 500] | None = None
    ) -> None:
        """Ask the narrator for the next passage."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        await self._performance.go_on(place_of(interaction), person_of(interaction), direction=direction)
        await dismiss(interaction)

    @app_commands.command(
        description="Let the narrator write its newest passage again; the old one is kept as a take"
    )
    @app_commands.describe(note="What should be different this time")
    async def retry(
        self, interaction: discord.Interaction, note: app_commands.Range[str, 1, 500] | None = None
    ) -> None:
        """Ask the narrator for another take."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        await self._performance.again(place_of(interaction), person_of(interaction), note=note)
        await dismiss(interaction)

    @app_commands.command(description="Take back the newest passage; nothing is thrown away")
    async def undo(self, interaction: discord.Interaction) -> None:
        """Take back the newest passage."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        await self._undo(place_of(interaction), person_of(interaction), None)
        await dismiss(interaction)

    @app_commands.command(description="Bring back the passage that was taken back last")
    async def redo(self, interaction: discord.Interaction) -> None:
        """Bring back what was taken back."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        person = person_of(interaction)
        moved = await self._storyteller.redo(place_of(interaction), person)
        await self._performance.show_move(moved, taken_back(person))
        await dismiss(interaction)

    @commands.Cog.listener()
    async def on_story_button(self, interaction: discord.Interaction, action: str, about: int) -> None:
        """Do what a button says; its `about` is the passage or narration that it stands under."""
        async with answering(interaction):
            if action == "write":
                await interaction.response.send_modal(WriteModal(interaction.locale.value))
                return
            await interaction.response.defer()
            require_voice(interaction)
            await self._press(place_of(interaction), person_of(interaction), action, about)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take the words of the writing window, also of one that was opened before a restart."""
        words = words_of(interaction)
        if words is None:
            return
        async with answering(interaction):
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._write(interaction, words)
            await dismiss(interaction)

    async def _write(
        self, interaction: discord.Interaction, words: str, file: discord.Attachment | None = None
    ) -> None:
        """Write what was typed, and behind it what is in a file; what is refused goes back to the writer."""
        try:
            require_voice(interaction)
            if file is not None:
                words = "\n\n".join(part for part in (words, await read_text(file)) if part)
            await self._performance.write(place_of(interaction), person_of(interaction), words)
        except StorageError as error:
            raise Refused(explain(error).text, words=words) from error
        except Refused as refusal:
            raise Refused(refusal.text, words=refusal.words or words) from None

    async def _press(self, place: Place, person: Person, action: str, about: int) -> None:
        performance = self._performance
        match action:
            case "continue":
                await performance.go_on(place, person, passage_id=about)
            case "retry":
                await performance.again(place, person, passage_id=about)
            case "undo":
                await self._undo(place, person, about)
            case "previous" | "next":
                moved = await self._storyteller.choose_take(
                    place, person, passage_id=about, step=STEPS[action]
                )
                await performance.show_move(moved, taken_back(person))
            case "keep":
                moved = await self._storyteller.keep(place, person, passage_id=about)
                await performance.show_move(moved, taken_back(person))
            case "stop":
                performance.stop(about, person)
            case _:
                raise Refused(
                    _(
                        "This button has no use any more. Use the buttons under the newest passage, or a command."
                    )
                )

    async def _undo(self, place: Place, person: Person, passage_id: int | None) -> None:
        moved = await self._storyteller.undo(place, person, passage_id=passage_id)
        await self._performance.show_move(moved, taken_back(person))


async def setup(bot: StoryBot) -> None:
    """Add the commands for writing on."""
    await bot.add_cog(Writing(storyteller=bot.services.storyteller, performance=bot.services.performance))
