"""Hold the rules of telling a story together: no Discord, no SQL, no model."""
