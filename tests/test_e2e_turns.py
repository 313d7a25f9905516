"""Take turns with the real bot: several people, a clock that can be moved, restarts in between."""

import asyncio
import signal
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.reply import turn_news
from bot.story.people import Person as Actor
from bot.story.storyteller import Storyteller
from bot.story.turns import keeping, moves
from bot.story.turns.keeping import Kept
from bot.story.turns.state import HOUR
from storage import stories
from storage.database import Database, Reader
from tests.stage import Stage, answered, eventually, refused, saying, with_button
from tests.test_e2e_restart import child
from tests.turn_play import (
    HERE,
    author_of,
    called,
    holds_the_turn,
    is_told,
    kept,
    later,
    paused,
    restart,
    seats,
    sit,
    write,
)


async def test_three_people_write_in_turn(stage: Stage) -> None:
    """Each is called when it is their turn; who is not gets their words back."""
    mara, jun, ola = await stage.seat("Mara"), await stage.seat("Jun"), await stage.seat("Ola")
    await sit(stage, mara, jun, ola, mode="robin", length="1h")
    await called(mara, "Next up")
    message = await refused(
        await jun.command("write", channel=HERE, options={"text": "Too early."}), "Mara's turn"
    )
    assert message["attachments"][0]["filename"] == "your-words.txt"
    await write(mara, "One.")
    await called(jun, "Next up")
    await write(jun, "Two.")
    await called(ola, "Next up")
    await write(ola, "Three.")
    await called(mara, "Next up")
    assert await stage.told() == ["One.", "Two.", "Three."]

    async def one_card() -> bool:
        return len([m for m in mara.messages(HERE) if m["content"].startswith("Next up")]) == 1

    await eventually(one_card)


async def test_silence_is_nudged_once_then_skipped(stage: Stage) -> None:
    """One reminder in the middle, the next one is up at the end, and the seat is free after the second silence."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await sit(stage, mara, jun, mode="robin", length="1d", patience=2)
    await called(mara, "Next up")
    stage.clock.move(hours=13)
    await called(mara, "waiting for you")
    stage.clock.move(hours=12)
    await called(jun, "Mara's turn has passed without a word.", "Next up")
    await write(jun, "One.")
    await mara.wait_for_message(lambda m: m["content"].startswith("Next up") and m["mentions"])
    stage.clock.move(hours=13)
    await later(mara, "waiting for you", 2)
    stage.clock.move(hours=12)
    await called(jun, "Mara's seat is free again", "Next up")
    assert await seats(stage) == ["Jun"]


async def test_a_long_absence_of_the_bot_costs_nobody_a_turn(stage: Stage) -> None:
    """After days of downtime the writer is reminded once and has time; nobody else is skipped meanwhile."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await sit(stage, mara, jun, mode="robin", length="1h")
    await called(mara, "Next up")
    await stage.leave()
    stage.clock.move(days=5)
    await stage.enter()
    await called(mara, "waiting for you")
    await write(mara, "One.")
    await called(jun, "Next up")
    assert await seats(stage) == ["Mara", "Jun"]
    assert [m for m in mara.messages(HERE) if "without a word" in m["content"]] == []


async def test_a_turn_ends_once_over_a_restart(stage: Stage) -> None:
    """A timer set before a restart is heard after it, and only once."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await sit(stage, mara, jun, mode="robin", length="1h", nudge=0)
    await called(mara, "Next up")
    await restart(stage)
    stage.clock.move(hours=1.1)
    await called(jun, "Mara's turn has passed without a word.")
    await restart(stage)
    await write(jun, "One.")
    assert len([m for m in mara.messages(HERE) if "without a word" in m["content"]]) == 1


async def test_undo_gives_the_turn_back(stage: Stage) -> None:
    """Who takes their passage back has the turn again, and redo passes it on again."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await sit(stage, mara, jun, mode="robin", length="1h")
    await write(mara, "One.")
    await called(jun, "Next up")
    await answered(await jun.command("turn skip", channel=HERE))
    await later(mara, "Jun's turn was skipped.", 1)
    await mara.command("undo", channel=HERE)
    await eventually(holds_the_turn(stage, "Mara"))
    await refused(await jun.command("write", channel=HERE, options={"text": "Now?"}), "Mara's turn")
    await mara.command("redo", channel=HERE)
    await mara.wait_for_message(saying("One.", button="Undo"))
    await eventually(holds_the_turn(stage, "Mara"))
    await write(mara, "Two.")
    await eventually(holds_the_turn(stage, "Jun"))
    await mara.command("undo", channel=HERE)
    await eventually(holds_the_turn(stage, "Mara"))
    assert await stage.told() == ["One."]


