"""Make the tables of memory: recaps of ranges of passages, the prompts that made passages, and people's visits.

A recap is in use on a branch while its last slot is there and its range is read as it was when the recap was made.
Whoever has a passage erased has what was made of its words erased with it.
"""

MEMORY = """
CREATE TABLE recaps (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    level TEXT NOT NULL,
    first_depth INTEGER NOT NULL,
    last_depth INTEGER NOT NULL CHECK (last_depth >= first_depth),
    first_slot INTEGER NOT NULL,
    last_slot INTEGER NOT NULL,
    revised TEXT NOT NULL,  -- what was read otherwise than it was written: slot:shown, a hyphen for nothing
    text TEXT NOT NULL,
    model TEXT,  -- NULL where it is made of the story's own sentences
    prompt INTEGER NOT NULL,  -- the version of its prompt
    created INTEGER NOT NULL,
    UNIQUE (story_id, level, last_slot, first_slot, revised),
    FOREIGN KEY (story_id, first_slot) REFERENCES passages (story_id, id),
    FOREIGN KEY (story_id, last_slot) REFERENCES passages (story_id, id)
) STRICT;
CREATE INDEX recaps_from ON recaps (story_id, level, first_depth);
CREATE INDEX trail_revised ON trail (branch_id, depth) WHERE shown IS NOT slot;

CREATE TABLE prompts_used (
    passage_id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL,
    content BLOB NOT NULL,  -- JSON, compressed
    created INTEGER NOT NULL,
    FOREIGN KEY (story_id, passage_id) REFERENCES passages (story_id, id)
) STRICT;
CREATE INDEX prompts_used_of_story ON prompts_used (story_id, passage_id);

-- When a person took part last, and what was the newest then; the same of the visit before this one. No names.
CREATE TABLE visits (
    story_id INTEGER NOT NULL REFERENCES stories (id),
    person_id INTEGER NOT NULL,
    slot INTEGER REFERENCES passages (id),
    seen INTEGER NOT NULL,
    left_slot INTEGER REFERENCES passages (id),
    left_at INTEGER,  -- NULL on a first visit
    PRIMARY KEY (story_id, person_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER memory_forgets_text AFTER UPDATE OF text ON passages WHEN NEW.text = '' AND OLD.text <> ''
BEGIN
    DELETE FROM recaps WHERE story_id = NEW.story_id AND first_depth <= NEW.depth AND last_depth >= NEW.depth;
    DELETE FROM prompts_used WHERE story_id = NEW.story_id AND passage_id > NEW.id;
END;
CREATE TRIGGER memory_forgets_direction AFTER UPDATE OF direction ON passages
WHEN NEW.direction IS NULL AND OLD.direction IS NOT NULL
BEGIN DELETE FROM prompts_used WHERE passage_id = NEW.id; END;
"""
