"""Pruning, clustering and 8-bit training with tensorflow-model-optimization, on a tf_keras twin."""
