"""Converts a recognition student, with embedding and logits, to a `.tflite` file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers

import keras_pisr
from keras_pisr.atomic import atomic_path
from keras_pisr.console.sizes import told_size
from keras_pisr.mobile.export.convert import check_conversion, converter_options
from keras_pisr.mobile.runtime.metadata import write_metadata

if TYPE_CHECKING:
    import os


VALUES = "image in [0, 1]; 8-bit pixels have a scale of 1/255"


def recognizer_to_tflite(
    model: keras.Model,
    path: str | os.PathLike[str],
    *,
    precision: str = "float32",
    pixels: str | None = None,
    size: tuple[int, int] | None = None,
    representative: Any = None,
) -> None:
    """Convert a recognition network to TFLite.

    The file takes one image of one size and returns float32 outputs, whose names in its signature
    are those of the model. This function does not check it: call `check_file` and
    `check_recognition`. Its metadata are `name`, `task`, `outputs` (name to width), `unit_length`,
    `values`, `precision`, `version`.

    If a model scales its embedding to length 1, so does the file, except in int8, because 8 bit has
    no such operation. In int8 `unit_length` is "left to the app", and `TFLiteRecognizer` scales the
    embedding. Cosines do not depend on the length.

    Args:
        model: Functional Keras model from `(batch, height, width, 1 or 3)` to
            `{"embedding": (batch, dimensions), "logits": (batch, classes)}`, the latter
            optional. It is not changed.
        path: File to write, ending in `.tflite`.
        precision: As in `to_tflite`.
        pixels: Type of the input: `"float32"`, or for int8 also `"uint8"` (its default) or
            `"int8"`.
        size: `(height, width)` of the input, px; not needed if the model has only one.
        representative: For int8: float32 images `(samples, height, width, channels)` in `[0, 1]`
            like those of its training, of this size, from which ranges are taken.

    Raises:
        ValueError: If an argument is none of the above, the size or the images are missing, or
            the backend is not TensorFlow.

    Example:
        >>> recognizer_to_tflite(student, "student.tflite", size=(16, 16))  # doctest: +SKIP
    """
    with atomic_path(path) as temporary:
        check_conversion(path, precision, pixels)
        options = {"pixels": pixels, "size": size, "representative": representative}
        convert_recognizer(model, temporary, precision=precision, **options)
        describe_recognizer(temporary, model, precision=precision, size=size)


def convert_recognizer(model, path, *, precision, pixels=None, size=None, representative=None):
    """`recognizer_to_tflite` without the metadata.

    Args:
        model, precision, pixels, size, representative: See `recognizer_to_tflite`.
        path: File to write.
    """
    pixels = pixels or ("uint8" if precision == "int8" else "float32")
    check_conversion(path, precision, pixels)
    shape = (1, *input_size(model, size), model.inputs[0].shape[-1])
    if precision == "int8":
        import tensorflow as tf

        images = ranged(representative, shape[1:])
        options = converter_options(precision, lambda: ([image[None]] for image in images))
        options["inference_input_type"] = getattr(tf, pixels)
    else:
        options = converter_options(precision)
    deployed = deployed_recognizer(model, unit_length=precision != "int8")
    signature = keras.InputSpec(shape=shape, dtype="float32", name="image")
    deployed.export(path, format="litert", input_signature=[signature], verbose=False, **options)


def describe_recognizer(path, model, *, precision, size, **found):
    """Write the metadata of a file.

    Args:
        path: A file that `convert_recognizer` wrote.
        model, precision, size: The arguments of `convert_recognizer`.
        **found: Further entries, for example its scores.
    """
    names = [name for name in ("embedding", "logits") if name in model.output]
    write_metadata(
        path,
        name=model.name,
        task="recognition",
        outputs={name: model.output[name].shape[-1] for name in names},
        unit_length=unit_length(model, precision),
        values=VALUES,
        input=f"{told_size(input_size(model, size))} px only; do not resize it",
        precision=precision,
        version=keras_pisr.__version__,
        **found,
    )


def is_recognizer(model):
    """Whether a model is a recognition network, which has an output "embedding"."""
    outputs = getattr(model, "output", None)
    return isinstance(outputs, dict) and "embedding" in outputs


def input_size(model, size=None):
    """`(height, width)` of the images that a file takes, px.

    Raises:
        ValueError: If the size is empty or not the model's only one, or is wanted and not given.
    """
    fixed = tuple(model.inputs[0].shape[1:3])
    if size is None and None in fixed:
        raise ValueError(
            f"{model.name!r} takes images of any size. Give the low-resolution size on which it "
            "was trained, in px: size=(16, 16) (--size 16 16)."
        )
    size = fixed if size is None else tuple(size)
    if min(size) < 1:
        raise ValueError(f"Expected a size of at least (1, 1) px; got {size}.")
    if any(wanted not in (None, given) for wanted, given in zip(fixed, size, strict=True)):
        raise ValueError(f"{model.name!r} takes images of {fixed} px only; got size {size}.")
    return size


def deployed_recognizer(model, *, unit_length=True):
    """A copy of a recognition network that computes in float32.

    Layers of mixed-precision training would leave casts in the file.

    Args:
        model: See `recognizer_to_tflite`.
        unit_length: Whether to keep the scaling of the embedding to length 1.

    Returns:
        `keras.Model`, with weights of its own and the outputs of the model by name.
    """
    outputs = {name: model.output[name] for name in ("embedding", "logits") if name in model.output}
    if not unit_length and scaling(model) is not None:
        outputs["embedding"] = scaling(model).input
    plain = keras.Model(model.inputs[0], outputs)

    def copy(layer):
        config = layer.get_config()
        if isinstance(layer, layers.Layer):
            config["dtype"] = "float32"
        return type(layer).from_config(config)

    deployed = keras.models.clone_model(plain, clone_function=copy, recursive=True)
    deployed.set_weights(plain.get_weights())
    return deployed


def scaling(model):
    """The layer that scales the embedding to length 1, or None."""
    operation = model.output["embedding"]._keras_history.operation
    return operation if isinstance(operation, layers.UnitNormalization) else None


def unit_length(model, precision):
    """Where the embedding is scaled to length 1, in words for the metadata."""
    if scaling(model) is None:
        return "no"
    return "left to the app" if precision == "int8" else "by the file"


def ranged(images, shape):
    """Images for the ranges; the first gets a corner of black and white.

    The input's range is then `[0, 1]`, and its steps are those of pixels, even if the images are
    dim.
    """
    if images is None:
        raise ValueError(
            "int8 takes its ranges from images like those on which the student was trained: give "
            "representative= (--calibration, a folder or tar archive of class folders)."
        )
    images = np.array(images, "float32")
    if images.ndim != 4 or images.shape[1:] != shape or not len(images):
        raise ValueError(
            f"Expected `representative` to hold images (samples, {', '.join(map(str, shape))}); "
            f"got {images.shape}."
        )
    images[0, 0, 0], images[0, -1, -1] = 0, 1
    return images
