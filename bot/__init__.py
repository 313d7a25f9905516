"""Storyloom: a Discord bot with which groups write stories together."""
