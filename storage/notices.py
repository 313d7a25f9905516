"""Keep which things have been said, of those that are said once."""

from storage.database import Transaction


async def first_time(tx: Transaction, scope: str, name: str, *, created: int) -> bool:
    """Note that something is said in a scope; return whether it had not been said there before."""
    row = await tx.fetch_one(
        "INSERT INTO notices (scope, name, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING name",
        (scope, name, created),
    )
    return row is not None
