"""Write on: `/write`, `/continue`, `/undo`, `/redo`, `/retry`, and the buttons under the newest passage."""

from collections.abc import Callable

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.errors import Refused
from bot.locales import Text, _
from bot.reply.answers import answering, dismiss, explain, tell
from bot.reply.cards import held as held_card
from bot.reply.files import read_text
from bot.reply.gathering import Gathering
from bot.reply.performance import Performance
from bot.reply.rewriting import Rewriting
from bot.reply.tree_lines import brought_back, changed_above, rolled_back, taken_back
from bot.reply.who import person_of, place_of, require_voice
from bot.reply.windows.tree import open_editor
from bot.reply.windows.write import WriteModal, words_of
from bot.story.lore.lore_check import LoreCheck
from bot.story.people import Person, Place
from bot.story.storyteller import Storyteller
from bot.story.tree.editing import Editor
from bot.story.tree.moved import Moved
from bot.story.tree.walking import Forester, Walked
from storage.errors import StorageError

STEPS = {"previous": -1, "next": 1}


class Writing(commands.Cog):
    """Take what people write and ask, and hand it to the storyteller and the narrator."""

    def __init__(
        self,
        *,
        storyteller: Storyteller,
        editor: Editor,
        forester: Forester,
        check: LoreCheck,
        rewriting: Rewriting,
        performance: Performance,
        gathering: Gathering,
    ) -> None:
        self._storyteller = storyteller
        self._editor = editor
        self._forester = forester
        self._check = check
        self._rewriting = rewriting
        self._performance = performance
        self._gathering = gathering

    @app_commands.command(
        description="Add your own passage to the story; without text a window opens to write in"
    )
    @app_commands.describe(
        text="Your passage",
        file="A text file with your passage, for long ones",
        replace="Put it in the place of this passage: its number, or the link of its message",
    )
    async def write(
        self,
        interaction: discord.Interaction,
        text: str | None = None,
        file: discord.Attachment | None = None,
        replace: app_commands.Range[str, 1, 200] | None = None,
    ) -> None:
        """Add a person's passage, or replace one; a window opens when there is neither text nor file."""
        if not text and file is None:
            if replace is not None:
                await self._open_editor(interaction, replace)
                return
            await self._open_window(interaction)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._write(interaction, text or "", file, replace)

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
    @app_commands.describe(
        to="Roll the story back to this passage (its number, or a link); for its host and moderators"
    )
    async def undo(
        self, interaction: discord.Interaction, to: app_commands.Range[str, 1, 200] | None = None
    ) -> None:
        """Take back the newest passage, or all up to one."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        place, person = place_of(interaction), person_of(interaction)
        if to is None:
            if not await self._say_above(interaction, await self._undo(place, person, None)):
                await dismiss(interaction)
            return
        walked = await self._forester.roll_back(place, person, to)
        await self._show_walk(walked, person, rolled_back)
        await dismiss(interaction)

    @app_commands.command(description="Bring back what was taken back last")
    @app_commands.describe(
        all="Bring back everything that leads on from here; for the story's host and moderators",
        to="Bring back up to this passage (its number, or a link); for the story's host and moderators",
    )
    async def redo(
        self,
        interaction: discord.Interaction,
        all: bool = False,
        to: app_commands.Range[str, 1, 200] | None = None,
    ) -> None:
        """Bring back what was taken back, step by step or far."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        require_voice(interaction)
        place, person = place_of(interaction), person_of(interaction)
        if all or to is not None:
            walked = await self._forester.bring_back(place, person, to)
            await self._show_walk(walked, person, brought_back)
            await dismiss(interaction)
            return
        moved = await self._storyteller.redo(place, person)
        await self._performance.show_move(moved, taken_back(person))
        if not await self._say_above(interaction, moved):
            await dismiss(interaction)

    @commands.Cog.listener()
    async def on_story_button(self, interaction: discord.Interaction, action: str, about: int) -> None:
        """Do what a button says; its `about` is the passage or narration that it stands under."""
        if action == "twist":
            return  # cogs/twist.py listens too
        async with answering(interaction):
            if action == "write":
                await self._open_window(interaction)
                return
            await interaction.response.defer()
            require_voice(interaction)
            place, person = place_of(interaction), person_of(interaction)
            if action == "undo":
                await self._say_above(interaction, await self._undo(place, person, about))
            else:
                await self._press(place, person, action, about)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take the words of the writing window, also of one that was opened before a restart."""
        words = words_of(interaction)
        if words is None:
            return
        async with answering(interaction):
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._write(interaction, words)

    async def _open_editor(self, interaction: discord.Interaction, named: str) -> None:
        place, person = place_of(interaction), person_of(interaction)
        passage_id = await self._editor.numbered(place, named)
        await open_editor(interaction, await self._editor.look(place, person, passage_id))

    async def _show_walk(
        self, walked: Walked, person: Person, line: Callable[[Person, int, str], Text]
    ) -> None:
        await self._performance.show_move(walked.moved, taken_back(person))
        link = await self._performance.board.link_to(walked.moved.now)
        story = walked.moved.now.story
        await self._performance.board.say(story, line(person, walked.passages, link))

    async def _open_window(self, interaction: discord.Interaction) -> None:
        """Open the writing window, unless it is known already that another is to write."""
        before = await self._storyteller.before_writing(place_of(interaction), person_of(interaction))
        await interaction.response.send_modal(WriteModal(interaction.locale.value, before=before))

    async def _write(
        self,
        interaction: discord.Interaction,
        words: str,
        file: discord.Attachment | None = None,
        replace: str | None = None,
    ) -> None:
        """Write what was typed, and behind it what is in a file; what is refused goes back to the writer."""
        try:
            require_voice(interaction)
            if file is not None:
                words = "\n\n".join(part for part in (words, await read_text(file)) if part)
            place, person = place_of(interaction), person_of(interaction)
            if replace is not None:
                passage_id = await self._editor.numbered(place, replace)
                await self._rewriting.rewrite(interaction, passage_id, words)
                return
            if taken := await self._gathering.take(place, person, words):
                await tell(interaction, taken)
                return
            if question := await self._check.ask(place, person, words):
                await held_card.put(interaction, question)
                for one in question.back:
                    await held_card.give_back(interaction, one.text)
                    await self._check.given_back(one)
                return
            await self._performance.write(place, person, words)
            await dismiss(interaction)
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

    async def _undo(self, place: Place, person: Person, passage_id: int | None) -> Moved:
        moved = await self._storyteller.undo(place, person, passage_id=passage_id)
        await self._performance.show_move(moved, taken_back(person))
        return moved

    async def _say_above(self, interaction: discord.Interaction, moved: Moved) -> bool:
        """Say where a passage in the middle has changed; False at the end of the channel, where everyone sees it."""
        if moved.now.branch.head != moved.before.branch.head:
            return False
        changed = [c.after or c.before for c in moved.changes]
        links = [await self._performance.board.link_of(moved.now.story, one) for one in changed if one]
        await tell(interaction, changed_above(" ".join(filter(None, links)) or "—"))
        return True


async def setup(bot: StoryBot) -> None:
    """Add the commands for writing on."""
    services = bot.services
    await bot.add_cog(
        Writing(
            storyteller=services.storyteller,
            editor=services.editor,
            forester=services.forester,
            check=services.check,
            rewriting=services.rewriting,
            performance=services.performance,
            gathering=services.gathering,
        )
    )
