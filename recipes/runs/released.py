"""Free the memory of a stage when it ends, so that a run of many stages stays small."""

import contextlib
import gc

import keras


@contextlib.contextmanager
def released():
    """Free, when the block ends, what training in it left behind; models that live on still work.

    A distiller, its optimizer and its compiled steps refer to each other, so that Python frees
    them only when it looks for such circles. TensorFlow also keeps, by name and without end, the
    gradient function of every call of `tf.custom_gradient` that was traced, with the whole graph
    around it: Keras' optimizer makes such calls, and so does the angle loss. Those of the block are
    dropped, since nothing that was traced in it will be differentiated again.
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
    """TensorFlow's dict from names to gradient functions; an empty one where there is none."""
    if keras.backend.backend() != "tensorflow":
        return {}
    try:
        from tensorflow.python.framework.ops import gradient_registry
    except ImportError:
        # The name is not public. A release without it costs memory, not results.
        return {}
    return getattr(gradient_registry, "_registry", {})
