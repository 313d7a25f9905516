"""Keep lore and characters with the real bot, over a restart, in both languages."""

from pathlib import Path
from typing import Any

from tests.person import Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, buttons, refused

HERE = "fireside"
LAMP = "The lamp on the tower shows the faces of the drowned."
SALT = "The drowned cannot cross a line of salt."


async def add(person: Person, title: str, text: str, **options: Any) -> Payload:
    """Let a person add a fact, and give the answer."""
    given = {"title": title, "text": text} | options
    return await answered(await person.command("lore add", channel=HERE, options=given))


async def listed(person: Person, name: str = "lore list", **options: Any) -> Payload:
    """Give the list of lore as a person sees it."""
    return await answered(await person.command(name, channel=HERE, options=options))


def prompt_of(stage: Stage) -> str:
    """Give the newest prompt for a passage; what is asked beside the telling has another cache."""
    narrated = [request for request in stage.backend.requests if (request.cache_key or "").isdigit()]
    return str(narrated[-1].messages)


def text_of(message: Payload) -> str:
    """Give the text of a message's card."""
    return str(message["embeds"][0].get("description"))


async def test_a_fact_is_added_told_and_taken_out(stage: Stage) -> None:
    """What a key brings up stands in the narrator's prompt, and no more once it is removed."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    said = await add(mara, "The lamp", LAMP, keys="lamp, 灯")
    assert "“The lamp” is in the lore" in said["content"]
    await stage.write(mara, "Tom climbed the stairs and lit the lamp.")
    await stage.narrate(mara, "It burned green.")
    assert LAMP in prompt_of(stage)
    await answered(await mara.command("lore remove", channel=HERE, options={"entry": "the LAMP"}))
    await stage.write(mara, "The lamp went out.")
    await stage.narrate(mara, "Nobody spoke for a while after that.")
    assert LAMP not in prompt_of(stage)
    assert "nothing here" in text_of(await listed(mara))


async def test_a_window_opens_and_its_words_survive_a_restart(stage: Stage) -> None:
    """A window that was opened before a restart is taken after it, with what was chosen before."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    asked = await mara.command("lore add", channel=HERE, options={"title": "Salt", "pinned": True})
    assert asked.modal is not None
    await stage.restart()
    done = await mara.submit_modal(asked.modal, {"What the narrator must respect": SALT})
    assert "pinned" in (await answered(done))["content"]
    assert "📌" in text_of(await listed(mara))
    await stage.narrate(mara, "A white line lay across the door.")
    assert SALT in prompt_of(stage)


async def test_an_entry_is_edited_in_a_window_and_by_options(stage: Stage) -> None:
    """The window shows what is there; who opened it too long ago gets the words back."""
    mara = await stage.seat("Mara")
    jun = await stage.seat("Jun", roles=["moderator"])
    await stage.begin(mara)
    await add(mara, "The lamp", LAMP, keys="lamp")
    hers = await mara.command("lore edit", channel=HERE, options={"entry": "The lamp"})
    his = await jun.command("lore edit", channel=HERE, options={"entry": "The lamp"})
    assert hers.modal is not None
    assert his.modal is not None
    assert LAMP in str(hers.modal)
    await answered(await mara.submit_modal(hers.modal, {"text": "It shows only the living."}))
    late = await refused(await jun.submit_modal(his.modal, {"text": "It hums."}), "Mara changed this entry")
    assert "What the narrator must respect:\nIt hums." in await returned(jun, late)
    await answered(
        await jun.command("lore edit", channel=HERE, options={"entry": "lamp", "keys": "lamp, light"})
    )
    shown = await listed(mara, entry="The lamp")
    assert text_of(shown) == "It shows only the living."
    assert "lamp, light" in str(shown["embeds"][0]["fields"])
    assert "changed by Jun" in shown["embeds"][0]["footer"]["text"]


