"""Frees the memory of a stage when it ends, so that a run of many stages stays small."""

import contextlib
import gc

import keras


@contextlib.contextmanager
def released():
    """Free the memory of a training when the block ends; models that are still used keep working.

    A distiller, its optimizer and its compiled steps refer to each other, so Python frees them only
    when it collects such cycles. TensorFlow also keeps, by name and without limit, the gradient
    function of every traced call of `tf.custom_gradient`, with the whole graph around it. Keras'
    optimizer makes such calls, and so does the angle loss. The functions of the block are removed,
    because nothing that was traced in it will be differentiated again.
    """
    registered = traced_gradients()
    before = set(registered)
    try:
        yield
    finally:
        for name in set(registered) - before:
            if name.startswith("CustomGradient-"):
                del registered[name]
        gc.collect()


def traced_gradients():
    """TensorFlow's dict from names to gradient functions; an empty dict if there is none."""
    if keras.backend.backend() != "tensorflow":
        return {}
    try:
        from tensorflow.python.framework.ops import gradient_registry
    except ImportError:
        # The name is not public. Without it, memory is not freed, but results do not change.
        return {}
    return getattr(gradient_registry, "_registry", {})
