"""Keep who may write next, what the bot must do at which time, and what it still has to say."""

TURNS = """
ALTER TABLE stories ADD COLUMN ai_share INTEGER NOT NULL DEFAULT 0;  -- 0 on request, -1 never, else every so many
ALTER TABLE stories ADD COLUMN host_id INTEGER;  -- NULL: who started it
ALTER TABLE stories ADD COLUMN host_name TEXT;

CREATE TABLE timers (
    kind TEXT NOT NULL,
    about INTEGER NOT NULL,  -- the id of what it is for, by kind
    due INTEGER NOT NULL,
    PRIMARY KEY (kind, about)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due);

-- When the bot was last known to run, so that a start knows how long nobody could act.
CREATE TABLE heartbeat (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT;

CREATE TABLE turns (
    story_id INTEGER PRIMARY KEY REFERENCES stories (id),
    mode TEXT NOT NULL,
    length INTEGER NOT NULL CHECK (length > 0),
    nudge INTEGER NOT NULL CHECK (nudge BETWEEN 0 AND 100),
    fallback TEXT NOT NULL,
    patience INTEGER NOT NULL CHECK (patience > 0),
    others INTEGER NOT NULL CHECK (others > 0),
    since INTEGER NOT NULL,
    due INTEGER,  -- NULL: no clock runs
    nudged INTEGER NOT NULL CHECK (nudged IN (0, 1)),
    closed INTEGER NOT NULL CHECK (closed IN (0, 1)),
    seed INTEGER NOT NULL,
    head INTEGER,  -- the passage at which queue, recent and lap hold
    queue TEXT NOT NULL,
    recent TEXT NOT NULL,
    lap INTEGER NOT NULL,
    epoch INTEGER NOT NULL,  -- counts the modes that were set
    sealed_after INTEGER,  -- in a blind story the passages with greater ids are secret
    narrating TEXT NOT NULL,  -- whether the narrator is to write by itself, or has begun to
    card INTEGER,  -- the message that says who is next
    FOREIGN KEY (story_id, head) REFERENCES passages (story_id, id)
) STRICT;

CREATE TABLE turn_seats (
    story_id INTEGER NOT NULL REFERENCES stories (id),
    place INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    silent INTEGER NOT NULL,
    PRIMARY KEY (story_id, place),
    UNIQUE (story_id, person_id)
) STRICT, WITHOUT ROWID;

-- Whose turn it was at a place in the story; passage_id 0 is before the first.
CREATE TABLE turn_positions (
    story_id INTEGER NOT NULL REFERENCES stories (id),
    passage_id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    queue TEXT NOT NULL,
    recent TEXT NOT NULL,
    lap INTEGER NOT NULL,
    PRIMARY KEY (story_id, passage_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE turn_news (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    effects TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX turn_news_of_story ON turn_news (story_id, id);
"""