async def test_who_may_change_what(stage: Stage) -> None:
    """Everyone adds; only its author, the story's host and moderators change an entry."""
    mara, jun, li = await stage.seat("Mara"), await stage.seat("Jun"), await stage.seat("Li")
    await stage.begin(mara)
    await add(jun, "The lamp", LAMP)
    for command in ("lore edit", "lore remove", "lore pin"):
        await refused(await li.command(command, channel=HERE, options={"entry": "The lamp"}), "is Jun's")
    await answered(await jun.command("lore pin", channel=HERE, options={"entry": "The lamp"}))
    await answered(await mara.command("lore remove", channel=HERE, options={"entry": "The lamp"}))
    await refused(await jun.command("lore remove", channel=HERE, options={"entry": "The lamp"}), "no entry")


async def test_a_fact_typed_twice_is_noticed(stage: Stage) -> None:
    """The same words or the same title again are refused, and the words come back; case and width do not matter."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    asked = await mara.command("lore add", channel=HERE)
    assert asked.modal is not None
    written = {"title": "The lamp", "text": LAMP}
    await answered(await mara.submit_modal(asked.modal, written))
    await refused(await mara.submit_modal(asked.modal, written), "says exactly this already")
    again = await jun.command("lore add", channel=HERE, options={"title": "Ｌamp", "text": LAMP.upper()})
    said = await refused(again, "“The lamp” says exactly this already")
    assert (await returned(jun, said)).endswith(LAMP.upper())
    twin = await jun.command("lore add", channel=HERE, options={"title": "the LAMP", "text": SALT})
    await refused(twin, "There is an entry “The lamp” already")


async def test_lists_turn_their_pages_after_a_restart(stage: Stage) -> None:
    """Filters stay as the page turns, and a page that is gone shows the last."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    for number in range(10):
        await add(mara, f"Fact {number}", f"The door number {number} is locked.", pinned=number == 3)
    await add(mara, "Salt", SALT)
    first = await listed(mara, search="door")
    assert "Fact 9" in text_of(first)
    assert "Salt" not in text_of(first)
    assert buttons(first) == ["▶"]
    await stage.restart()
    await mara.click(first, "▶")
    second = await mara.wait_for_message(lambda m: m["id"] == first["id"] and "Fact 0" in str(m["embeds"]))
    assert "page 2 of 2" in second["embeds"][0]["footer"]["text"]
    for number in range(4):
        await answered(await mara.command("lore remove", channel=HERE, options={"entry": f"Fact {number}"}))
    await mara.click(second, "◀")
    await mara.wait_for_message(lambda m: m["id"] == first["id"] and "page 1 of 1" in str(m["embeds"]))


async def test_lists_show_some_of_the_lore(stage: Stage) -> None:
    """Only facts or characters, only pinned ones, only one's own, only those with some words."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    await add(mara, "Salt", SALT, pinned=True)
    await add(jun, "Lamp", LAMP)
    tom = {"name": "Tom", "description": "A keeper.", "mine": True}
    await answered(await jun.command("character add", channel=HERE, options=tom))
    for options, titles in (
        ({"kind": "fact"}, {"Salt", "Lamp"}),
        ({"kind": "character"}, {"Tom"}),
        ({"show": "pinned"}, {"Salt"}),
        ({"show": "mine"}, {"Salt"}),
        ({"show": "skipped"}, set()),
        ({"search": "DROWNED"}, {"Salt", "Lamp"}),
        ({"kind": "fact", "search": "line of"}, {"Salt"}),
    ):
        shown = text_of(await listed(mara, **options))
        assert {title for title in ("Salt", "Lamp", "Tom") if f"**{title}**" in shown} == titles, options


async def test_the_longest_entries_fit_into_cards(stage: Stage) -> None:
    """Names and keys that are all markup are shown as they are, and Discord takes the page."""
    mara = await stage.seat("*" * 32)
    await stage.begin(mara)
    for number in range(8):
        keys = ", ".join(f"{'*' * 56}k{number}{key:02}" for key in range(15))
        await add(mara, f"{'_' * 78}{number}", f"{'~' * 1990}{number}", keys=keys, group="`" * 40)
    shown = await listed(mara)
    assert len(text_of(shown)) <= 4096
    found = await mara.complete("lore edit", channel=HERE, option="entry", text="_")
    full = await listed(mara, entry=found[0]["value"])
    assert text_of(full).startswith("~~~")


async def test_old_windows_give_their_words_back(stage: Stage) -> None:
    """A window whose entry or story is gone meanwhile says so, with the words in a file."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await add(mara, "Lamp", LAMP)
    edit = await mara.command("lore edit", channel=HERE, options={"entry": "Lamp"})
    new = await mara.command("lore add", channel=HERE)
    assert edit.modal is not None
    assert new.modal is not None
    await answered(await mara.command("lore remove", channel=HERE, options={"entry": "Lamp"}))
    said = await refused(await mara.submit_modal(edit.modal, {"text": "It hums."}), "not in use here")
    assert await returned(mara, said) == "Title:\nLamp\n\nWhat the narrator must respect:\nIt hums."
    await mara.command("story end", channel=HERE)
    late = await mara.submit_modal(new.modal, {"title": "Salt", "text": SALT})
    said = await refused(late, "No story is being told here")
    assert await returned(mara, said) == f"Title:\nSalt\n\nWhat the narrator must respect:\n{SALT}"


