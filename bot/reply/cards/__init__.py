"""Show one thing each as a card."""
