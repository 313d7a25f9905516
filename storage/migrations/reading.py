"""Keep what is read along each branch, what can be taken back there, and what can be brought back.

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

-- What is read in a slot's place on a branch, where that is not the slot itself.
CREATE TABLE revisions (
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    slot INTEGER NOT NULL REFERENCES passages (id),
    shown INTEGER REFERENCES passages (id),
    PRIMARY KEY (branch_id, slot)
) STRICT, WITHOUT ROWID;

-- What undo can take back (undone = 0) and redo bring back (undone = 1), on the branch where it was done. Without a
-- slot the head moves between `back` and `ahead`, else what is shown in the slot does. What replaces these rows is
-- never lost: passages stay, and the log of actions has everything.
CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    kind TEXT NOT NULL,
    undone INTEGER NOT NULL CHECK (undone IN (0, 1)),
    slot INTEGER REFERENCES passages (id),
    back INTEGER REFERENCES passages (id),
    ahead INTEGER REFERENCES passages (id),
    head INTEGER REFERENCES passages (id)  -- the newest slot when it was done
) STRICT;
CREATE INDEX steps_of_head ON steps (branch_id, undone, head, id);
CREATE INDEX steps_from ON steps (branch_id, back, id) WHERE undone AND slot IS NULL;
CREATE INDEX steps_of_slot ON steps (branch_id, id) WHERE undone AND slot IS NOT NULL;

-- Redo used to walk from a branch's head to its `tip`, which nothing reads any more.
INSERT INTO steps (branch_id, kind, undone, slot, back, ahead, head)
WITH RECURSIVE up (branch_id, head, id, parent) AS (
    SELECT branches.id, branches.head, passages.id, passages.parent
    FROM branches JOIN passages ON passages.id = branches.tip WHERE branches.tip IS NOT branches.head
    UNION ALL SELECT up.branch_id, up.head, passages.id, passages.parent
    FROM up JOIN passages ON passages.id = up.parent WHERE up.parent IS NOT up.head)
SELECT branch_id, 'undo', 1, NULL, parent, id, NULL FROM up;

-- Who put other words in the place of a passage's; the new passage names the one that it replaces.
CREATE TABLE edits (
    passage_id INTEGER PRIMARY KEY REFERENCES passages (id),
    editor_id INTEGER,
    editor_name TEXT
) STRICT;

-- How a message shows that its passage is not read: it is but a `line`, or wears a `sign`; empty where it is read.
ALTER TABLE displays ADD COLUMN fold TEXT NOT NULL DEFAULT '';
CREATE INDEX displays_folded ON displays (passage_id) WHERE fold <> '';

ALTER TABLE narrations ADD COLUMN replaces INTEGER REFERENCES passages (id);  -- beside which a take is written
"""
