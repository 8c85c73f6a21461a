"""Checks, before a conversion, that it can do what is requested."""

from typing import Literal, get_args

import keras

from keras_pisr.forms.int8.pixel_layers import WholeAndRest
from keras_pisr.forms.int8.quantized import is_quantized

Precision = Literal["float32", "float16", "dynamic", "int8"]
PixelType = Literal["float32", "uint8", "int8"]
Color = Literal["luma", "rgb"]
Target = Literal["cpu", "npu"]


def check_conversion(path, precision, pixels, color="luma"):
    """Raise a `ValueError` for unknown arguments of `to_tflite`, or another backend."""
    if not str(path).endswith(".tflite"):
        raise ValueError(f"Expected a path ending in .tflite; got {path}.")
    if precision not in get_args(Precision):
        raise ValueError(
            f"Expected precision to be one of {get_args(Precision)}; got {precision!r}."
        )
    if pixels is not None and pixels not in get_args(PixelType):
        raise ValueError(f"Expected pixels to be one of {get_args(PixelType)}; got {pixels!r}.")
    if color not in get_args(Color):
        raise ValueError(f"Expected color to be one of {get_args(Color)}; got {color!r}.")
    if color == "rgb" and pixels == "int8":
        raise ValueError("Whole images are uint8 or float32; got pixels 'int8'.")
    if color == "luma" and precision != "int8" and pixels not in (None, "float32"):
        raise ValueError(f"Pixels of {pixels} need precision 'int8'; got {precision!r}.")
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "Conversion to TFLite needs the TensorFlow backend; this is "
            f"{keras.backend.backend()}. Set KERAS_BACKEND=tensorflow; .keras files work on every "
            "backend."
        )


def check_target(target, color, size):
    """Raise a `ValueError` if there is no such file for NPUs.

    Raises:
        ValueError: If the target is unknown, or if it is `"npu"` for whole images or open sizes.
    """
    if target not in get_args(Target):
        raise ValueError(f"Expected target to be one of {get_args(Target)}; got {target!r}.")
    if target == "cpu":
        return
    if color != "luma":
        raise ValueError(
            f"A file for NPUs takes luma; got color {color!r}, whose files hold operations that "
            "NPUs lack. Split colours in the app."
        )
    if size is None:
        raise ValueError(
            "A file for NPUs takes images of one size. Give it, e.g. size=(360, 640) (--size)."
        )


def check_layers(model, precision, color, pixels):
    """Raise a `ValueError` if the layers cannot become a file of this precision and these pixels.

    Raises:
        ValueError: If they cannot.
    """
    if is_quantized(model) and precision != "int8":
        raise ValueError(
            f"{model.name!r} computes in 8 bit: it becomes a file with precision 'int8', "
            f"not {precision!r}. Convert the model it was made from."
        )
    is_fine = is_quantized(model) and any(isinstance(x, WholeAndRest) for x in model.layers)
    if is_fine and color == "luma" and pixels != "float32":
        raise ValueError(
            f"{model.name!r} was trained for float32 pixels; got pixels {pixels!r}. For such a "
            "file or an NPU, train with --pixels uint8 (mobile/qat.py); or export with --pixels "
            "float32."
        )