async def test_all_that_was_typed_comes_back_from_a_refusal(stage: Stage) -> None:
    """Title, text and keys, under their names, in the reader's language."""
    mara, lin = await stage.seat("Mara"), await stage.seat("Lin", locale="zh-CN")
    await stage.begin(mara)
    await add(mara, "Lamp", LAMP)
    typed = {"title": "Lamp", "text": SALT, "keys": "salt, sea"}
    said = await answered(await lin.command("lore add", channel=HERE, options=typed))
    assert (
        await returned(lin, said)
        == f"标题:\nLamp\n\n旁白必须遵守的内容:\n{SALT}\n\n提到哪些词时用上它（逗号隔开）:\nsalt, sea"
    )
    other = {"entry": "The tower", "text": SALT, "keys": "salt"}
    said = await refused(await mara.command("lore edit", channel=HERE, options=other), "no entry")
    assert (await returned(mara, said)).endswith(f"{SALT}\n\nKeys that bring it up, commas between:\nsalt")


async def returned(person: Person, said: Payload) -> str:
    """Return the words that a refusal hands back."""
    return (await person.download(said["attachments"][0]["url"])).decode()


async def test_names_are_completed_the_best_first(stage: Stage) -> None:
    """What begins as typed comes first, then words that do, then keys; the id finds the entry."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await add(mara, "Tower", "It leans.", keys="lamp room")
    await add(mara, "The lamp", LAMP)
    await add(mara, "Lamplighter", "He comes at dusk.")
    found = await mara.complete("lore edit", channel=HERE, option="entry", text="lamp")
    assert [choice["name"] for choice in found] == ["Lamplighter", "The lamp", "Tower"]
    shown = await listed(mara, entry=found[1]["value"])
    assert text_of(shown) == LAMP


async def test_a_character_is_somebodys_own(stage: Stage) -> None:
    """A writer makes a character their own; somebody else's only the host or a moderator can say."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    asked = await jun.command("character add", channel=HERE, options={"mine": True})
    assert asked.modal is not None
    kept = await jun.submit_modal(
        asked.modal,
        {"Name": "林月", "Who this is": "守灯塔的女孩，怕海。", "keys": "Lin Yue", "voice": "short and dry"},
    )
    assert "as Jun's own" in (await answered(kept))["content"]
    shown = await listed(mara, "character list", character="林月")
    assert "Jun" in str(shown["embeds"][0]["fields"])
    other = {"name": "Tom", "description": "A keeper.", "player": mara.user["id"]}
    await refused(
        await jun.command("character add", channel=HERE, options=other), "make a character your own"
    )
    other = {"name": "Tom", "description": "A keeper.", "player": jun.user["id"]}
    await answered(await mara.command("character add", channel=HERE, options=other))
    given = {"character": "Tom", "mine": False}
    await answered(await jun.command("character edit", channel=HERE, options=given))
    shown = await listed(mara, "character list", character="Tom")
    assert "the narrator" in str(shown["embeds"][0]["fields"])
    await refused(
        await jun.command("character remove", channel=HERE, options={"character": "Tom"}), "is Mara"
    )
    await answered(await mara.command("character remove", channel=HERE, options={"character": "Tom"}))
    assert "Tom" not in text_of(await listed(mara, "character list"))


