"""Keep what is read along each branch, and what can be brought back.

The path from root to head is written out, so that a place in a long story is found without walking to it, and so that
another passage, or none, can be read in the place of one in its middle.
"""

READING = """
ALTER TABLE passages ADD COLUMN replaces INTEGER REFERENCES passages (id);  -- the one it was written to stand for

DROP TRIGGER passages_never_change;
CREATE TRIGGER passages_never_change BEFORE UPDATE ON passages
WHEN (NEW.id, NEW.story_id, NEW.parent, NEW.depth, NEW.bytes_before, NEW.kind, NEW.model, NEW.seed,
      NEW.sampling, NEW.prompt_digest, NEW.finish, NEW.created, NEW.replaces)
  IS NOT (OLD.id, OLD.story_id, OLD.parent, OLD.depth, OLD.bytes_before, OLD.kind, OLD.model, OLD.seed,
      OLD.sampling, OLD.prompt_digest, OLD.finish, OLD.created, OLD.replaces)
  OR NEW.text <> '' AND NEW.text IS NOT OLD.text
  OR NEW.author_id IS NOT NULL AND NEW.author_id IS NOT OLD.author_id
  OR NEW.author_name IS NOT NULL AND NEW.author_name IS NOT OLD.author_name
  OR NEW.asked_by IS NOT NULL AND NEW.asked_by IS NOT OLD.asked_by
  OR NEW.direction IS NOT NULL AND NEW.direction IS NOT OLD.direction
BEGIN SELECT RAISE(ABORT, 'a passage never changes'); END;

-- A slot is a passage on the path from the root to a branch's head.
CREATE TABLE trail (
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    depth INTEGER NOT NULL,
    slot INTEGER NOT NULL REFERENCES passages (id),
    shown INTEGER REFERENCES passages (id),  -- what is read there; NULL where it was taken back from the middle
    PRIMARY KEY (branch_id, depth)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX trail_slots ON trail (branch_id, slot);
CREATE INDEX trail_shown ON trail (branch_id, shown);

INSERT INTO trail (branch_id, depth, slot, shown)
WITH RECURSIVE up (branch_id, id, parent, depth) AS (
    SELECT branches.id, passages.id, passages.parent, passages.depth
    FROM branches JOIN passages ON passages.id = branches.head
    UNION ALL SELECT up.branch_id, passages.id, passages.parent, passages.depth
    FROM up JOIN passages ON passages.id = up.parent)
SELECT branch_id, depth, id, id FROM up;

-- What is read in a slot's place on a branch; of several that are active the newest counts.
CREATE TABLE revisions (
    id INTEGER PRIMARY KEY,
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    slot INTEGER NOT NULL REFERENCES passages (id),
    shown INTEGER REFERENCES passages (id),
    kind TEXT NOT NULL,
    actor_id INTEGER,
    actor_name TEXT,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX revisions_of_slot ON revisions (branch_id, slot, id);

-- What redo brings back, newest first: a passage at the head, or a revision that is no more.
CREATE TABLE undone (
    id INTEGER PRIMARY KEY,
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    slot INTEGER REFERENCES passages (id),
    revision_id INTEGER REFERENCES revisions (id),
    created INTEGER NOT NULL,
    CHECK ((slot IS NULL) <> (revision_id IS NULL))
) STRICT;
CREATE INDEX undone_of_branch ON undone (branch_id, id);
"""