async def test_random_order_calls_everyone_once_a_lap(stage: Stage) -> None:
    """Three people write six passages, each twice, and never twice running."""
    people = [await stage.seat(name) for name in ("Mara", "Jun", "Ola")]
    await sit(stage, *people, mode="random", length="5m")
    names = {str(person.user["username"]): person for person in people}
    wrote = []
    for number in range(6):
        holder = (await kept(stage)).state.holder
        assert holder is not None
        wrote.append(holder.name)
        await write(names[holder.name], f"Passage {number}.")
    assert sorted(wrote[:3]) == sorted(wrote[3:]) == ["Jun", "Mara", "Ola"]
    assert all(one != other for one, other in pairwise(wrote))


async def test_others_write_between(stage: Stage) -> None:
    """Who wrote waits for the others; nobody needs a seat to begin."""
    mara, jun, ola = await stage.seat("Mara"), await stage.seat("Jun"), await stage.seat("Ola")
    await sit(stage, mara, ola, mode="between", others=2)
    await write(mara, "One.")
    await write(jun, "Two.")
    await refused(await mara.command("write", channel=HERE, options={"text": "Again."}), "1 other writes")
    await write(ola, "Three.")
    await write(mara, "Four.")
    assert await seats(stage) == ["Mara", "Ola", "Jun"]


async def test_typing_out_of_turn_is_told_kindly(stage: Stage) -> None:
    """What was typed stays where it is, and is no passage."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    stage.calls = True
    await stage.begin(mara, free_typing=True)
    await answered(await mara.command("turn mode", channel=HERE, options={"mode": "robin"}))
    await answered(await jun.command("turn join", channel=HERE))
    said = await jun.say(HERE, "Me first.")
    await jun.wait_for_message(saying("It is Mara's turn"))
    assert jun.current(said)["content"] == "Me first."
    typed = await mara.say(HERE, "One.")
    await mara.wait_for("MESSAGE_REACTION_ADD", lambda data: data["message_id"] == typed["id"])
    await called(jun, "Next up")
    assert await stage.told() == ["One."]


async def test_two_moderators_skip_one_person(stage: Stage) -> None:
    """The second of two who press at once does not skip the next one too."""
    mara, jun, ola = await stage.seat("Mara"), await stage.seat("Jun"), await stage.seat("Ola")
    mods = [await stage.seat(name, roles=["moderator"]) for name in ("Max", "Mo")]
    await sit(stage, mara, jun, ola, mode="robin")
    stage.clock.move(minutes=1)
    answers = await asyncio.gather(*(mod.command("turn skip", channel=HERE) for mod in mods))
    said = [(await answered(answer))["content"] for answer in answers]
    assert sorted("has just passed to" in text for text in said) == [False, True]
    assert (await kept(stage)).state.holder == (await kept(stage)).state.seats[1]


async def test_only_some_may_skip_give_and_hand_over(stage: Stage) -> None:
    """The writer their own turn, the host and moderators anyone's; a host hands over to another."""
    mara, jun, ola = await stage.seat("Mara"), await stage.seat("Jun"), await stage.seat("Ola")
    await sit(stage, mara, jun, ola, mode="robin")
    await refused(await jun.command("turn skip", channel=HERE), "the host of this story")
    await refused(
        await jun.command("turn mode", channel=HERE, options={"mode": "free"}), "the host of this story"
    )
    await answered(await mara.command("turn next", channel=HERE, options={"member": ola.user["id"]}))
    await called(ola, "Next up")
    await answered(await ola.command("turn skip", channel=HERE))
    await eventually(holds_the_turn(stage, "Mara"))
    await answered(await mara.command("turn host", channel=HERE, options={"member": jun.user["id"]}))
    await jun.wait_for_message(saying("Jun is the host from now on."))
    await refused(await mara.command("turn mode", channel=HERE, options={"mode": "free"}), "Only Jun")
    await answered(await jun.command("turn mode", channel=HERE, options={"mode": "free"}))
    await write(ola, "One.")


