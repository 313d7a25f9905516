"""Leave a scene and keep boundaries with the real bot: nobody learns who pressed, and no word gets past."""

import asyncio
import json
from typing import Any

from storage import actions, branches, stories
from tests.person import Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, buttons, eventually, refused, saying, with_button

HERE = "fireside"
BELL = "A bell rang far below the water, twice, and then the tide forgot it."
DOOR = "The door at the top of the stairs stood open, and the wind went in first."
SHIP = "Somebody had painted a new name over the old one on the hull of the ship."
WEB = "In the corner a spider let itself down on its thread, and nobody had seen it."
WORN = "The steps were worn in the middle, as if only one person had ever used them."


async def panel(person: Person, **options: object) -> Payload:
    """Let a person look at the boundaries, and give the private card."""
    return await answered(await person.command("boundaries", channel=HERE, options=options))


async def log_of(stage: Stage) -> list[actions.Action]:
    """Return what was done in the newest story, newest first."""
    story = await stories.newest_in(stage.database, stage.place(HERE).channel_id)
    assert story is not None
    return await actions.of_story(stage.database, story.id)


def seen_of(person: Person, who: Person) -> list[str]:
    """Return what a person has heard about another one since the last passage: events that name them."""
    named = (who.user["id"], who.user["username"])
    return [name for name, data in person.events if any(word in json.dumps(data) for word in named)]


async def test_a_pause_names_nobody_and_outlives_a_restart(stage: Stage) -> None:
    """Calm words and a button in the channel, a private answer, an empty place in the log; then the story goes on."""
    mara, ben = await stage.seat("Mara"), await stage.seat("Ben")
    await stage.begin(mara)
    await stage.narrate(mara, BELL)
    card = await panel(ben)
    before = len(seen_of(mara, ben))
    done = await refused(await ben.click(card, "Pause the story"), "Nobody can see that it was you")
    rest = await mara.wait_for_message(saying("The story rests", button="Resume"))
    assert done["id"] not in [m["id"] for m in mara.all_messages()]
    assert not rest.get("interaction_metadata")
    assert len(seen_of(mara, ben)) == before
    newest = (await log_of(stage))[0]
    assert (newest.kind, newest.actor_id, newest.actor_name) == ("pause", None, None)
    await refused(await mara.command("continue", channel=HERE), "is paused")
    await stage.restart()
    await mara.click(rest, "Resume")
    shown = await ben.wait_for_message(saying(BELL, button="Retry"))
    await mara.wait_for_message(lambda m: m["id"] == rest["id"] and not buttons(m))
    assert await stage.told() == [BELL]
    assert "Continue" in buttons(shown)


async def test_no_visit_tells_who_left_a_scene(stage: Stage) -> None:
    """When somebody was here last stands beside a name; the time of a nameless pause must not."""
    mara, ben = await stage.seat("Mara"), await stage.seat("Ben")
    await stage.begin(mara)
    await stage.narrate(mara, BELL)
    card = await panel(ben, line="spiders")
    await refused(await ben.click(card, "Pause the story"), "Nobody can see that it was you")
    rows = await stage.database.fetch_all("SELECT 1 FROM visits WHERE person_id = ?", (int(ben.user["id"]),))
    assert rows == []


async def test_no_part_of_lore_gets_past_a_line(stage: Stage) -> None:
    """A voice, an alias and a group are words too."""
    mara, ben = await stage.seat("Mara", roles=("moderator",)), await stage.seat("Ben")
    await stage.begin(mara)
    await panel(mara, line="spider")
    who = {"name": "Ilse", "description": "She keeps the lamp."}
    for part in ({"voice": "like a spider"}, {"aliases": "Ils, Spider"}):
        message = await refused(
            await ben.command("character add", channel=HERE, options=who | part), "agreed to leave out"
        )
        assert message["attachments"]
    fact = {"title": "Lamp", "text": "It burns.", "group": "spiders"}
    await refused(await ben.command("lore add", channel=HERE, options=fact), "agreed to leave out")


async def test_no_name_of_a_branch_gets_past_a_line(stage: Stage) -> None:
    """Everybody reads it when the story goes that way."""
    mara, ben = await stage.seat("Mara", roles=("moderator",)), await stage.seat("Ben")
    await stage.begin(mara)
    await stage.narrate(mara, BELL)
    await panel(mara, line="spider")
    await refused(
        await ben.command("branch", channel=HERE, options={"name": "The Spiders"}), "agreed to leave out"
    )
    story = await stories.newest_in(stage.database, stage.place(HERE).channel_id)
    assert story is not None
    assert [branch.name for branch in await branches.of_story(stage.database, story.id)] == ["main"]


