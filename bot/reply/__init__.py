"""Show stories in Discord: pages, paced edits, buttons."""