async def test_a_writer_who_left_the_server_is_passed_over(stage: Stage) -> None:
    """Their seat is free, and the one after them is called."""
    mara, jun, ola = await stage.seat("Mara"), await stage.seat("Jun"), await stage.seat("Ola")
    admin = await stage.seat("Ada", roles=["admin"])
    await sit(stage, mara, jun, ola, mode="robin")
    stage.allow(status=404)
    guild = mara.channel(HERE)["guild_id"]
    await admin.api("DELETE", f"/guilds/{guild}/members/{jun.user['id']}")
    await write(mara, "One.")
    await called(ola, "Jun has given up their seat.", "Next up")
    assert await seats(stage) == ["Mara", "Ola"]


async def test_a_deleted_channel_ends_its_turns(stage: Stage) -> None:
    """Nobody is called in a channel that is gone, and its story rests."""
    mara = await stage.seat("Mara")
    admin = await stage.seat("Ada", roles=["admin"])
    await sit(stage, mara, mode="robin", length="1h", nudge=0)
    await called(mara, "Next up")
    story = await stories.newest_in(stage.database, stage.place(HERE).channel_id)
    assert story is not None
    stage.allow(status=404)
    await admin.api("DELETE", f"/channels/{mara.channel(HERE)['id']}")
    stage.clock.move(hours=1.1)

    async def rests() -> bool:
        return (await stories.get(stage.database, story.id)).state == "paused"

    await eventually(rests)


async def test_the_button_takes_a_seat(stage: Stage) -> None:
    """Also after a restart; pressed twice it says that the seat is taken already."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await sit(stage, mara, mode="robin")
    card = await jun.wait_for_message(with_button("Take a seat"))
    await restart(stage)
    await answered(await jun.click(card, "Take a seat"))
    await refused(await jun.click(card, "Take a seat"), "You have a seat already")
    assert await seats(stage) == ["Mara", "Jun"]


async def test_a_pause_stops_the_clock(stage: Stage) -> None:
    """Nothing happens while a story rests; when it goes on, whose turn it is has a whole one."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await sit(stage, mara, jun, mode="robin", length="1h", nudge=0)
    await called(mara, "Next up")
    await mara.command("story pause", channel=HERE)
    await eventually(paused(stage))
    stage.clock.move(days=2)
    await mara.command("story resume", channel=HERE)
    await later(mara, f"Next up: <@{mara.user['id']}>", 2)
    stage.clock.move(minutes=50)
    assert (await kept(stage)).state.seats[0].silent == 0


async def test_turns_are_told_in_chinese(stage: Stage) -> None:
    """A Chinese story calls in Chinese, and refuses in the reader's language."""
    mara, jun = await stage.seat("美玲", locale="zh-CN"), await stage.seat("阿俊", locale="zh-CN")
    await sit(stage, mara, jun, mode="robin", length="3天")
    await called(mara, "轮到")
    await refused(await jun.command("write", channel=HERE, options={"text": "我先来。"}), "轮到")
    await mara.command("write", channel=HERE, options={"text": "灯灭了。"})
    await called(jun, "轮到")
    card = await answered(await jun.command("turn order", channel=HERE))
    assert "3 天" in str(card["embeds"])
    stage.clock.move(days=2)
    await called(jun, "故事在等你")


