"""Ask the bot about itself."""

from tests.person_forms import Payload
from tests.stage import Stage, answered

HERE = "fireside"
BELL = "A bell rang far below the water, twice, and then the tide forgot it."


def fields(message: Payload) -> dict[str, str]:
    """Return an answer's fields."""
    return {field["name"]: field["value"] for field in message["embeds"][0]["fields"]}


async def test_about_tells_what_narrates_and_how_it_is_doing(stage: Stage) -> None:
    """Model and revision, backend, speed once measured, queue, restarts and where to get help; nothing in public."""
    mara = await stage.seat("Mara")
    before = await answered(await mara.command("about", channel=HERE))
    assert "AI language model" in before["embeds"][0]["description"]
    told = fields(before)
    assert told["Language model"] == "Scripted (revision 1)"
    assert (told["Run by"], told["State"], told["Speed"]) == ("scripted", "ready", "not measured yet")
    assert (told["Queue"], told["Restarts of the model"]) == ("0 being written, 0 waiting", "0 times")
    assert told["Awake since"].startswith("<t:")
    assert "/story start" in told["Help"]
    await stage.begin(mara)
    await stage.narrate(mara, BELL)
    told = fields(await answered(await mara.command("about", channel=HERE)))
    assert "tokens a second" in told["Speed"]


async def test_about_says_that_the_model_starts_again(stage: Stage) -> None:
    """In the reader's language, with what it means for them."""
    lin = await stage.seat("Lin", locale="zh-CN")
    stage.backend.ready = False
    stage.backend.restarts = 2
    told = fields(await answered(await lin.command("about", channel=HERE)))
    assert told["状态"] == "正在重新启动；你的请求会等它回来"
    assert told["模型重启"] == "2 次"
    assert told["语言模型"] == "Scripted（版本 1）"
