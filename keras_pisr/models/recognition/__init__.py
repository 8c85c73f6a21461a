"""Networks that tell images apart: an embedding and logits."""
