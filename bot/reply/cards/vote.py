"""Show a vote as a card with buttons; what a button does is remembered in its id, so it outlives a restart."""

import re
from typing import Any, Self

import discord

from bot.locales import Text, _, _n
from bot.reply.cards.story import COLOUR
from bot.story.text import inline_name
from bot.story.votes.devices import DEVICES, SIZES
from bot.story.votes.polls import Poll
from storage.votes import Option, Vote

LETTERS = "ABCDEFGHIJ"
BAR = 10  # characters of the longest bar
EXCERPT = 300  # characters of an option; ten of them fit in a card
_IN_A_ROW = 5

_TITLES = {"twist": _("Which twist comes next?"), "next": _("What happens next?")}
_ACTIONS = {
    "propose": ("💡", _("Propose")),
    "close": ("🗳️", _("Count now")),
    "runoff": ("⚖️", _("Run-off")),
    "go": ("▶️", _("Let the narrator write it")),
}


class VoteButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"vote:(?P<vote>\d{1,18}):(?P<choice>\d{1,3}|[a-z]+)",
):
    """Carry the id of a vote and what is pressed: the number of an option, or an action."""

    def __init__(
        self, vote_id: int, choice: str, *, label: str = "?", emoji: str | None = None, row: int = 0
    ) -> None:
        self.vote_id = vote_id
        self.choice = choice
        chosen = choice.isdigit() or choice == "go"
        super().__init__(
            discord.ui.Button(
                label=label,
                emoji=emoji,
                custom_id=f"vote:{vote_id}:{choice}",
                style=discord.ButtonStyle.primary if chosen else discord.ButtonStyle.secondary,
                row=row,
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button again from its id, after a restart as before it."""
        return cls(int(match["vote"]), match["choice"])

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press to whoever listens for `vote_button`: buttons know no services."""
        interaction.client.dispatch("vote_button", interaction, self.vote_id, self.choice)


def letter(number: int) -> str:
    """Return how an option is called on its card."""
    return LETTERS[number - 1] if number <= len(LETTERS) else str(number)


def card(poll: Poll, *, thinking: bool = False) -> discord.Embed:
    """Return the card of a vote, in its story's language; `thinking` is whether the narrator will add choices."""
    locale, vote = poll.story.language, poll.vote
    shown = poll.options if vote.state in ("decided", "lapsed") else poll.standing
    blocks = [_block(poll, option, locale) for option in shown]
    lines = [*([_thinking(vote)] if thinking else []), *_lines(poll)]
    blocks.append("\n".join(line.render(locale) for line in lines))
    title = _("Run-off: {title}", title=_TITLES[vote.kind]) if vote.round > 1 else _TITLES[vote.kind]
    return discord.Embed(title=title.render(locale), description="\n\n".join(blocks)[:4096], colour=COLOUR)


def buttons(poll: Poll, *, waiting: bool) -> discord.ui.View | None:
    """Return the buttons of a vote; `waiting` is whether what was chosen still waits for the narrator."""
    vote, locale = poll.vote, poll.story.language
    view = discord.ui.View(timeout=None)
    if vote.state in ("open", "tied"):
        for place, option in enumerate(poll.standing):
            label, row = letter(option.number), place // _IN_A_ROW
            view.add_item(VoteButton(vote.id, str(option.number), label=label, row=row))
    actions = {"open": ("propose", "close") if vote.round == 1 else ("close",), "tied": ("runoff",)}
    for action in actions.get(vote.state, ("go",) if waiting else ()):
        emoji, label_ = _ACTIONS[action]
        view.add_item(VoteButton(vote.id, action, label=label_.render(locale), emoji=emoji, row=2))
    return view if view.children else None


def _block(poll: Poll, option: Option, locale: str) -> str:
    """Return an option with its kind and, where counts are told, its votes."""
    mark = "✅ " if option.number == poll.vote.winner else ""
    head = f"{mark}**{letter(option.number)}** · {_kind(poll, option).render(locale)}"
    text = option.text if len(option.text) <= EXCERPT else f"{option.text[: EXCERPT - 1]}…"
    lines = [head, *(f"> {line}" for line in text.splitlines() if line.strip())]
    if _told(poll) and option.number in poll.count.votes:
        votes = poll.count.votes[option.number]
        most = max(poll.count.votes.values())
        bar = "▰" * (-(-BAR * votes // most) if most else 0)
        number = _n("{n} vote", "{n} votes", votes)
        lines.append(f"{bar} {number.render(locale)}".strip())
    return "\n".join(lines)


def _kind(poll: Poll, option: Option) -> Text:
    if option.author_id is not None or option.author_name is not None:
        name = inline_name(option.author_name or "—")
        return _("{name}, word for word", name=name) if option.verbatim else _("{name}", name=name)
    if poll.vote.kind == "next" or option.size is None or option.device is None:
        return _("the narrator")
    return _("{size} · {device}", size=SIZES[option.size], device=DEVICES[option.device])


def _told(poll: Poll) -> bool:
    """Tell whether the counts are shown."""
    return not poll.vote.hidden or poll.vote.state != "open"


def _thinking(vote: Vote) -> Text:
    if vote.kind == "next":
        return _("⏳ The narrator is thinking of what could come next.")
    name = inline_name(vote.opener_name or "—")
    return _("⏳ The narrator is thinking of twists for {name}.", name=name)


def _lines(poll: Poll) -> list[Text]:
    """Return how the vote stands and what can be done."""
    vote, voters = poll.vote, poll.count.voters
    voted = _n("{n} person has voted.", "{n} people have voted.", voters)
    match vote.state:
        case "open":
            lines = [voted]
            if not poll.standing:
                lines = [_("Nothing is proposed yet. Propose what happens next.")]
            if vote.hidden:
                lines.append(_("The count is shown at the end."))
            if vote.deadline is not None:
                lines.append(_("Counted {when}.", when=f"<t:{vote.deadline // 1000}:R>"))
            return lines
        case "tied":
            names = tuple(letter(option.number) for option in poll.standing)
            host = inline_name(poll.story.host_name or poll.story.starter_name or "—")
            tie = _(
                "A tie between {names}. {host} or a moderator chooses one, or everyone votes again: Run-off.",
                names=names,
                host=host,
            )
            by_itself = _(
                "Without a word the run-off begins {when}.", when=f"<t:{(vote.deadline or 0) // 1000}:R>"
            )
            return [tie, by_itself] if vote.deadline is not None else [tie]
        case "decided" if poll.winner is not None:
            return [voted, _("Chosen: **{letter}**.", letter=letter(poll.winner.number))]
        case _ if poll.story.state == "ended":
            return [_("The story has ended, so nothing was chosen.")]
        case _:
            return [_("Nobody voted, so nothing was chosen.")]
