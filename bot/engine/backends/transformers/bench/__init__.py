"""Measure the scheduler against the library's own ways to run a model, on the same weights in one process."""
