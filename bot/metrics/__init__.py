"""Tell machines how the bot does: figures for Prometheus, and whether it is well."""
