"""People who were away learn what happened, and everyone can see what the narrator was told."""

from pathlib import Path

import pytest

from bot.engine.request import Request
from bot.story.memory.recaps import SCENE_PASSAGES
from storage import recaps, stories
from tests.person import Answer, Person
from tests.person_forms import Payload
from tests.stage import LOADING, Stage, answered, eventually, refused, saying, with_button
from tests.test_recapping import CHINESE

LINES = (
    "Henrik rowed Ilse across the black river, and she paid him with a secret.",
    "Halfway over, a bell rang under the water, three times.",
    "Old Marten waited on the far bank and held up a lantern.",
    "Ilse opened her hand, and in it lay a small wet shoe.",
)


async def played(stage: Stage, person: Person, number: int, *, lines: tuple[str, ...] = LINES) -> None:
    """Let a person write so many passages."""
    for at in range(number):
        await stage.write(person, f"{lines[at % len(lines)]} It was hour {at}.")


async def recapped(stage: Stage, number: int) -> None:
    """Wait until the story has so many scenes in use."""
    story = await stories.newest_in(stage.database, stage.place("fireside").channel_id)
    assert story is not None

    async def enough() -> bool:
        found = await recaps.in_use(stage.database, story.id, story.branch_id, "scene")
        return len(found) == number

    await eventually(enough)


async def card(answer: Answer) -> Payload:
    """Return the card of a private answer."""
    message = await answered(answer)
    embed: Payload = message["embeds"][0]
    return embed


async def test_a_story_is_recapped_in_the_background_and_after_a_restart(tmp_path: Path) -> None:
    """A dozen passages make a scene, which undo takes out of use and redo brings back; its passages are linked."""
    async with Stage.open(tmp_path) as stage:
        mara = await stage.seat("Mara")
        await stage.begin(mara)
        none = await card(await mara.command("recap", channel="fireside"))
        assert "no recap yet" in none["description"]
        await played(stage, mara, SCENE_PASSAGES + 5)
        await recapped(stage, 1)
        told = await card(await mara.command("recap", channel="fireside"))

        assert "passages 1-12" in told["description"]
        assert "Henrik" in told["description"]
        assert "in the words of the story itself" in told["description"]
        assert "https://discord.com/channels/" in told["description"]
        assert "5 newer passages" in told["description"]
        await stage.restart()
        again = await card(await mara.command("recap", channel="fireside"))
        assert again["description"] == told["description"]


async def test_who_was_away_learns_what_is_new(tmp_path: Path) -> None:
    """From the first new passage on, who wrote it, who is who and whose turn it is; in the reader's language."""
    async with Stage.open(tmp_path) as stage:
        mara, lin = await stage.seat("Mara"), await stage.seat("Lin", locale="zh-CN")
        await stage.begin(mara)
        ilse = {"name": "Ilse", "description": "A girl who keeps a wet shoe."}
        await answered(await mara.command("character add", channel="fireside", options=ilse))
        await stage.write(mara, LINES[0])
        new = await card(await lin.command("catchup", channel="fireside"))
        assert "1" in new["description"]
        await played(stage, mara, 4)
        news = await card(await lin.command("catchup", channel="fireside"))

        assert "[从头读](" in news["description"]
        assert "Ilse" in news["description"]
        fields = {field["name"]: field["value"] for field in news["fields"]}
        assert "Mara（5 段）" in " ".join(fields.values())
        assert "wet shoe" in " ".join(fields.values())


async def test_anyone_can_see_the_prompt_that_made_a_passage(tmp_path: Path) -> None:
    """Lore that fired is named with its key, each part with its tokens, and the exact prompt comes as a file."""
    async with Stage.open(tmp_path) as stage:
        mara = await stage.seat("Mara")
        await stage.begin(mara)
        await mara.command(
            "lore add",
            channel="fireside",
            options={"title": "The bell", "text": "It rings when somebody lies.", "keys": "bell"},
        )
        await refused(await mara.command("why", channel="fireside"), "written nothing here")
        await stage.write(mara, "Henrik listened for the bell.")
        await stage.narrate(mara, "It rang three times.")
        answer = await mara.command("why", channel="fireside")
        shown = await card(answer)
        prompt = (await mara.download((await answered(answer))["attachments"][0]["url"])).decode()

        assert prompt_of(stage.backend.requests[-1]) == prompt
        assert "It rings when somebody lies." in prompt
        assert "Scripted" in shown["description"] or "scripted" in shown["description"]
        assert any("The bell" in field["value"] for field in shown["fields"])
        await refused(
            await mara.command("why", channel="fireside", options={"passage": "1"}), "A person wrote that"
        )
        await stage.restart()
        again = await card(await mara.command("why", channel="fireside", options={"passage": "2"}))
        assert again == shown | {"fields": again["fields"]}


