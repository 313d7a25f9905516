"""Let more people ask than the narrator can serve: each hears where they stand, and nobody is turned away rudely."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.config import LimitSettings
from tests.stage import Stage, buttons, refused, saying, with_button

BELL = "A bell rang far below the water, twice, and then the tide forgot it."


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[Stage]:
    """Put the bot on a stage where one narration runs and one waits, with a speed measured already."""
    limits = LimitSettings(requests_waiting=1)
    async with Stage.open(tmp_path, settings={"limits": limits}) as stage:
        stage.backend.parallel = 1
        yield stage


async def test_who_comes_to_a_full_queue_is_told_when_there_is_room(narrow: Stage) -> None:
    """A command and a button are answered alike, privately, in the asker's language; the story stays as it was."""
    mara, jun = await narrow.seat("Mara"), await narrow.seat("Jun")
    lin = await narrow.seat("Lin", locale="zh-CN")
    await narrow.begin(mara)
    await narrow.begin(jun, channel="harbour")
    await narrow.begin(lin, channel="炉边", language="en")
    await narrow.narrate(mara, BELL)  # the speed is known from now on
    shown = await narrow.write(lin, "One lamp.", channel="炉边")
    narrow.script.hold(after=0)
    await mara.command("continue", channel="fireside")
    await mara.wait_for_message(with_button("Stop"))
    await jun.command("continue", channel="harbour")
    waiting = await jun.wait_for_message(saying("Jun asks the narrator to go on … number 1 in the queue"))

    command = await lin.command("continue", channel="炉边")
    await refused(command, "现在找旁白的人很多：已经有 1 个请求在等。大约")
    press = await lin.click(lin.current(shown), "Continue")
    await refused(press, "秒后会有空位")
    zoe = await narrow.seat("Zoe")
    await refused(
        await zoe.command("continue", channel="炉边"), "1 request waits already. There is room again in"
    )

    assert await narrow.told("炉边") == ["One lamp."]
    assert "Continue" in buttons(lin.current(shown))
    await jun.click(waiting, "Stop")
    narrow.script.go_on()
    await narrow.narrate(lin, BELL, channel="炉边")
    assert await narrow.told("炉边") == ["One lamp.", BELL]
