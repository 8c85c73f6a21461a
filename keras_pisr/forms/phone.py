"""The form of a network for a phone: the same numbers, by operations that a phone runs well."""

from __future__ import annotations

import keras
from keras import ops

from keras_pisr.forms.blocked import BLOCKED
from keras_pisr.forms.leaky import with_leaky
from keras_pisr.models import SubpixelResidual
from keras_pisr.models.large.grouped_convolution import GroupedConv2D

# Files hold convolutions in groups, which XNNPACK runs. In 8 bit it runs their ReLU only as part of
# them.
IN_FILES = BLOCKED | {GroupedConv2D: keras.layers.Conv2D}


def clip_by_relu6(x):
    """`clip(x, 0, 1)` by a ReLU that XNNPACK also runs in 8 bit, within the operation before it."""
    return ops.relu6(6 * x) / 6


class ClippedByReLU6(SubpixelResidual):
    """A `SubpixelResidual` for 8 bit."""

    def limit(self, blocks):
        """Keep luma in `[0, 1]`."""
        return clip_by_relu6(blocks)


class ClipByReLU6(keras.layers.Layer):
    """A `ReLU` with the ceiling 1, for 8 bit."""

    def call(self, inputs):
        """Keep luma in `[0, 1]`."""
        return clip_by_relu6(inputs)


def deployed_form(model: keras.Model) -> keras.Model:
    """A copy of `model` that computes the same in float32 and suits a phone.

    - A PReLU with one slope for the layer, as in FSRCNN, becomes a leaky ReLU with that slope:
      exactly the same function. XNNPACK runs it in 8 bit, which it does not do for PReLU.
    - Layers of mixed-precision training compute in float32. How many bits the phone uses is
      decided by the conversion.
    - Convolutions to few channels, such as the last one for x2, are computed in blocks of pixels if
      the size is known (`forms/blocked.py`).

    FSRCNN's transposed convolution is already a convolution and a depth_to_space in the model.

    Args:
        model: A functional Keras model with one input and one output. It is not changed.

    Returns:
        `keras.Model` with weights of its own.

    Raises:
        ValueError: If the model is not functional, or has several inputs or outputs.

    Example:
        >>> student = keras_pisr.models.FSRCNN(scale=2)
        >>> any("p_re_lu" in layer.name for layer in deployed_form(student).layers)
        False
    """
    if len(getattr(model, "inputs", None) or ()) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"Expected a functional model with one input and one output; got {model.name!r}."
        )

    def copy(layer):
        kind, config = IN_FILES.get(type(layer), type(layer)), layer.get_config()
        if isinstance(layer, keras.layers.Conv2D):
            # A file stores a bias anyway; in 8 bit it compensates for the average rounding error.
            config["use_bias"] = True
        return kind.from_config(config | {"dtype": "float32"})

    return with_leaky(model, copy)


def clipped_in_8_bit(model):
    """A copy of a `deployed_form` in which XNNPACK runs the clip to `[0, 1]` at the end in 8 bit.

    This is the clip of a `SubpixelResidual`, or a last ReLU with the ceiling 1, as in CARN. Other
    models are returned unchanged.
    """
    last = model.layers[-1]
    has_ceiling = isinstance(last, keras.layers.ReLU) and last.max_value == 1
    if not (has_ceiling or isinstance(last, SubpixelResidual)):
        return model

    def copy(layer):
        if layer is last and has_ceiling:
            return ClipByReLU6(name=last.name, dtype="float32")
        kind = ClippedByReLU6 if type(layer) is SubpixelResidual else type(layer)
        return kind.from_config(layer.get_config())

    clipped = keras.models.clone_model(model, clone_function=copy)
    clipped.set_weights(model.get_weights())
    return clipped
