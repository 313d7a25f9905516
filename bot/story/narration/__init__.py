"""Let the narrator write: drafts, their flaws, and how a story is to be told."""
