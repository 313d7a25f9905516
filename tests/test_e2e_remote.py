"""Tell a story whose narrator runs on other machines, which come and go."""

from pathlib import Path

import pytest

from bot.engine.backends import openai
from tests.faulty_proxy import FaultyProxy, cut
from tests.model_server import model_server
from tests.stage import Stage, refused, saying

HERE = "fireside"
FIRST = "The lamp went out."
SAYS = f"{FIRST} Below, in the dark, somebody called her name, and called again."


async def test_a_story_outlives_its_narrators_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks meanwhile is told so and what to do, nothing is lost, and later it goes on without a restart."""
    monkeypatch.setattr(openai, "FIRST_WAIT", 0.05)
    async with model_server("Qwen/Qwen3-8B", says=SAYS) as server:

        async def upstream() -> str:
            return server

        async with FaultyProxy.open(upstream) as proxy:
            settings = {
                "model": {"backend": "openai"},
                "openai": {"base_urls": [proxy.url], "retries": 1, "health_seconds": 1},
            }
            async with Stage.open(tmp_path, settings=settings, model=True) as stage:
                mara = await stage.seat("Mara")
                await stage.begin(mara)
                await stage.write(mara, "Ann climbed the stairs.")
                await proxy.refuse()
                stage.allow("no model server answers")
                away = await mara.command("continue", channel=HERE)

                await refused(away, "does not answer just now")
                assert await stage.told() == ["Ann climbed the stairs."]

                await proxy.listen()
                await mara.command("continue", channel=HERE)
                await mara.wait_for_message(saying(SAYS, button="Retry"))

                assert await stage.told() == ["Ann climbed the stairs.", SAYS]


async def test_words_that_came_before_the_machine_was_lost_are_kept(tmp_path: Path) -> None:
    """Who asked for the passage may take it as far as it came."""
    async with model_server("Qwen/Qwen3-8B", says=SAYS) as server:

        async def upstream() -> str:
            return server

        async with FaultyProxy.open(upstream) as proxy:
            settings = {"model": {"backend": "openai"}, "openai": {"base_urls": [proxy.url]}}
            async with Stage.open(tmp_path, settings=settings, model=True) as stage:
                mara = await stage.seat("Mara")
                await stage.begin(mara)
                proxy.faults.append(cut(1))
                await mara.command("continue", channel=HERE)
                stopped = await mara.wait_for_message(saying(FIRST, button="Keep it"))
                await mara.click(stopped, "Keep it")
                await mara.wait_for_message(saying(FIRST, button="Retry"))

                (told,) = await stage.told()
                assert told.startswith(FIRST)
                assert told != SAYS
