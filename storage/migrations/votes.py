"""Keep votes and rounds: what is put to the group, what each person said, and what came of it."""

VOTES = """
CREATE TABLE votes (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    round INTEGER NOT NULL CHECK (round > 0),  -- 1, and one more with each run-off
    hidden INTEGER NOT NULL CHECK (hidden IN (0, 1)),  -- whether counts are told at the end only
    opened_by INTEGER,
    opener_name TEXT,
    channel_id INTEGER NOT NULL,
    message_id INTEGER,
    shown TEXT NOT NULL,  -- what of it the message shows, so that a start finds what a crash left behind
    seconds INTEGER,  -- how long a round of it lasts; NULL is until someone closes it
    deadline INTEGER,
    winner INTEGER,
    created INTEGER NOT NULL,
    closed INTEGER,
    FOREIGN KEY (id, winner) REFERENCES vote_options (vote_id, number)
) STRICT;
CREATE UNIQUE INDEX votes_open ON votes (story_id) WHERE state IN ('open', 'tied');
CREATE INDEX votes_of_story ON votes (story_id, id);

CREATE TABLE vote_options (
    vote_id INTEGER NOT NULL REFERENCES votes (id),
    number INTEGER NOT NULL CHECK (number > 0),
    text TEXT NOT NULL,
    size TEXT,  -- minor, major or curveball, of a twist by the narrator
    device TEXT,
    author_id INTEGER,  -- NULL for the narrator's
    author_name TEXT,
    verbatim INTEGER NOT NULL CHECK (verbatim IN (0, 1)),  -- whether it becomes the passage itself
    rounds INTEGER NOT NULL CHECK (rounds > 0),  -- the last round in which it stands
    created INTEGER NOT NULL,
    PRIMARY KEY (vote_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE ballots (
    vote_id INTEGER NOT NULL,
    round INTEGER NOT NULL CHECK (round > 0),
    voter_id INTEGER NOT NULL,
    voter_name TEXT NOT NULL,
    number INTEGER NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (vote_id, round, voter_id),
    FOREIGN KEY (vote_id, number) REFERENCES vote_options (vote_id, number)
) STRICT, WITHOUT ROWID;

-- What was chosen and waits for the narrator's next passage; gone once that is in the story.
CREATE TABLE directions (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    text TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX directions_of_story ON directions (story_id, id);

-- A round in which everyone hands in: open, weaving while the narrator makes a passage of it, then done.
CREATE TABLE rounds (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id),
    state TEXT NOT NULL,
    passage_id INTEGER REFERENCES passages (id),  -- what was woven of it
    created INTEGER NOT NULL,
    closed INTEGER
) STRICT;
CREATE UNIQUE INDEX rounds_open ON rounds (story_id) WHERE state <> 'done';
CREATE INDEX rounds_of_passage ON rounds (passage_id);

CREATE TABLE contributions (
    id INTEGER PRIMARY KEY,
    round_id INTEGER NOT NULL REFERENCES rounds (id),
    author_id INTEGER,
    author_name TEXT,
    text TEXT NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    UNIQUE (round_id, author_id)
) STRICT;
CREATE INDEX contributions_of_author ON contributions (author_id);
"""