def prompt_of(request: Request) -> str:
    """Return a request's messages as `/why` writes them down."""
    return "\n\n".join(f"=== {message.role} ===\n{message.content}" for message in request.messages)


async def test_undo_takes_memory_back_and_redo_returns_it(tmp_path: Path) -> None:
    """A recap goes as soon as a passage of its range is taken back, and is the same one again after redo."""
    async with Stage.open(tmp_path) as stage:
        mara = await stage.seat("Mara")
        await stage.begin(mara)
        await played(stage, mara, SCENE_PASSAGES + 5)
        await recapped(stage, 1)
        told = await card(await mara.command("recap", channel="fireside"))
        await answered_or_gone(await mara.command("undo", channel="fireside", options={"to": "6"}))
        gone = await card(await mara.command("recap", channel="fireside"))
        await answered_or_gone(await mara.command("redo", channel="fireside"))
        back = await card(await mara.command("recap", channel="fireside"))

        assert "no recap yet" in gone["description"]
        assert back["description"].split("\n\n")[0] == told["description"].split("\n\n")[0]


async def answered_or_gone(answer: Answer) -> None:
    """Wait until a command was carried out: its sign of thinking has become an answer, or is gone."""

    async def done() -> bool:
        try:
            return not answer.message.get("flags", 0) & LOADING
        except LookupError:
            return True

    await eventually(done)


async def test_a_chinese_story_is_recapped_in_chinese(tmp_path: Path) -> None:
    """Its own sentences, numbers and links; and someone who reads English is told why it is not English."""
    async with Stage.open(tmp_path) as stage:
        lin, bob = await stage.seat("Lin", locale="zh-CN"), await stage.seat("Bob")
        await lin.command("story start", channel="fireside", options={"title": "黑河渡", "language": "zh"})
        await lin.wait_for_message(with_button("继续"))
        for at in range(SCENE_PASSAGES + 5):
            text = f"{CHINESE[at % len(CHINESE)]}这是第{at}夜。"
            await lin.command("write", channel="fireside", options={"text": text})
            await lin.wait_for_message(saying(text, button="继续"))
        await recapped(stage, 1)
        told = await card(await lin.command("recap", channel="fireside"))
        news = await card(await bob.command("catchup", channel="fireside"))

        assert "第 1-12 段" in told["description"]
        assert "摘自故事原文" in told["description"]
        assert "黑河" in told["description"]
        assert "17 passages have been told" in news["description"]
        assert "cannot put this into your language" in news["description"]
        assert "伊尔莎" in news["description"]


async def test_what_is_secret_is_not_told(tmp_path: Path) -> None:
    """In a blind game nobody reads the others' passages by way of a recap, a catching up or a prompt."""
    async with Stage.open(tmp_path) as stage:
        stage.calls = True
        mara = await stage.seat("Mara", roles=["moderator"])
        await stage.begin(mara)
        await answered_or_gone(await mara.command("turn mode", channel="fireside", options={"mode": "blind"}))
        await answered_or_gone(await mara.command("turn join", channel="fireside"))
        await answered_or_gone(
            await mara.command("write", channel="fireside", options={"text": "Only I know of this."})
        )
        for command in ("recap", "catchup", "why"):
            await refused(await mara.command(command, channel="fireside"), "secret until the end")


@pytest.mark.parametrize("way", ["typing", "writing", "pressing", "asking"])
async def test_whatever_somebody_does_is_a_visit(tmp_path: Path, way: str) -> None:
    """After a day away they are told what came since, though a restart was in between and they have come back."""
    async with Stage.open(tmp_path) as stage:
        mara, bob = await stage.seat("Mara"), await stage.seat("Bob")
        shown = await stage.begin(mara, free_typing=True)
        await stage.write(mara, LINES[0])
        shown = await mara.wait_for_message(saying(LINES[0], button="Undo"))
        if way == "typing":
            await bob.say("fireside", LINES[1])
        elif way == "writing":
            await stage.write(bob, LINES[1])
        elif way == "pressing":
            await answered_or_gone(await bob.click(shown, "Write"))
        else:
            await card(await bob.command("story show", channel="fireside"))
        await eventually(lambda: visited(stage, bob))
        await stage.restart()
        stage.clock.move(days=1)
        await stage.write(mara, LINES[2])
        await stage.write(mara, LINES[3])
        await card(await bob.command("story show", channel="fireside"))
        stage.clock.move(minutes=5)
        news = await card(await bob.command("catchup", channel="fireside"))

        assert "2 new passages" in news["description"]
        assert LINES[3] in news["description"]
        assert LINES[0] not in news["description"]


async def visited(stage: Stage, person: Person) -> bool:
    """Tell whether it was noted that a person was here, and their words, if any, joined."""
    rows = await stage.database.fetch_all(
        "SELECT 1 FROM visits WHERE person_id = ?", (int(person.user["id"]),)
    )
    return bool(rows)
