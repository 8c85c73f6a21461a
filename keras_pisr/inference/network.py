"""A model as a function on luma of any size, compiled once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_pisr.inference.kept_memory import KeptMemory
from keras_pisr.inference.tiles import measure

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras


class Network:
    """Runs a model on luma, on the backend of Keras, with the weights that the model has then.

    Functional models of common layers run in their `host_form`. It computes the same numbers up to
    rounding, in float32 even if the model was trained in mixed precision.

    Args:
        model: Keras model, or any callable, from luma `(1, height, width, 1)`, float32 in
            `[0, 1]`, to luma `(1, scale * height, scale * width, 1)`. It must treat every place
            in the same way (convolutions, no strides over the input, no global pooling).

    Attributes:
        scale: Upscaling factor.
        radius: Distance, in LR px, from which an output still reads.
        size: Size of the tiles, `(height, width)` in px, if the model is a `.tflite` file of one
            size; otherwise None.

    Raises:
        ValueError: If the model is of another kind.

    Example:
        >>> network = Network(lambda luma: luma.repeat(2, axis=1).repeat(2, axis=2))
        >>> network.scale, network.radius
        (2, 0)
    """

    def __init__(self, model: keras.Model | Callable[..., Any]) -> None:
        faster = _has_host_form(model)
        # If there is a host form, the model itself is probed: blocks of the form read one more
        # pixel, with weights of zero. It is not compiled, because there are only a few runs. Other
        # models run by predict_on_batch, which compiles once for all sizes on TensorFlow and once
        # per size on JAX, and keeps no gradients on torch.
        self._kept = KeptMemory(model)
        self._run = model if faster else getattr(model, "predict_on_batch", model)
        shape = getattr(model, "one_shape", None)
        self.size = shape and shape[1:3]
        try:
            self.scale, self.radius = measure(self, self.size)
        except ValueError as error:
            name = getattr(model, "name", type(model).__name__)
            raise ValueError(f"Cannot upscale with {name!r}: {error}") from error
        if faster:
            self._run = _HostForm(model)

    def __call__(self, luma: np.ndarray) -> np.ndarray:
        """Luma `(height, width)` to `(scale * height, scale * width)`, not clipped."""
        self.refresh()
        return self.run(luma)

    def refresh(self) -> None:
        """Check whether the model's weights have changed, once per image, before `run`."""
        if isinstance(self._run, _HostForm):
            self._run.refresh()

    def run(self, luma: np.ndarray) -> np.ndarray:
        """Like a call, but with the weights of the last `refresh`."""
        luma = np.asarray(luma, np.float32)[None, ..., None]
        self._kept.before(luma.shape)
        try:
            output = self._run(luma)
        except (ValueError, TypeError, RuntimeError) as error:
            raise ValueError(
                f"it does not run on luma {luma.shape}: {str(error).strip().splitlines()[0]}"
            ) from error
        if not isinstance(output, np.ndarray):
            from keras import ops

            output = ops.convert_to_numpy(output)
        if output.ndim != 4 or output.shape[0] != 1 or output.shape[3] != 1:
            raise ValueError(
                f"Expected luma (1, height, width, 1) from the model; it made {output.shape}."
            )
        return output[0, ..., 0].astype(np.float32, copy=False)


class _HostForm:
    """Runs the `host_form` of a model, and makes it again after the model's weights changed."""

    def __init__(self, model):
        self._model, self._weights, self._form = model, None, None

        self.refresh()

    def refresh(self):
        """Compare all weights, because Keras does not report changes."""
        from keras_pisr.forms.host import has_host_form, host_form

        weights = b"".join(array.tobytes() for array in self._model.get_weights())
        if weights != self._weights:
            # A model may have been given other weights (LoRA).
            self._form = host_form(self._model) if has_host_form(self._model) else self._model
            self._weights = weights

    def __call__(self, luma):
        return self._form.predict_on_batch(luma)


def _has_host_form(model):
    """Whether a model has a form that computes the same faster."""
    if not hasattr(model, "predict_on_batch"):
        return False
    import keras

    from keras_pisr.forms.host import has_host_form

    # On JAX, XLA fuses activations by itself and is no faster in blocks.
    return keras.backend.backend() != "jax" and has_host_form(model)


def as_network(model):
    """The `Network` of a model, which is kept for the next image.

    Args:
        model: A `Network`; a model or callable; the name, folder or address of a preset; or the
            path of a `.keras` file.
    """
    if isinstance(model, Network):
        return model
    return _of_name(str(model)) if isinstance(model, str | Path) else _of_model(model)


def _of_name(name):
    from keras_pisr.presets import CATALOG
    from keras_pisr.presets.named import named_model

    # Presets of the package do not change; folders and files may.
    return _of_preset(name) if name in CATALOG else Network(named_model(name))


@lru_cache(maxsize=4)
def _of_preset(name):
    from keras_pisr.presets import from_preset

    return Network(from_preset(name))


@lru_cache(maxsize=2)
def _of_model(model):
    return Network(model)
