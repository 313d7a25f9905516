"""Keep how a story is told, and what the people of a place want left out of it."""

VOICE = """
ALTER TABLE stories ADD COLUMN style TEXT NOT NULL DEFAULT '';  -- the name of one; empty where none was chosen
ALTER TABLE stories ADD COLUMN creativity INTEGER NOT NULL DEFAULT 3 CHECK (creativity BETWEEN 1 AND 5);

-- Where a thread belongs, so that it inherits what its channel agreed on.
CREATE TABLE threads (
    channel_id INTEGER PRIMARY KEY,
    parent_id INTEGER NOT NULL
) STRICT;

-- A channel_id of 0 is the whole server. Nobody's name is kept: who asked for what is nobody's business.
CREATE TABLE boundaries (
    id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    agreed INTEGER NOT NULL CHECK (agreed IN (0, 1)),
    created INTEGER NOT NULL,
    UNIQUE (guild_id, channel_id, text)
) STRICT;

CREATE TABLE channel_ratings (
    guild_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    rating TEXT NOT NULL,
    PRIMARY KEY (guild_id, channel_id)
) STRICT, WITHOUT ROWID;

-- Somebody asked that the scene be over; the narrator's next passage, and its takes, cut to later.
CREATE TABLE scenes_over (
    story_id INTEGER PRIMARY KEY REFERENCES stories (id),
    used_after INTEGER  -- the passage behind which that was told, 0 at the very beginning; NULL as long as it was not
) STRICT;
"""
