"""Offer Discord commands, one file per family."""
