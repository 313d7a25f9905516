"""Change how a branch reads, so that it can be changed back: inside the transaction of whoever asks.

Writing over, choosing and hiding leave a step that undo or redo can walk; passages themselves never change.
"""

from storage import branches, steps, trail
from storage.branches import Branch
from storage.database import Reader, Transaction
from storage.steps import Kind, NewStep, Step
from storage.trail import Change, Leaf

NAMED = 12
"""The most places that a large move names one by one, those next to where it leads."""


async def replace(tx: Transaction, branch: Branch, leaf: Leaf, passage_id: int, kind: Kind) -> Change:
    """Let another passage be read in a slot: at the head a sibling follows, in the middle another is shown."""
    if leaf.slot != branch.head:
        await steps.close_way(tx, branch.id, slot=leaf.slot, back=leaf.shown)
        await trail.show(tx, branch.id, leaf.slot, passage_id)
        await _push(tx, branch, kind, slot=leaf.slot, back=leaf.shown, ahead=passage_id, head=branch.head)
    elif kind == "take":
        await branches.move(tx, branch.id, head=passage_id)
        # It may have been hidden or changed while it stood in the middle.
        await trail.show(tx, branch.id, passage_id, passage_id)
    else:
        await branches.advance(tx, branch.id, passage_id)
        if kind == "edit":
            await _push(tx, branch, kind, back=leaf.slot, ahead=passage_id, head=passage_id)
    return Change(leaf.shown, passage_id)


async def hide(tx: Transaction, branch: Branch, leaf: Leaf) -> list[Change]:
    """Take a passage back: from the middle, what follows closes the gap; at the head it moves to what was before."""
    if leaf.slot == branch.head:
        return await go_back(tx, branch, await trail.shown_before(tx, branch.id, leaf.depth), "undo")
    await trail.show(tx, branch.id, leaf.slot, None)
    await _push(tx, branch, "take back", slot=leaf.slot, ahead=leaf.shown, head=branch.head, undone=True)
    return [Change(leaf.shown, None)]


async def go_back(tx: Transaction, branch: Branch, to: Leaf | None, kind: Kind) -> list[Change]:
    """Move the head back to a slot in which something is read, or before the first; returns the nearest changes."""
    slot, first = (to.slot, to.depth + 1) if to else (None, 0)
    left = await trail.leaves(tx, branch.id, first=first, last=first + NAMED - 1)
    await branches.move(tx, branch.id, head=slot)
    await _push(tx, branch, kind, back=slot, ahead=branch.head, head=slot, undone=True)
    return [Change(leaf.shown, None) for leaf in left if leaf.shown is not None]


async def undo(tx: Transaction, branch: Branch, step: Step) -> list[Change]:
    """Walk a change back; redo brings it back."""
    changes = await _walk(tx, branch, step, step.back)
    await steps.remove(tx, step)
    await _push(
        tx, branch, step.kind, slot=step.slot, back=step.back, ahead=step.ahead, head=None, undone=True
    )
    return changes


async def redo(tx: Transaction, branch: Branch, step: Step) -> list[Change]:
    """Walk a step forward; a change can then be undone again."""
    changes = await _walk(tx, branch, step, step.ahead)
    await steps.remove(tx, step)
    if step.kind in ("edit", "retake", "take"):
        head = step.ahead if step.slot is None else branch.head
        await _push(tx, branch, step.kind, slot=step.slot, back=step.back, ahead=step.ahead, head=head)
    return changes


async def _walk(tx: Transaction, branch: Branch, step: Step, to: int | None) -> list[Change]:
    if step.slot is not None:
        before = await _shown(tx, branch, step.slot)
        await trail.show(tx, branch.id, step.slot, to)
        return [Change(before, to)]
    old = None if branch.head is None else await trail.find(tx, branch.id, branch.head)
    await branches.move(tx, branch.id, head=to)
    if step.kind == "edit":
        return [Change(old.shown if old else None, await _shown(tx, branch, to))]
    first = old.depth + 1 if old else 0
    new = await trail.leaves(tx, branch.id, first=first, last=first + NAMED - 1)
    return [Change(None, leaf.shown) for leaf in new if leaf.shown is not None]


async def _shown(reader: Reader, branch: Branch, slot: int | None) -> int | None:
    leaf = None if slot is None else await trail.find(reader, branch.id, slot)
    return leaf.shown if leaf else None


async def _push(
    tx: Transaction,
    branch: Branch,
    kind: Kind,
    *,
    ahead: int | None,
    head: int | None,
    slot: int | None = None,
    back: int | None = None,
    undone: bool = False,
) -> None:
    new = NewStep(branch_id=branch.id, kind=kind, undone=undone, slot=slot, back=back, ahead=ahead, head=head)
    await steps.push(tx, new)
