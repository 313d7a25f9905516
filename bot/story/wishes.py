"""Say to the narrator what another take of a passage shall do better."""

from bot.story.wording import sections
from storage import passages
from storage.database import Reader
from storage.narrations import Narration

LONGEST = 3000  # characters of a passage to be changed; what is longer could push the story out of the prompt


async def note_of(reader: Reader, job: Narration, language: str) -> str | None:
    """Return the note for a retry; for a fix with the passage that is to be changed; none for what is new."""
    if job.kind == "fix" and job.replaces is not None:
        old = (await passages.get(reader, job.replaces)).text
        return sections("fix", language)["note"].format(passage=old[:LONGEST], instruction=job.direction)
    return job.direction if job.kind == "retry" else None
