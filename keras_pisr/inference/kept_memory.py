"""Memory that backends keep for each size of image, given back before it adds up."""

import ctypes
import os

# Sizes for which JAX keeps a compiled program: some 3 MB each.
_PROGRAMS = 16
# oneDNN, which PyTorch convolves with, keeps this many of its own; by default 1024. A network
# takes some ten for each size.
_PRIMITIVES = "64"


class KeptMemory:
    """Watches the sizes that a model has been run on.

    TensorFlow runs one program for all sizes. JAX compiles one for each, and PyTorch's oneDNN
    prepares one; neither forgets them by itself within any useful bound.

    Args:
        model: Keras model, or any callable; only those of Keras on JAX and PyTorch are watched.
    """

    def __init__(self, model):
        self._model, self._sizes = model, set()
        self._backend = None
        if hasattr(model, "predict_on_batch"):
            import keras

            self._backend = keras.backend.backend()
        if self._backend == "torch":
            # Read at the first convolution of the process.
            os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", _PRIMITIVES)

    def before(self, size):
        """Make room for a size that has not been run yet."""
        if self._backend not in ("jax", "torch") or size in self._sizes:
            return
        if self._backend == "torch":
            _give_back()
        if len(self._sizes) >= _PROGRAMS:
            if self._backend == "jax":
                # Keras compiles it anew; what was compiled goes with it.
                self._model.predict_function = None
            self._sizes.clear()
        self._sizes.add(size)


def _give_back():
    """Hand memory that is free, but scattered, back to the system, where the C library can."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):  # Only GNU's can.
        return
