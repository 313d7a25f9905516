"""Make the tables of lore: entries with versions, where they were used, and what both they and passages are found by.

Nothing is deleted: removing an entry is a version too. A version with `since` holds on branches that read that slot.
"""

LORE = """
CREATE TABLE lore_entries (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    kind TEXT NOT NULL,
    owner_id INTEGER,  -- who wrote it first
    owner_name TEXT,
    created INTEGER NOT NULL,
    UNIQUE (story_id, id)
) STRICT;

CREATE TABLE lore_versions (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL,
    entry_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    keys TEXT NOT NULL,  -- a JSON list; one between slashes is a pattern
    pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    priority INTEGER NOT NULL,
    family TEXT NOT NULL,  -- of entries with the same one only the best is taken; empty for none
    cooldown INTEGER NOT NULL CHECK (cooldown >= 0),  -- passages for which it rests after it was used
    voice TEXT NOT NULL,  -- how a character speaks
    player_id INTEGER,  -- the writer whose own character it is
    player_name TEXT,
    removed INTEGER NOT NULL CHECK (removed IN (0, 1)),
    author_id INTEGER,
    author_name TEXT,
    since INTEGER,
    title_digest TEXT NOT NULL,  -- the same for what reads the same
    text_digest TEXT NOT NULL,
    created INTEGER NOT NULL,
    FOREIGN KEY (story_id, entry_id) REFERENCES lore_entries (story_id, id),
    FOREIGN KEY (story_id, since) REFERENCES passages (story_id, id)
) STRICT;
CREATE INDEX lore_versions_of_entry ON lore_versions (entry_id, id);
CREATE INDEX lore_versions_of_story ON lore_versions (story_id, id);
CREATE INDEX lore_versions_titles ON lore_versions (story_id, title_digest);
CREATE INDEX lore_versions_texts ON lore_versions (story_id, text_digest);
CREATE INDEX lore_versions_since ON lore_versions (story_id, since) WHERE since IS NOT NULL;

-- Words and people may be blanked; nothing else may ever change.
CREATE TRIGGER lore_versions_never_change BEFORE UPDATE ON lore_versions
WHEN (NEW.id, NEW.story_id, NEW.entry_id, NEW.pinned, NEW.priority, NEW.cooldown, NEW.removed, NEW.since, NEW.created)
  IS NOT (OLD.id, OLD.story_id, OLD.entry_id, OLD.pinned, OLD.priority, OLD.cooldown, OLD.removed, OLD.since,
      OLD.created)
  OR NEW.title <> '' AND NEW.title IS NOT OLD.title
  OR NEW.text <> '' AND NEW.text IS NOT OLD.text
  OR NEW.title_digest <> '' AND NEW.title_digest IS NOT OLD.title_digest
  OR NEW.text_digest <> '' AND NEW.text_digest IS NOT OLD.text_digest
  OR NEW.keys <> '[]' AND NEW.keys IS NOT OLD.keys
  OR NEW.family <> '' AND NEW.family IS NOT OLD.family
  OR NEW.voice <> '' AND NEW.voice IS NOT OLD.voice
  OR NEW.player_id IS NOT NULL AND NEW.player_id IS NOT OLD.player_id
  OR NEW.player_name IS NOT NULL AND NEW.player_name IS NOT OLD.player_name
  OR NEW.author_id IS NOT NULL AND NEW.author_id IS NOT OLD.author_id
  OR NEW.author_name IS NOT NULL AND NEW.author_name IS NOT OLD.author_name
BEGIN SELECT RAISE(ABORT, 'a version of lore never changes'); END;
CREATE TRIGGER lore_versions_never_go BEFORE DELETE ON lore_versions
BEGIN SELECT RAISE(ABORT, 'a version of lore is never deleted'); END;

-- Which triggered entries stood in the prompt of which passage.
CREATE TABLE lore_uses (
    passage_id INTEGER NOT NULL REFERENCES passages (id),
    entry_id INTEGER NOT NULL REFERENCES lore_entries (id),
    PRIMARY KEY (passage_id, entry_id)
) STRICT, WITHOUT ROWID;

-- Patterns that took too long on a story's words; they are skipped from then on.
CREATE TABLE lore_slow_patterns (
    version_id INTEGER NOT NULL REFERENCES lore_versions (id),
    pattern TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (version_id, pattern)
) STRICT, WITHOUT ROWID;

-- What can be searched for: a version of lore or a passage. The vector is NULL until it is computed.
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    kind TEXT NOT NULL,
    about INTEGER NOT NULL,
    words INTEGER NOT NULL,
    vector BLOB,  -- 16-bit floats
    UNIQUE (story_id, kind, about)
) STRICT;
CREATE INDEX documents_of_story ON documents (story_id, kind);  -- and by row within, as every index
CREATE INDEX documents_without_vector ON documents (story_id, kind) WHERE vector IS NULL;

-- Each word carries its story and kind, so that a search reads no other story's postings.
CREATE VIRTUAL TABLE documents_words USING fts5 (words, tokenize = 'porter unicode61', columnsize = 0);
"""
