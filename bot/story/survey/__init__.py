"""Look at a whole story: its tree, who wrote how much, how it is written."""
