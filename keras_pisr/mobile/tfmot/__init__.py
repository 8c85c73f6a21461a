"""Pruning, clustering and 8-bit training by tensorflow-model-optimization, over a tf_keras twin."""
