"""Remember a story: recaps, prompts, why a passage was written so, what someone missed."""
