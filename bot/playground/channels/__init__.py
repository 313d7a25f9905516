"""Do what people and bots do in channels: messages, reactions, polls, threads."""
