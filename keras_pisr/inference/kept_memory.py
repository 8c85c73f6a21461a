"""Frees the memory that backends keep for each size of image."""

import ctypes
import os

# Number of sizes for which JAX keeps a compiled program, about 3 MB each.
_PROGRAMS = 16
# Number of primitives that oneDNN keeps for PyTorch's convolutions; its default is 1024. A network
# needs about ten for each size.
_PRIMITIVES = "64"


class KeptMemory:
    """Watches the sizes that a model has been run on.

    TensorFlow runs one program for all sizes. JAX compiles a program for each size, and PyTorch's
    oneDNN prepares primitives for each. Neither frees them by itself before they take much memory.

    Args:
        model: Keras model, or any callable. Only Keras models on JAX and PyTorch are watched.
    """

    def __init__(self, model):
        self._model, self._sizes = model, set()
        self._backend = None
        if hasattr(model, "predict_on_batch"):
            import keras

            self._backend = keras.backend.backend()
        if self._backend == "torch":
            # oneDNN reads this variable at the first convolution of the process.
            os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", _PRIMITIVES)

    def before(self, size):
        """Free memory if a size has not been run yet."""
        if self._backend not in ("jax", "torch") or size in self._sizes:
            return
        if self._backend == "torch":
            _give_back()
        if len(self._sizes) >= _PROGRAMS:
            if self._backend == "jax":
                # Keras makes the function again, and the compiled programs of the old one are
                # freed.
                self._model.predict_function = None
            self._sizes.clear()
        self._sizes.add(size)


def _give_back():
    """Return free but scattered memory to the system, if the C library can."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):  # Only GNU's C library can.
        return
