"""A word that was acknowledged survives the death of the process at any moment."""

import random
import subprocess
import sys
import time
from pathlib import Path

from storage import actions, stories, trail
from storage.database import Database
from tests.stored import CHANNEL

ROUNDS = 6


def _write_until_killed(path: Path, moment: random.Random) -> list[str]:
    """Kill a writer without warning; return what it had acknowledged."""
    command = [sys.executable, "-m", "tests.crashing_writer", str(path)]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [next(writer.stdout) for _ in range(moment.randrange(1, 60))]
        time.sleep(moment.random() / 100)
        writer.kill()
        acknowledged += writer.stdout.readlines()
    return [line.strip() for line in acknowledged if line.strip().isdecimal()]


async def test_acknowledged_words_survive_kill(tmp_path: Path) -> None:
    """Kill after kill, the file opens clean and unlocked, with every acknowledged passage."""
    path = tmp_path / "storyloom.db"
    moment = random.Random(20)
    acknowledged: list[str] = []
    for _ in range(ROUNDS):
        acknowledged += _write_until_killed(path, moment)

        async with Database.open(path) as database:
            story = await stories.running_in(database, CHANNEL)
            assert story is not None
            kept = [told.passage for told in await trail.read(database, story.branch_id)]
            logged = await actions.of_story(database, story.id, limit=10**6)

        assert set(acknowledged) <= {passage.text for passage in kept}
        assert [passage.text for passage in kept] == [str(number) for number in range(len(kept))]
        assert [action.passage_id for action in logged[::-1]] == [passage.id for passage in kept]
