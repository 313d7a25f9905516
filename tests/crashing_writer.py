"""Write passages until killed; print each one's text once it is committed. Run by test_crash."""

import asyncio
import sys
from itertools import count
from pathlib import Path

from storage import actions, branches, stories
from storage.database import Database
from tests.stored import ALICE, CHANNEL, by_person, new_story, write


async def main(path: Path) -> None:
    """Go on with the channel's story, or start it; one transaction a passage, as play does it."""
    async with Database.open(path) as database:
        async with database.transaction() as tx:
            story = await stories.running_in(tx, CHANNEL) or await stories.create(tx, new_story())
            branch = await branches.get(tx, story.branch_id)
        (written,) = await database.fetch_all("SELECT count(*) AS n FROM passages")
        for number in count(written["n"]):
            async with database.transaction() as tx:
                branch, passage = await write(tx, branch, by_person(story, branch.head, f"{number}"))
                await actions.append(
                    tx, story_id=story.id, kind="write", created=1, actor_id=ALICE, passage_id=passage.id
                )
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
