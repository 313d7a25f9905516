"""Keep what the narrator must respect, and find what matters now."""