async def test_lore_speaks_chinese(tmp_path: Path) -> None:
    """A Chinese writer's facts are found in a Chinese story, and every answer is Chinese."""
    async with Stage.open(tmp_path) as stage:
        yun = await stage.seat("云", locale="zh-CN")
        await yun.command("story start", channel=HERE, options={"title": "灯", "language": "zh"})
        said = await add(yun, "灯", "塔上的灯照见溺水者的脸。", keys="灯、lamp")
        assert "设定" in said["content"]
        await yun.command("write", channel=HERE, options={"text": "小汤爬上楼梯，点亮了灯。"})
        await yun.wait_for_message(lambda m: "点亮了灯" in m["content"] and buttons(m))
        stage.script.says("火是绿色的，谁也没有说话。")
        await yun.command("continue", channel=HERE)
        await yun.wait_for_message(lambda m: "火是绿色的" in m["content"] and buttons(m))
        assert "塔上的灯照见溺水者的脸。" in prompt_of(stage)


async def test_a_host_can_turn_meaning_off(tmp_path: Path) -> None:
    """Without embeddings keys and words find lore, and no vector is computed."""
    async with Stage.open(tmp_path, settings={"memory": {"embeddings": False}}) as stage:
        mara = await stage.seat("Mara")
        await stage.begin(mara)
        await add(mara, "The lamp", LAMP, keys="lamp")
        await stage.write(mara, "The lamp again.")
        await stage.narrate(mara, "It burned green.")
        assert LAMP in prompt_of(stage)
        rows = await stage.database.fetch_all("SELECT vector FROM documents WHERE kind = 'lore'")
        assert [row["vector"] for row in rows] == [None]


async def test_bad_input_is_refused_kindly(stage: Stage) -> None:
    """Patterns that are broken or never end, keys without letters, too many pins: each has its sentence."""
    mara = await stage.seat("Mara")
    lore = {"title": "A", "text": "B"}
    await refused(await mara.command("lore add", channel=HERE, options=lore), "No story is being told here")
    await stage.begin(mara)
    for keys, words in (
        ("/(a+)+$/", "takes too long"),
        ("/[/", "is broken"),
        ("/a*/", "fits every text"),
        ("...", "has no letter"),
        (",".join(f"key{n}" for n in range(21)), "up to 20 keys"),
    ):
        await refused(await mara.command("lore add", channel=HERE, options=lore | {"keys": keys}), words)
    await add(mara, "Long", "x" * 2000, pinned=True)
    await add(mara, "Longer", "y" * 1999, pinned=True)
    more = {"title": "More", "text": "z", "pinned": True}
    await answered(await mara.command("lore add", channel=HERE, options=more))
    more = {"title": "Most", "text": "z too", "pinned": True}
    await refused(await mara.command("lore add", channel=HERE, options=more), "no more room")
    await refused(await mara.command("lore edit", channel=HERE, options={"entry": "id:99999"}), "not in use")
    await refused(await mara.command("lore pin", channel=HERE, options={"entry": f"id:{10**30}"}), "no entry")
    await refused(
        await mara.command("lore add", channel=HERE, options=lore | {"title": "\u200b"}), "no words"
    )
    assert await mara.complete("lore edit", channel="harbour", option="entry", text="x") == []
