"""Ask the narrator for a passage that is there already, with one change."""

from bot.story.wording import sections
from storage import passages
from storage.database import Reader
from storage.narrations import Narration

LONGEST = 3000  # characters of a passage to be changed; what is longer could push the story out of the prompt
_ENDS = (".", "!", "?", "。", "！", "？", "…")


async def fix_of(reader: Reader, job: Narration, language: str) -> str | None:
    """Return the request that goes with a fix; None for other jobs."""
    if job.kind != "fix" or job.replaces is None or job.direction is None:
        return None
    old = (await passages.get(reader, job.replaces)).text
    wish = job.direction.strip()
    stop = "" if wish.endswith(_ENDS) else "。" if language == "zh" else "."
    return sections("fix", language)["request"].format(passage=old[:LONGEST], instruction=f"{wish}{stop}")
