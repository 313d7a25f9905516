"""Open windows to write in, and read what they send back."""
