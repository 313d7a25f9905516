"""Let a group decide and write together: votes, twists, rounds."""
