"""Keep which voice a story and a server chose.

Names of the host's configuration; empty is no choice, `none` the model as it is.
"""

ADAPTERS = """
ALTER TABLE stories ADD COLUMN adapter TEXT NOT NULL DEFAULT '';

CREATE TABLE guild_settings (
    guild_id INTEGER PRIMARY KEY,
    adapter TEXT NOT NULL
) STRICT;
"""
