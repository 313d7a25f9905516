"""Run language models: requests, the fair queue, streaming, backends."""
