"""Measure how fast the bot is; every bench gives plain figures that are printed as one line of JSON each."""
