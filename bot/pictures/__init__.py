"""Draw pictures of stories: their tree, their trend."""