async def test_a_scene_is_rewound_and_can_be_brought_back(stage: Stage) -> None:
    """All of the scene folds up in calm words; the log has no name; redo still knows it."""
    mara, ben = await stage.seat("Mara", roles=("moderator",)), await stage.seat("Ben")
    await stage.begin(mara)
    await stage.write(mara, "* * *\n\nShe went down to the harbour.")
    await stage.narrate(mara, BELL)
    card = await panel(ben)
    await refused(await ben.click(card, "Rewind this scene"), "Nobody can see that it was you")
    await mara.wait_for_message(saying("The story goes back to before this scene"))
    folded = await mara.wait_for_message(saying("taken back with its scene"))
    assert "Ben" not in folded["content"]
    assert await stage.told() == []
    rewound = next(action for action in await log_of(stage) if action.kind == "rewind")
    assert rewound.actor_id is None
    await mara.command("redo", channel=HERE, options={"all": True})

    async def back() -> bool:
        return len(await stage.told()) == 2

    await eventually(back)


async def test_a_skipped_scene_is_left_once(stage: Stage) -> None:
    """The next passage is told to begin elsewhere, and so is every take of it, but nothing after it."""
    mara, ben = await stage.seat("Mara"), await stage.seat("Ben")
    await stage.begin(mara)
    await stage.narrate(mara, BELL)
    opening = await ben.wait_for_message(with_button("Boundaries"))
    card = await answered(await ben.click(opening, "Boundaries"))
    await refused(await ben.click(card, "Skip this scene"), "Nobody can see that it was you")
    await mara.wait_for_message(saying("This scene is over"))
    await stage.restart()
    shown = await stage.narrate(mara, DOOR)
    assert "Begin a new scene in another place" in stage.backend.requests[-1].messages[-1].content
    stage.script.says(SHIP)
    await mara.click(shown, "Retry")
    await mara.wait_for_message(saying(SHIP, button="2/2"))
    assert "Begin a new scene in another place" in stage.backend.requests[-1].messages[-1].content
    await stage.narrate(mara, WORN)
    assert "Begin a new scene in another place" not in stage.backend.requests[-1].messages[-1].content


async def test_what_is_being_written_is_let_go(stage: Stage) -> None:
    """Nothing of it stays, its asker is told in kind words, and the story stands where it stood."""
    mara, ben = await stage.seat("Mara"), await stage.seat("Ben")
    await stage.begin(mara)
    await stage.narrate(mara, BELL)
    card = await panel(ben)
    stage.script.says(DOOR)
    stage.script.hold(after=6)
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(with_button("Stop"))
    await ben.click(card, "Skip this scene")
    await mara.wait_for_message(saying("This passage was let go"))
    stage.script.go_on()
    await ben.wait_for_message(saying(BELL, button="Continue"))
    assert await stage.told() == [BELL]
    assert not [m for m in mara.messages(HERE) if "The door at" in m["content"]]


async def test_the_narrator_keeps_to_the_lines(stage: Stage) -> None:
    """What crosses one is never shown, tried again, and at last given up in kind words."""
    mara = await stage.seat("Mara", roles=("moderator",))
    await stage.begin(mara)
    await panel(mara, line="spiders, 蜘蛛", veil="needles")
    stage.script.says(WEB, BELL)
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(saying(BELL, button="Retry"))
    assert await stage.told() == [BELL]
    system = stage.backend.requests[-1].messages[0].content
    assert "spiders" in system
    assert "out of sight" in system
    stage.script.says(WEB, WEB, WEB)
    await refused(await mara.command("continue", channel=HERE), "within what people here agreed on")
    await mara.wait_for_message(saying(BELL, button="Continue"))
    assert await stage.told() == [BELL]
    assert not [
        data for data in said_in(mara) if "spider" in data["content"].casefold() and not data["flags"]
    ]


