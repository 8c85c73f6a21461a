"""Recognition networks, which return an embedding and logits."""
