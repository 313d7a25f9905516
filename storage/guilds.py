"""Keep what a server has set for all of its stories."""

from storage.database import Reader, Transaction


async def adapter_of(reader: Reader, guild_id: int) -> str:
    """Return the name of the adapter that a server's narrator writes with; empty where none was set."""
    row = await reader.fetch_one("SELECT adapter FROM guild_settings WHERE guild_id = ?", (guild_id,))
    return str(row["adapter"]) if row else ""


async def set_adapter(tx: Transaction, guild_id: int, adapter: str) -> None:
    """Set the adapter that a server's narrator writes with."""
    await tx.execute(
        "INSERT INTO guild_settings (guild_id, adapter) VALUES (?, ?)"
        " ON CONFLICT (guild_id) DO UPDATE SET adapter = excluded.adapter",
        (guild_id, adapter),
    )
