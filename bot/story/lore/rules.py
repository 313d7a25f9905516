"""Refuse, kindly, what lore has no room for, what it has already, and what is not one's own to change."""

from dataclasses import dataclass
from hashlib import blake2b

from bot.errors import Refused
from bot.locales import _
from bot.story.lore.keys import fold
from bot.story.people import Person
from bot.story.text import inline_name
from storage import lore
from storage.database import Reader
from storage.lore import NewVersion, Version
from storage.stories import Story

MOST = 10_000
PINNED_BYTES = 4000
"""What all pinned entries may hold together: they take this from every prompt."""


@dataclass(frozen=True, slots=True)
class Player:
    """Name the writer whose own character it is; without an id it is nobody's, so the narrator's."""

    id: int | None
    name: str | None


def digest(text: str) -> str:
    """Return the same short text for texts that read the same."""
    return blake2b(fold(text).encode(), digest_size=12).hexdigest()


async def current(reader: Reader, story: Story, entry_id: int) -> Version:
    """Return an entry of a story as it is in use; refused where it is not."""
    version = await lore.entry(reader, entry_id, story.branch_id)
    if version is None or version.story_id != story.id:
        raise Refused(
            _(
                "This entry is not in use here: it was removed, or belongs to another branch. `/lore list` shows all."
            )
        )
    return version


async def require_unchanged(reader: Reader, story: Story, seen: Version, words: str) -> None:
    """Refuse a change of what was changed since it was seen; the words go back to who wrote them."""
    version = await current(reader, story, seen.entry_id)
    if version.id != seen.id:
        raise Refused(
            _(
                "{name} changed this entry meanwhile. Open it again with `/lore edit` and add what is missing;"
                " your words are in the file.",
                name=inline_name(version.author_name or "—"),
            ),
            words=words,
        )


def require_owner(story: Story, person: Person, version: Version) -> None:
    """Refuse to change what someone else wrote; the story's host and moderators may, and who plays a character."""
    if person.moderator or person.id in (version.owner_id, version.player_id, story.hosted_by):
        return
    raise Refused(
        _(
            "“{title}” is {name}'s. Only {name}, the host of this story and moderators can change it;"
            " you can add an entry of your own with `/lore add`.",
            title=inline_name(version.title),
            name=inline_name(version.owner_name or "—"),
        )
    )


def require_player(story: Story, person: Person, player: Player | None) -> None:
    """Refuse to give a character to somebody else; the story's host and moderators may."""
    if player is None or player.id in (None, person.id) or person.moderator or person.id == story.hosted_by:
        return
    raise Refused(
        _(
            "You can make a character your own. That it is {name}'s, {name} can say, or the host of this story,"
            " or a moderator.",
            name=inline_name(player.name or "—"),
        )
    )


async def require_new(reader: Reader, story: Story, new: NewVersion, *, entry_id: int | None) -> None:
    """Refuse what stands in another entry already."""
    for other in await lore.alike(
        reader,
        story.id,
        story.branch_id,
        title_digest=new.title_digest,
        text_digest=new.text_digest,
    ):
        if other.entry_id != entry_id:
            raise _known(other, new)


async def require_room(reader: Reader, story: Story, new: NewVersion, *, entry_id: int | None) -> None:
    """Refuse more than a story can hold, in all and pinned."""
    entries, pinned = await lore.held(reader, story.id, story.branch_id, but=entry_id)
    if entries >= MOST:
        raise Refused(
            _("This story has {limit} entries already. Remove some that matter no more.", limit=f"{MOST:,}"),
            words=new.text,
        )
    if new.pinned and pinned + len(new.text.encode()) > PINNED_BYTES:
        raise Refused(
            _(
                "The pinned entries of this story have no more room: together they hold up to {limit} bytes."
                " Unpin another with `/lore pin`, or give this one keys instead.",
                limit=f"{PINNED_BYTES:,}",
            ),
            words=new.text,
        )


def _known(other: Version, new: NewVersion) -> Refused:
    if other.text_digest == new.text_digest:
        return Refused(
            _(
                "“{title}” says exactly this already. To change it, use `/lore edit`.",
                title=inline_name(other.title),
            ),
            words=new.text,
        )
    return Refused(
        _(
            "There is an entry “{title}” already. Change that one with `/lore edit`, or take another title.",
            title=inline_name(other.title),
        ),
        words=new.text,
    )
