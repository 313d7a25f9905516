"""Propose facts as lore after each few passages, and let the writers approve, change or refuse them.

What is proposed carries the passages that it came from, and what becomes lore holds from the newest of them on: so both
go with an undo and come back with a redo.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.clock import now
from bot.engine.request import Message, Sampling
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.ability import Ability
from bot.story.boundaries.agreement import bounds_of
from bot.story.lore.book import Book
from bot.story.lore.facts import Fact, changed, noted, repeats, source, stated
from bot.story.lore.keeper import Keeper, Origin
from bot.story.lore.search import LoreSearch
from bot.story.lore.writing import Sketch
from bot.story.people import Person, Place
from bot.story.scribe import Scribe
from bot.story.text import inline_name, neutralise
from bot.story.turns import keeping
from bot.story.turns.rights import is_sealed
from bot.story.wording import sections
from storage import actions, branches, passages, proposals, stories, trail
from storage.database import Database, Reader, Transaction
from storage.lore import Version
from storage.proposals import NewProposal, Proposal, State
from storage.stories import Story
from storage.trail import Told

log = structlog.get_logger(__name__)

EVERY = 4  # passages between two readings
READ = 8  # passages read at once
BACK = 24  # passages that are looked back on at most
MOST = 3  # facts of one reading
OPEN = 20  # undecided proposals, with which nothing new is proposed
REMEMBERED = 200  # proposals that are not made again
_TOKENS = 160
_FORM = (
    '{"type":"object","properties":{"facts":{"type":"array","maxItems":3,"items":{"type":"object","properties":'
    '{"name":{"type":"string","maxLength":40},"fact":{"type":"string","maxLength":200}},'
    '"required":["name","fact"]}}},"required":["facts"]}'
)


@dataclass(frozen=True, slots=True)
class Card:
    """Hold a proposal with the entry that it would add to, if there is one, and the numbers of its passages."""

    proposal: Proposal
    story: Story
    entry: Version | None
    numbers: tuple[int, ...]


class Proposals:
    """Make proposals in the background, and carry out what people decide about them."""

    def __init__(
        self, *, database: Database, scribe: Scribe, ability: Ability, keeper: Keeper, search: LoreSearch
    ) -> None:
        self._database = database
        self._scribe = scribe
        self._ability = ability
        self._keeper = keeper
        self._search = search

    async def due(self, story_id: int) -> bool:
        """Read a story's next few passages for facts; tell if there were enough of them."""
        story = await stories.get(self._database, story_id)
        told = await self._unread(story)
        if len(told) < EVERY:
            return False
        facts = await self._facts(story, told[:READ])
        async with self._database.transaction() as tx:
            if await proposals.read_up_to(tx, story.branch_id) >= told[0].depth:
                return True  # another reading was quicker
            for fact, where in facts:
                await proposals.add(tx, _new(story, fact, where))
            await proposals.note_read(tx, told[:READ][-1].slot, created=now())
        log.info("read for facts", story=story.id, passages=len(told[:READ]), proposed=len(facts))
        return True

    async def open(self, place: Place, *, after: int) -> tuple[Card, int, int] | None:
        """Return what waits behind a proposal that was seen, around the end; its number, and how many wait."""
        story = await standing.running(self._database, place)
        waiting = await proposals.open_on(self._database, story.id, story.branch_id)
        if not waiting:
            return None
        at = next((n for n, proposal in enumerate(waiting) if proposal.id > after), 0)
        return await self._card(story, waiting[at]), at + 1, len(waiting)

    async def approve(
        self, place: Place, person: Person, proposal_id: int, *, edited: Fact | None = None
    ) -> Version:
        """Make a proposal lore, as it is or as someone edited it; refused where it was decided already."""
        story = await standing.running(self._database, place)
        proposal = await self._decidable(self._database, story, proposal_id)
        fact = edited or Fact(proposal.title, proposal.text)
        entry = changed(fact, await self._book(story))

        async def settle(tx: Transaction, version: Version) -> None:
            await self._decidable(tx, story, proposal_id)
            await _decide(tx, proposal, person, "approved", version.id)

        origin = Origin(proposal.since, settle)
        if entry is None:
            sketch = Sketch(title=fact.name, text=fact.text)
            return await self._keeper.add(place, person, "fact", sketch, origin=origin)
        sketch = Sketch(text=_joined(entry.text, fact.text, story.language))
        return await self._keeper.change(place, person, entry, sketch, origin=origin)

    async def refuse(self, place: Place, person: Person, proposal_id: int) -> None:
        """Put a proposal away; it is not made again."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            proposal = await self._decidable(tx, story, proposal_id)
            await _decide(tx, proposal, person, "refused", None)

    async def card(self, place: Place, proposal_id: int) -> Card:
        """Return a proposal that can still be decided."""
        story = await standing.running(self._database, place)
        proposal = await self._decidable(self._database, story, proposal_id)
        return await self._card(story, proposal)

    async def _unread(self, story: Story) -> list[Told]:
        """Return the passages that were not read for facts; none where no narrator should read them."""
        kept = await keeping.read(self._database, story.id)
        if story.state != "running" or not story.narrates or await is_sealed(self._database, kept):
            return []
        branch = await branches.get(self._database, story.branch_id)
        if branch.head is None:
            return []
        if len(await proposals.open_on(self._database, story.id, story.branch_id)) >= OPEN:
            return []
        depth = (await passages.get(self._database, branch.head)).depth
        first = max(await proposals.read_up_to(self._database, branch.id) + 1, depth + 1 - BACK)
        return [one for one in await trail.read(self._database, branch.id, first=first) if one.passage.text]

    async def _facts(self, story: Story, told: Sequence[Told]) -> list[tuple[Fact, Told]]:
        """Return new facts that the passages bear out, each with the passage that does."""
        book = await self._book(story)
        known = [f"{entry.title} {entry.text}" for entry in book.versions.values()]
        known += await proposals.texts(self._database, story.id, limit=REMEMBERED)
        bounds = await bounds_of(self._database, story)
        facts = [
            fact
            for fact in await self._read(story, told)
            if not bounds.crossed_by(f"{fact.name}: {fact.text}")
        ]
        return await asyncio.to_thread(_new_facts, facts, told, known)

    async def _read(self, story: Story, told: Sequence[Told]) -> list[Fact]:
        """Return what the model notes; where it is not able to read, what the text says in so many words.

        It is not told what is noted already: a small model notes just that again.
        """
        if not await self._ability.reads(story, person_id=None):
            text = "\n".join(one.passage.text for one in told)
            return await asyncio.to_thread(stated, text, story.language)
        words = sections("propose", story.language)
        text = "\n\n".join(neutralise(one.passage.text) for one in told)
        asked = words["user"].format(
            title=neutralise(story.title),
            text=text[-await self._scribe.room(story.language, reserve=4 * _TOKENS) // 2 :],
            most=MOST,
        )
        said = await self._ask(story, words["system"], asked)
        facts = noted(said)
        if not facts and any(char.isalnum() for char in said) and len(said) > len(words["system"]) // 8:
            facts = noted(await self._ask(story, "", words["form"].format(notes=neutralise(said)), _FORM))
        return facts

    async def _ask(self, story: Story, system: str, asked: str, form: str = "") -> str:
        first = (Message("system", system),) if system else ()
        return await self._scribe.text(
            messages=(*first, Message("user", asked)),
            sampling=Sampling(seed=1, temperature=0.2, max_tokens=_TOKENS, json_schema=form),
            story=story,
            person_id=None,
        )

    async def _book(self, story: Story) -> Book:
        return await self._search.book(story.id, story.branch_id)

    async def _card(self, story: Story, proposal: Proposal) -> Card:
        leaves = [await trail.find(self._database, story.branch_id, slot) for slot, _shown in proposal.slots]
        entry = changed(Fact(proposal.title, proposal.text), await self._book(story))
        numbers = [
            1 + await trail.count(self._database, story.branch_id, before=leaf.depth)
            for leaf in leaves
            if leaf
        ]
        return Card(proposal, story, entry, tuple(numbers))

    async def _decidable(self, reader: Reader, story: Story, proposal_id: int) -> Proposal:
        """Return a proposal of a story; refused where somebody decided it, or its passages were taken back."""
        proposal = await proposals.get(reader, proposal_id)
        if proposal is None or proposal.story_id != story.id:
            raise Refused(
                _("This proposal belongs to another story. `/lore proposals` shows those of this one.")
            )
        if proposal.state != "open":
            raise Refused(
                _(
                    "{name} decided this one already. `/lore proposals` shows what is still open.",
                    name=inline_name(proposal.decider_name or "—"),
                )
            )
        if not await proposals.is_in_use(reader, proposal_id, story.branch_id):
            raise Refused(
                _("The passage that this came from was taken back or changed. It returns with `/redo`.")
            )
        return proposal


def _new_facts(facts: Sequence[Fact], told: Sequence[Told], known: list[str]) -> list[tuple[Fact, Told]]:
    """Return the first facts that passages bear out and that are not known, each with its passage. Blocks."""
    found: list[tuple[Fact, Told]] = []
    for fact in facts:
        where = source(fact, told)
        alike = [text for text in known if fact.name.casefold() in text.casefold()]
        if where is not None and not repeats(fact, alike):
            known.append(f"{fact.name} {fact.text}")
            found.append((fact, where))
    return found[:MOST]


def _new(story: Story, fact: Fact, where: Told) -> NewProposal:
    return NewProposal(
        story_id=story.id,
        title=fact.name,
        text=fact.text,
        slots=((where.slot, where.passage.id),),
        since=where.slot,
        created=now(),
    )


def _joined(before: str, added: str, language: str) -> str:
    if before.endswith((".", "!", "?", "。", "！", "？")):
        return f"{before}{'' if language == 'zh' else ' '}{added}"
    return f"{before}{'；' if language == 'zh' else '; '}{added}"


async def _decide(
    tx: Transaction, proposal: Proposal, person: Person, state: State, version_id: int | None
) -> None:
    await proposals.decide(
        tx,
        proposal.id,
        state=state,
        person_id=person.id,
        person_name=person.name,
        version_id=version_id,
        decided=now(),
    )
    await actions.append(
        tx,
        story_id=proposal.story_id,
        kind=f"{state} proposal",
        created=now(),
        actor_id=person.id,
        actor_name=person.name,
        detail={"proposal": proposal.id, "version": version_id},
    )