async def test_what_a_crash_left_unsaid_is_said_once(stage: Stage) -> None:
    """The turn passed with the passage; who is next hears of it after the start, and not again after another."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await sit(stage, mara, jun, mode="robin", length="1h")
    await later(jun, "Jun has taken a seat.", 1)
    await stage.leave()
    async with Database.open(stage.config.storage.path) as database:
        teller = Storyteller(database=database, longest=500, clock=stage.clock)
        await teller.write(stage.place(HERE), Actor(int(mara.user["id"]), "Mara"), "One.")
    await stage.enter()
    await called(jun, "Next up")
    stage.clock.move(minutes=1)
    await restart(stage)
    await write(jun, "Two.")
    await later(jun, f"Next up: <@{jun.user['id']}>", 1)


async def test_turns_in_direct_messages_and_with_bots(stage: Stage) -> None:
    """Alone with the bot one may play too; nobody hands a story over to a bot."""
    mara = await stage.seat("Mara")
    stage.calls = True
    here = await mara.api("POST", "/users/@me/channels", {"recipient_id": stage.user_id})
    await mara.command("story start", channel=here, options={"title": "Alone"})
    await mara.wait_for_message(with_button("Continue"))
    await answered(await mara.command("turn mode", channel=here, options={"mode": "robin", "length": "5m"}))
    await called(mara, "Next up")
    await mara.command("write", channel=here, options={"text": "One."})
    await mara.wait_for_message(saying("One.", button="Undo"))
    await sit(stage, mara, mode="robin")
    bot = {"member": str(stage.user_id)}
    await refused(await mara.command("turn host", channel=HERE, options=bot), "Only a person")
    await refused(await mara.command("turn mode", channel=HERE, options={"length": "soon"}), "10m, 2h or 1d")


async def test_the_mode_is_switched_while_playing(stage: Stage) -> None:
    """Through every order and back to none, with people coming and going; no word is lost, no seat either."""
    mara, jun, ola = await stage.seat("Mara"), await stage.seat("Jun"), await stage.seat("Ola")
    people = {"Mara": mara, "Jun": jun, "Ola": ola}
    await sit(stage, mara, jun, mode="robin", length="5m")
    told = []
    for number, mode in enumerate(("random", "between", "robin", "blind", "free", "robin")):
        await answered(await mara.command("turn mode", channel=HERE, options={"mode": mode}))
        if number == 2:
            await answered(await ola.command("turn join", channel=HERE))
        if number == 3:
            await answered(await jun.command("turn leave", channel=HERE))
        for again in range(2):
            holder = (await kept(stage)).state.holder
            text = f"Passage {number} {again}."
            await people[holder.name if holder else "Jun"].command(
                "write", channel=HERE, options={"text": text}
            )
            told.append(text)
            await eventually(partial(is_told, stage, list(told)))
    assert await seats(stage) == ["Mara", "Ola"]
    for text in reversed(told[-4:]):
        writer = await author_of(stage, text)
        await people[writer].command("undo", channel=HERE)
        await eventually(partial(is_told, stage, told[: told.index(text)]))
    await mara.command("redo", channel=HERE)


async def test_a_kill_loses_no_turn(tmp_path: Path) -> None:
    """Killed at any moment after words were shown: the next start calls the next writer, each time once."""
    async with Stage.open(tmp_path, playing=False) as stage:
        mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
        async with child(stage) as process:
            await sit(stage, mara, jun, mode="robin", length="1h")
            await called(mara, "Next up")
            await mara.command("write", channel=HERE, options={"text": "One."})
            await mara.wait_for_message(saying("One."))
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        await stage.enter()
        await called(jun, "Next up")
        await eventually(holds_the_turn(stage, "Jun"))
        await write(jun, "Two.")
        await later(mara, f"Next up: <@{mara.user['id']}>", 2)
        await later(jun, f"Next up: <@{jun.user['id']}>", 1)
        assert await stage.told() == ["One.", "Two."]


async def test_the_host_puts_the_seats_in_another_order(stage: Stage) -> None:
    """The channel hears of it and the first is called; a guest may look, and who has no seat is named."""
    mara, jun, ola = await stage.seat("Mara"), await stage.seat("Jun"), await stage.seat("Ola")
    await sit(stage, mara, jun, ola, mode="robin", length="1h")
    await called(mara, "Next up")
    wish = {"people": f"<@{ola.user['id']}> jun"}
    await refused(await jun.command("turn order", channel=HERE, options=wish), "Only Mara")
    await refused(
        await mara.command("turn order", channel=HERE, options={"people": "Ola, Tom"}), "Tom has no seat"
    )
    card = await answered(await mara.command("turn order", channel=HERE, options=wish))
    lines = card["embeds"][0]["description"].splitlines()
    assert [name in line for name, line in zip(("Ola", "Jun", "Mara"), lines, strict=True)] == [True] * 3
    await called(ola, "The order of turns from now on: Ola, Jun, Mara.", "Next up")
    await restart(stage)
    await write(ola, "One.")
    await called(jun, "Next up")


async def test_a_reminder_that_comes_while_others_are_looked_at_is_said(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed between two looks at the story is held against the newer one."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await sit(stage, mara, jun, mode="robin", length="1d")
    await called(mara, "Next up")
    await later(jun, "Jun has taken a seat.", 1)
    story = await stories.get(stage.database, 1)
    looked = asyncio.Event()

    async def late(reader: Reader, story_id: int) -> Kept:
        before = await keeping.read(reader, story_id)
        if not looked.is_set():
            looked.set()
            now = stage.clock.now() + 13 * HOUR
            async with stage.database.transaction() as tx:
                await keeping.move(tx, story, partial(moves.expire, now=now), now=now)
        return before

    monkeypatch.setattr(turn_news, "keeping", SimpleNamespace(read=late))
    board = stage.bot.services.performance.board
    board.tell(story.id)
    await looked.wait()
    board.tell(story.id)
    await called(mara, "waiting for you")
