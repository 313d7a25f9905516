"""Tell clients over their sockets what happens, as Discord's gateway does."""
