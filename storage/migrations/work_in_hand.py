"""Make the tables of what a restart needs to go on where it stopped.

Apart from the tree, because these rows come and go.
"""

WORK_IN_HAND = """
CREATE TABLE narrations (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL UNIQUE REFERENCES stories (id),
    kind TEXT NOT NULL,
    parent INTEGER,
    asked_by INTEGER NOT NULL,
    asker_name TEXT NOT NULL,
    locale TEXT NOT NULL,
    direction TEXT,
    seed INTEGER,
    channel_id INTEGER NOT NULL,
    message_id INTEGER,
    created INTEGER NOT NULL,
    FOREIGN KEY (story_id, parent) REFERENCES passages (story_id, id)
) STRICT;

CREATE TABLE inbox (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    author_id INTEGER NOT NULL,
    author_name TEXT NOT NULL,
    text TEXT NOT NULL,
    channel_id INTEGER NOT NULL,
    message_ids TEXT NOT NULL,
    own INTEGER NOT NULL CHECK (own IN (0, 1)),  -- whether the bot sent those messages
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_of_story ON inbox (story_id, id);

CREATE TABLE displays (
    message_id INTEGER PRIMARY KEY,
    passage_id INTEGER NOT NULL REFERENCES passages (id),
    page INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    own INTEGER NOT NULL CHECK (own IN (0, 1))  -- whether the bot sent the message, so can edit it
) STRICT;
CREATE INDEX displays_of_passage ON displays (passage_id, page);

CREATE TABLE controls (
    story_id INTEGER PRIMARY KEY REFERENCES stories (id),
    channel_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL
) STRICT;

CREATE TABLE notices (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
"""
