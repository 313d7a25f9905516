"""Keep the libraries' bars and warnings off standard output and out of each other's way."""

import logging

import transformers


def hush() -> None:
    """Send the libraries' words to the log, and draw no bars: standard output is for the address alone."""
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_default_handler()
    transformers.utils.logging.enable_propagation()
    # It would say at every step that int8 layers work in half precision.
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    logging.captureWarnings(True)
