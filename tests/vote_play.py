"""Help tests to play votes: cards with what is offered, presses, and what the bot answers."""

from typing import Any

from storage import stories
from tests.person import Answer, Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, buttons, with_button

HERE = "fireside"
OPENING = "Mara counted the ships. Tom held the lamp, and Mara asked Tom who had lit it."
MINOR = "It comes out that Mara has secretly buried the spare lamp under the pier."
MAJOR = "To go on, Tom must give up the only boat that still floats."
WILD = "At the door stands a drowned sailor whom Mara had already mourned."
THREE = (MINOR, MAJOR, WILD)


def voting(message: Payload) -> bool:
    """Match the card of a vote that is open, and has what the narrator thought of."""
    return bool(message["embeds"]) and "Count now" in buttons(message) and "⏳" not in described(message)


def card_saying(*words: str) -> Any:
    """Match a card with all of these words in it."""
    return lambda m: bool(m["embeds"]) and all(word in described(m) for word in words)


def described(message: Payload) -> str:
    """Return the text of a card."""
    embed = message["embeds"][0]
    return f"{embed.get('title', '')}\n{embed.get('description', '')}"


async def offered(stage: Stage, person: Person, **options: object) -> Payload:
    """Let a person start a story and ask for twists, and give the card of the vote."""
    await stage.begin(person)
    await stage.write(person, OPENING)
    stage.script.says(*THREE)
    await person.command("twist", channel=HERE, options=options)
    return await person.wait_for_message(voting)


async def told(answer: Answer) -> str:
    """Wait for the private answer and give its words."""
    return str((await answered(answer))["content"])


async def press(person: Person, card: Payload, label: str) -> str:
    """Press a button of a card, and give the private answer once it has come."""
    return await told(await person.click(card, label))


async def chosen_while_busy(stage: Stage, person: Person, card: Payload) -> Payload:
    """Count a vote while the narrator writes something else, and give the message on which the choice waits."""
    stage.script.hold(after=0)
    await person.command("continue", channel=HERE)
    writing = await person.wait_for_message(with_button("Stop"))
    await person.click(card, "Count now")
    waiting = await person.wait_for_message(with_button("Let the narrator write it"))
    await stage.bot.services.voting.rest()
    stage.script.go_on()
    await person.wait_for_message(lambda m: m["id"] == writing["id"] and "Retry" in buttons(m))
    return waiting


async def is_now(stage: Stage, state: str) -> bool:
    """Tell whether the first story is in this state."""
    return (await stories.get(stage.database, 1)).state == state
