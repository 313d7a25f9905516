"""Serve a loopback Discord and its page, to use and test the bot without Discord."""
