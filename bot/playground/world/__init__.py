"""Hold what there is: users, guilds, channels, messages, files, and what each user may do where."""
