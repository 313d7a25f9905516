"""Measure a backend against what a host could use in its place: the same work in turns, medians, ratios."""
