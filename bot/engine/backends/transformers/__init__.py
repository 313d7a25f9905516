"""Run a quantized model on the host's own graphics card: a scheduler of our own over the model's forward pass."""
