"""Keep the world in a folder, and read it back."""
