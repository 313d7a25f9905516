"""Find what a person wrote, wherever that was."""

AUTHORS = """
CREATE INDEX passages_of_author ON passages (author_id, story_id) WHERE author_id IS NOT NULL;
"""
