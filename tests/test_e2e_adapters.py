"""Choose the narrator's voice: for a server, for a story, and what happens when the host takes one away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.person import Refused as ServerRefused
from tests.person_forms import Payload
from tests.stage import Stage, answered, refused

HERE = "fireside"
BELL = "A bell rang far below the water, twice, and then the tide forgot it."
DOOR = "The door at the top of the stairs stood open, and the wind went in first."
SHIP = "Somebody had painted a new name over the old one on the hull of the ship."
VOICES = {"noir": "adapters/noir", "fable": "adapters/fable", "古风": "adapters/gu"}


@pytest.fixture
async def voiced(tmp_path: Path) -> AsyncIterator[Stage]:
    """Put a bot on a stage whose host has three voices."""
    async with Stage.open(tmp_path, settings={"adapters": VOICES}) as stage:
        yield stage


def voice(message: Payload) -> str | None:
    """Return the voice that a card tells of."""
    shown = {field["name"]: field["value"] for field in message["embeds"][0]["fields"]}
    return shown.get("Voice")


async def test_a_story_has_its_own_voice_or_its_servers(voiced: Stage) -> None:
    """The narrator writes with it from the next passage on, and the card tells of it."""
    ada = await voiced.seat("Ada", roles=["admin"])
    await voiced.begin(ada)
    assert voice(await answered(await ada.command("story show", channel=HERE))) == "the model's own"
    told = await answered(await ada.command("setup narrator", channel=HERE, options={"adapter": "noir"}))
    assert "The narrator's voice on this server: noir." in told["content"]
    shown = await answered(await ada.command("story show", channel=HERE))
    assert voice(shown) == "noir (this server's choice)"
    await voiced.narrate(ada, BELL)
    options = {"adapter": "古风"}
    assert voice(await answered(await ada.command("story settings", channel=HERE, options=options))) == "古风"
    await voiced.narrate(ada, DOOR)
    await ada.command("story settings", channel=HERE, options={"adapter": "none"})
    await voiced.narrate(ada, SHIP)
    card = await answered(await ada.command("story settings", channel=HERE, options={"adapter": "default"}))
    assert voice(card) == "noir (this server's choice)"
    assert [asked.adapter for asked in voiced.backend.requests] == ["noir", "古风", ""]


async def test_voices_are_offered_while_one_types(voiced: Stage) -> None:
    """What begins with the words comes first; the two that are no adapter are offered too, in the reader's language."""
    ada = await voiced.seat("Ada", roles=["admin"])
    lin = await voiced.seat("Lin", locale="zh-CN")
    await voiced.begin(ada)
    for command in ("story settings", "setup narrator"):
        offered = await ada.complete(command, channel=HERE, option="adapter", text="")
        assert [choice["value"] for choice in offered] == ["default", "none", "noir", "fable", "古风"]
    offered = await lin.complete("story settings", channel=HERE, option="adapter", text="no")
    assert [(choice["name"], choice["value"]) for choice in offered] == [
        ("none：模型本来的文风", "none"),
        ("noir", "noir"),
    ]


async def test_a_voice_that_the_host_does_not_have_is_refused(voiced: Stage) -> None:
    """Nothing is changed by it; and who may not manage the server is not offered its command."""
    ada, mara = await voiced.seat("Ada", roles=["admin"]), await voiced.seat("Mara")
    await voiced.begin(mara)
    for person, command in ((mara, "story settings"), (ada, "setup narrator")):
        answer = await person.command(command, channel=HERE, options={"adapter": "opera"})
        await refused(answer, "There is no voice “opera” here.")
    answer = await mara.command("story settings", channel=HERE, options={"adapter": "**`opera`**"})
    assert "**`" not in (await answered(answer))["content"]
    with pytest.raises((ServerRefused, LookupError)):
        await mara.command("setup narrator", channel=HERE, options={"adapter": "noir"})
    assert voice(await answered(await mara.command("story show", channel=HERE))) == "the model's own"


async def test_a_voice_that_the_host_took_away_is_done_without(voiced: Stage) -> None:
    """The story goes on in the model's own voice, the card says so, and the choice waits for its return."""
    mara = await voiced.seat("Mara")
    await voiced.begin(mara)
    await mara.command("story settings", channel=HERE, options={"adapter": "noir"})
    voiced.config = voiced.config.model_copy(update={"adapters": {}})
    await voiced.restart()
    await voiced.narrate(mara, BELL)
    shown = await answered(await mara.command("story show", channel=HERE))
    assert voice(shown) == "noir (gone; the narrator writes without it)"
    assert voiced.backend.requests[-1].adapter == ""
    voiced.config = voiced.config.model_copy(update={"adapters": VOICES})
    await voiced.restart()
    await voiced.narrate(mara, DOOR)
    assert voiced.backend.requests[-1].adapter == "noir"


async def test_where_the_host_has_no_voices_none_is_spoken_of(stage: Stage) -> None:
    """The card is as short as before, and who asks is told what the host can do."""
    ada = await stage.seat("Ada", roles=["admin"])
    await stage.begin(ada)
    assert voice(await answered(await ada.command("story show", channel=HERE))) is None
    await refused(await ada.command("setup narrator", channel=HERE), "only the model's own voice here")
