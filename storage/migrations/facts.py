"""Keep what the narrator proposes as lore, what goes against it, who was where, and what a model can do."""

FACTS = """
-- What a model was found able to do, tried once: a skill carries the version of its trial.
CREATE TABLE abilities (
    model TEXT NOT NULL,
    skill TEXT NOT NULL,
    able INTEGER NOT NULL CHECK (able IN (0, 1)),
    created INTEGER NOT NULL,
    PRIMARY KEY (model, skill)
) STRICT, WITHOUT ROWID;

-- Up to which slots a story's passages were read for facts.
CREATE TABLE proposals_read (
    slot INTEGER PRIMARY KEY REFERENCES passages (id),
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE proposals (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    slots TEXT NOT NULL,  -- where it came from: a JSON list of pairs, the slot and what was read there
    since INTEGER NOT NULL REFERENCES passages (id),  -- the newest of those slots
    state TEXT NOT NULL,
    version_id INTEGER REFERENCES lore_versions (id),  -- what it became
    decided_by INTEGER,
    decider_name TEXT,
    decided INTEGER,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX proposals_of_story ON proposals (story_id, state, id);

-- Words that contradict lore, until their writer saves or edits them. Gone when that is done.
CREATE TABLE held (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    channel_id INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    author_name TEXT NOT NULL,
    text TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX held_of_author ON held (author_id, id);

-- Whether a story's passages are compared with its lore before they are saved.
ALTER TABLE stories ADD COLUMN lore_check INTEGER NOT NULL DEFAULT 1 CHECK (lore_check IN (0, 1));

-- A passage that is in the story although it contradicts lore, for its writers to look at.
CREATE TABLE flags (
    passage_id INTEGER NOT NULL REFERENCES passages (id),
    version_id INTEGER NOT NULL REFERENCES lore_versions (id),
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (passage_id, version_id)
) STRICT, WITHOUT ROWID;

-- Which passages name which entries of lore; `here` where that is told and not only spoken of.
CREATE TABLE mentions (
    entry_id INTEGER NOT NULL REFERENCES lore_entries (id),
    passage_id INTEGER NOT NULL REFERENCES passages (id),
    here INTEGER NOT NULL CHECK (here IN (0, 1)),
    PRIMARY KEY (entry_id, passage_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_in_passage ON mentions (passage_id);

-- For which names a passage was searched: the digest of all that the lore has.
CREATE TABLE mentions_sought (
    passage_id INTEGER PRIMARY KEY REFERENCES passages (id),
    names TEXT NOT NULL
) STRICT;
"""
