"""Word what happened to a story's tree, for those who read along."""

from bot.locales import Text, _, _n
from bot.story.people import Person
from bot.story.text import inline_name


def taken_back(person: Person) -> Text:
    """Return the line into which a passage folds that someone took back."""
    return _("{name} took this passage back. `/redo` brings it back.", name=inline_name(person.name))


def in_place_of(link: str) -> Text:
    """Tell that the message above does not go on with the story, but changes an older passage."""
    return _("☝️ This is no new passage: it takes the place of {link}", link=link)


def changed_above(link: str) -> Text:
    """Tell the one who asked that a passage in the middle of the story reads differently now."""
    return _("The end of the story is as it was; what changed is this passage: {link}", link=link)


def elsewhere(branch: str) -> Text:
    """Return the line into which a passage folds that stands on another branch than the one that is told now."""
    return _("This passage stands on the branch “{branch}”. `/branch` switches.", branch=inline_name(branch))


def rolled_back(person: Person, passages: int, link: str) -> Text:
    """Tell that a story ends earlier now; the link leads to its newest passage and may be empty."""
    return _n(
        "⏪ {name} rolled the story back by {n} passage; `/redo` brings it back. {link}",
        "⏪ {name} rolled the story back by {n} passages; `/redo` brings them back. {link}",
        passages,
        name=inline_name(person.name),
        link=link,
    )


def brought_back(person: Person, passages: int, link: str) -> Text:
    """Tell that a story goes on further again."""
    return _n(
        "⏩ {name} brought {n} passage back. {link}",
        "⏩ {name} brought {n} passages back. {link}",
        passages,
        name=inline_name(person.name),
        link=link,
    )


def branch_opened(person: Person, branch: str, link: str) -> Text:
    """Tell that another branch was opened, and where the story goes on."""
    return _(
        "🌿 {name} opened the branch “{branch}”: from here the story can go another way. {link}",
        name=inline_name(person.name),
        branch=inline_name(branch),
        link=link,
    )


def branch_told(person: Person, branch: str, link: str) -> Text:
    """Tell that another branch is told from now on."""
    return _(
        "🌿 {name} switched to the branch “{branch}”. It goes on from here: {link}",
        name=inline_name(person.name),
        branch=inline_name(branch),
        link=link,
    )
