"""Commit a finished narration: its passage, what that changes in the story, and the words that waited for its end.

These are steps inside one transaction, so that a crash finds either the job or all that came of it.
"""

from dataclasses import asdict, dataclass

from bot.clock import now as written_at
from bot.errors import StoryloomError, Unavailable
from bot.locales import _
from bot.story import standing
from bot.story.lore.contradictions import flag
from bot.story.memory import why
from bot.story.narration import again
from bot.story.narration.draft import Draft
from bot.story.standing import Standing
from bot.story.storyteller import join, show_in
from bot.story.turns import keeping as turns
from bot.story.votes import rounds
from storage import actions, boundaries, directions, inbox, narrations, passages, stories
from storage.database import Transaction
from storage.narrations import Narration as Job
from storage.passages import NewPassage, Passage
from storage.stories import Story


@dataclass(frozen=True, slots=True)
class Done:
    """Tell how a narration ended.

    `passage` is what was written; it is in the story if `kept`, else a take beside it that the asker may keep.
    `joined` are people's passages that came meanwhile, now behind it; `trouble` is why it was not finished.
    """

    passage: Passage
    kept: bool
    joined: tuple[Passage, ...]
    standing: Standing
    trouble: StoryloomError | None = None


def require_words(draft: Draft | None) -> Draft:
    """Return a draft that may become a passage; Unavailable where there is none."""
    if draft is not None and draft.crossed:
        raise Unavailable(
            _(
                "The narrator did not find words within what people here agreed on. Press Continue to let it"
                " try again, or give it another direction."
            )
        )
    if draft is None or not draft.text:
        raise Unavailable(_("The narrator found no words this time. Press Continue to let it try again."))
    return draft


async def commit(tx: Transaction, job: Job, draft: Draft, *, whole: bool, model: str, now: int) -> Done:
    """Make a passage of a draft of a model, with what people wrote meanwhile behind it.

    It is read only if it is `whole`, and as a weave if everybody's words are in it.
    """
    story = await stories.get(tx, job.story_id)
    kept = whole and (job.kind != "weave" or await rounds.holds(tx, story.id, draft.text))
    passage = await passages.add(tx, _passage(job, draft, model, kept=kept))
    await why.keep(tx, passage, draft.prompt)
    await flag(tx, passage.id, draft.contradictions)
    if kept:
        await _let_read(tx, job, story, passage, now)
    await actions.append(
        tx,
        story_id=story.id,
        actor_id=job.asked_by,
        actor_name=job.asker_name,
        kind=job.kind if kept else "stop",
        passage_id=passage.id,
        created=written_at(),
    )
    if kept:
        await turns.passed(tx, story, passage, now=now)
    joined = await close(tx, job, now=now)
    return Done(passage, kept, joined, await standing.of(tx, story))


async def close(tx: Transaction, job: Job, *, now: int) -> tuple[Passage, ...]:
    """Remove a job, if it is still there, and let waiting words join its story in their order."""
    story = await stories.get(tx, job.story_id)
    await narrations.remove(tx, job.id)
    return tuple([await join(tx, story, arrival, at=now) for arrival in await inbox.drain(tx, story.id)])


async def _let_read(tx: Transaction, job: Job, story: Story, passage: Passage, now: int) -> None:
    """Put a passage into the story, and let go what it has used up."""
    await again.put(tx, job, story, passage)
    await directions.use_up(tx, passage)
    if job.kind == "weave":
        await rounds.woven(tx, passage, now=now)
    await boundaries.left_scene(tx, story.id, job.parent)
    await _show(tx, job, passage)


async def _show(tx: Transaction, job: Job, passage: Passage) -> None:
    """Note that the message that showed the writing shows the passage: a crash may come before the last edit."""
    noted = await narrations.of_story(tx, job.story_id)
    if noted is not None and noted.message_id is not None:
        await show_in(tx, passage.id, job.channel_id, [noted.message_id], own=True)


def _passage(job: Job, draft: Draft, model: str, *, kept: bool) -> NewPassage:
    sampling = asdict(draft.sampling) | {"adapter": draft.adapter}
    del sampling["seed"], sampling["stop"]
    return NewPassage(
        story_id=job.story_id,
        parent=job.parent,
        kind="narrator",
        text=draft.text,
        asked_by=job.asked_by,
        direction=job.direction,
        model=model,
        seed=draft.sampling.seed,
        sampling=sampling,
        prompt_digest=draft.prompt.digest,
        finish="stopped" if not kept else "length" if draft.cut else "stop",
        created=written_at(),
        replaces=job.replaces,
    )
