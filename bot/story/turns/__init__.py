"""Decide who may write next: one engine for every turn mode, without Discord, SQL or a clock of its own."""
