"""Make the tree of passages: stories, passages, branches, the log of actions."""

APPLICATION_ID = 0x53544C4D
"""`STLM` in the file's header, so that a file of another program is recognised."""

STORY_TREE = f"""
PRAGMA application_id = {APPLICATION_ID};

CREATE TABLE stories (
    id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL,  -- 0 in direct messages
    channel_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    premise TEXT NOT NULL,
    language TEXT NOT NULL,
    rating TEXT NOT NULL,
    state TEXT NOT NULL,
    free_typing INTEGER NOT NULL CHECK (free_typing IN (0, 1)),
    words INTEGER NOT NULL CHECK (words > 0),
    branch_id INTEGER,  -- the current branch; NULL only between the two inserts that create a story
    started_by INTEGER,
    starter_name TEXT,
    created INTEGER NOT NULL,
    ended INTEGER,
    FOREIGN KEY (id, branch_id) REFERENCES branches (story_id, id)
) STRICT;
CREATE UNIQUE INDEX stories_running ON stories (channel_id) WHERE state = 'running';
CREATE INDEX stories_of_guild ON stories (guild_id, id);

CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    parent INTEGER,
    depth INTEGER NOT NULL CHECK ((depth = 0) = (parent IS NULL)),
    bytes_before INTEGER NOT NULL CHECK (bytes_before >= 0),
    author_id INTEGER,
    author_name TEXT,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    asked_by INTEGER,
    direction TEXT,
    model TEXT,
    seed INTEGER,
    sampling TEXT,
    prompt_digest TEXT,
    finish TEXT,
    created INTEGER NOT NULL,
    UNIQUE (story_id, id),
    FOREIGN KEY (story_id, parent) REFERENCES passages (story_id, id)
) STRICT;
CREATE INDEX passages_of_parent ON passages (story_id, parent);

-- Each of the five personal columns may stay or go blank; nothing else may ever change.
CREATE TRIGGER passages_never_change BEFORE UPDATE ON passages
WHEN (NEW.id, NEW.story_id, NEW.parent, NEW.depth, NEW.bytes_before, NEW.kind, NEW.model, NEW.seed,
      NEW.sampling, NEW.prompt_digest, NEW.finish, NEW.created)
  IS NOT (OLD.id, OLD.story_id, OLD.parent, OLD.depth, OLD.bytes_before, OLD.kind, OLD.model, OLD.seed,
      OLD.sampling, OLD.prompt_digest, OLD.finish, OLD.created)
  OR NEW.text <> '' AND NEW.text IS NOT OLD.text
  OR NEW.author_id IS NOT NULL AND NEW.author_id IS NOT OLD.author_id
  OR NEW.author_name IS NOT NULL AND NEW.author_name IS NOT OLD.author_name
  OR NEW.asked_by IS NOT NULL AND NEW.asked_by IS NOT OLD.asked_by
  OR NEW.direction IS NOT NULL AND NEW.direction IS NOT OLD.direction
BEGIN SELECT RAISE(ABORT, 'a passage never changes'); END;
CREATE TRIGGER passages_never_go BEFORE DELETE ON passages
BEGIN SELECT RAISE(ABORT, 'a passage is never deleted'); END;

CREATE TABLE branches (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    name TEXT NOT NULL,
    head INTEGER,  -- the newest passage as read
    tip INTEGER,   -- the passage furthest forward; redo walks from head towards it
    created INTEGER NOT NULL,
    UNIQUE (story_id, name),
    UNIQUE (story_id, id),
    FOREIGN KEY (story_id, head) REFERENCES passages (story_id, id),
    FOREIGN KEY (story_id, tip) REFERENCES passages (story_id, id)
) STRICT;

CREATE TABLE actions (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    actor_id INTEGER,
    actor_name TEXT,
    kind TEXT NOT NULL,
    passage_id INTEGER,
    detail TEXT NOT NULL,
    created INTEGER NOT NULL,
    FOREIGN KEY (story_id, passage_id) REFERENCES passages (story_id, id)
) STRICT;
CREATE INDEX actions_of_story ON actions (story_id, id);
CREATE TRIGGER actions_never_change BEFORE UPDATE ON actions
BEGIN SELECT RAISE(ABORT, 'the log of actions only grows'); END;
CREATE TRIGGER actions_never_go BEFORE DELETE ON actions
BEGIN SELECT RAISE(ABORT, 'the log of actions only grows'); END;
"""
