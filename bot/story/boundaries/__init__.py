"""Keep stories within what people agreed on, and let anyone leave a scene."""
