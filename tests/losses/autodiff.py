"""Gradients on the running backend, as NumPy arrays."""

import keras
import numpy as np


def gradient(function, x, *, compiled=False):
    """Derivative of the scalar `function(x)`.

    Args:
        compiled: Trace it as `fit` does: a `tf.function` of unknown batch size, `jax.jit`.
    """
    x = np.asarray(x, "float32")
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        def differentiate(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = function(x)
            return tape.gradient(value, x)

        if compiled:
            spec = tf.TensorSpec((None, x.shape[1]), tf.float32)
            differentiate = tf.function(differentiate, input_signature=[spec])
        result = differentiate(tf.constant(x))
    elif backend == "jax":
        import jax

        differentiate = jax.grad(function)
        result = (jax.jit(differentiate) if compiled else differentiate)(x)
    else:
        import torch

        leaf = torch.tensor(x, requires_grad=True)
        function(leaf).backward()
        result = leaf.grad
    return keras.ops.convert_to_numpy(result)