async def test_people_are_refused_kindly_and_in_private(stage: Stage) -> None:
    """The words come back, in a channel of free typing the hint says nothing of the word; veils are no matter."""
    mara, ben = await stage.seat("Mara", roles=("moderator",)), await stage.seat("Ben", locale="zh-CN")
    await stage.begin(mara, free_typing=True)
    await panel(mara, line="蜘蛛, spider")
    message = await refused(
        await ben.command("write", channel=HERE, options={"text": "灯上有一只蜘 蛛。"}), "大家约定不写的内容"
    )
    (file,) = message["attachments"]
    assert (await ben.download(file["url"])).decode() == "灯上有一只蜘 蛛。"
    await ben.say(HERE, "A Sp1der sat on the lamp.")
    hint = await mara.wait_for_message(saying("agreed to leave out"))
    assert "pider" not in hint["content"]
    await refused(
        await ben.command("continue", channel=HERE, options={"direction": "spiders!"}), "大家约定不写的内容"
    )
    assert await stage.told() == []


async def test_a_proposal_is_decided_by_a_button(stage: Stage) -> None:
    """A member proposes in private; a moderator sees it without a name, agrees, and it holds after a restart."""
    mara, ben = await stage.seat("Mara", roles=("moderator",)), await stage.seat("Ben")
    await stage.begin(mara)
    await refused(
        await ben.command("boundaries", channel=HERE, options={"line": "drowning"}), "It carries no name"
    )
    card = await panel(mara)
    shown = json.dumps(card["embeds"])
    assert "drowning" in shown
    assert "Ben" not in shown
    await stage.restart()
    await mara.click(card, "drowning")
    await mara.wait_for_message(saying("Decided."))
    await refused(
        await ben.command("write", channel=HERE, options={"text": "He drowned, or was drowning."}),
        "agreed to leave out",
    )


async def test_a_thread_keeps_to_what_its_channel_agreed_on(stage: Stage) -> None:
    """A story in a thread is refused what its channel leaves out, and no stronger rating is taken there."""
    mara = await stage.seat("Mara", roles=("moderator",))
    await panel(mara, line="spiders", rating="teen")
    form = {"name": "A thread", "type": 11}
    thread: dict[str, Any] = await mara.api("POST", f"/channels/{mara.channel(HERE)['id']}/threads", form)
    await stage.begin(mara, channel=thread, rating="teen")
    await refused(
        await mara.command("write", channel=thread, options={"text": "A spider."}), "agreed to leave out"
    )
    await refused(
        await mara.command("story settings", channel=thread, options={"title": "Spiders!"}),
        "agreed to leave out",
    )
    await stage.write(mara, "A moth.", channel=thread)


def said_in(person: Person) -> list[Payload]:
    """Return every state of every message that a person has heard of."""
    return [data for name, data in person.events if name in ("MESSAGE_CREATE", "MESSAGE_UPDATE")]


async def test_a_card_is_read_in_each_language_and_covers_its_words(stage: Stage) -> None:
    """Rating, lines and veils stand under spoilers; what is taken away can be chosen as one types."""
    mara, lin = await stage.seat("Mara", roles=("admin",)), await stage.seat("林", locale="zh-CN")
    await panel(mara, line="蜘蛛, spiders", rating="teen", whole_server=True)
    await panel(mara, veil="needles")
    card = await panel(lin)
    shown = {field["name"]: field["value"] for field in card["embeds"][0]["fields"]}
    assert shown["故事适合"] == "青少年及以上"
    assert shown["界线"] == "- ||蜘蛛, spiders|| · 全服务器"
    assert shown["帷幕"] == "- ||needles||"
    assert buttons(card) == []
    offered = await mara.complete("boundaries", channel=HERE, option="remove", text="nee")
    assert [choice["value"] for choice in offered] == ["needles"]
    await refused(await lin.command("boundaries", channel=HERE, options={"remove": "needles"}), "管理员决定")
    await refused(
        await mara.command("boundaries", channel=HERE, options={"remove": "needles"}), "holds no more"
    )
    await refused(
        await lin.command("story start", channel=HERE, options={"title": "灯", "rating": "mature"}), ""
    )
    await stage.begin(mara, rating="teen")
    assert "Pause the story" in buttons(await panel(mara))


async def test_a_double_click_leaves_a_scene_once(stage: Stage) -> None:
    """The second press finds the story resting and says so; nothing is said twice in the channel."""
    mara, ben = await stage.seat("Mara"), await stage.seat("Ben")
    await stage.begin(mara)
    card = await panel(ben)
    first, second = await asyncio.gather(
        ben.click(card, "Pause the story"), ben.click(card, "Pause the story")
    )
    said = sorted([(await answered(answer))["content"] for answer in (first, second)])
    assert said[0].startswith("Done.")
    assert said[1].startswith("This story is not being told here just now")
    rests = [m for m in mara.messages(HERE) if "The story rests" in m["content"]]
    assert len(rests) == 1
