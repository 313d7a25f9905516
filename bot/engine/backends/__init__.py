"""Drive one model runtime each behind the engine."""
