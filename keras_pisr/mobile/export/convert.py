"""Converts a Keras student to a `.tflite` file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

import keras_pisr
from keras_pisr.atomic import atomic_path
from keras_pisr.console.sizes import told_size
from keras_pisr.console.stages import tell
from keras_pisr.data.images.color import rgb_to_y
from keras_pisr.data.images.resize import downscale
from keras_pisr.data.synthetic.samples import sample_images
from keras_pisr.forms.int8.equalization import equalize_channels
from keras_pisr.forms.int8.quantized import can_be_quantized, form_of_file, is_quantized
from keras_pisr.forms.int8.rounding import round_weights
from keras_pisr.forms.npu import npu_form
from keras_pisr.forms.phone import clipped_in_8_bit, deployed_form
from keras_pisr.forms.rgb import colour_batches, whole_image
from keras_pisr.mobile.export.conversion_checks import (
    check_conversion,
    check_layers,
    check_target,
)
from keras_pisr.mobile.runtime.metadata import write_metadata

if TYPE_CHECKING:
    import os


# A description of the values, for people who open a file.
VALUES = {
    "luma": "Y of BT.601 (16 to 235 of 255) in [0, 1]; 8-bit pixels have a scale of 1/255",
    "rgb": "RGB in [0, 1]; 8-bit pixels have a scale of 1/255",
}
# Side of a calibration patch, px. Ranges depend on the content, not on the size.
PATCH = 96


def to_tflite(
    model: keras.Model,
    path: str | os.PathLike[str],
    *,
    precision: str = "float32",
    color: str = "luma",
    pixels: str | None = None,
    size: tuple[int, int] | None = None,
    batch: int = 1,
    representative: Any = None,
    target: str = "cpu",
) -> None:
    """Convert a luma network to TFLite.

    The file takes and returns luma (float in `[0, 1]`, not clipped, or 8-bit pixels) or whole
    images; see `whole_image`. It has no variables and no shape arithmetic. Without `size`, its
    input can have any size at run time. The file appears whole or not at all. This function does
    not check it: call `check_file` and `check_agreement`.

    Args:
        model: Functional Keras model from `(batch, height, width, 1)` to
            `(batch, scale * height, scale * width, 1)`, or a `quantized_form` of one. It is
            not changed.
        path: File to write, ending in `.tflite`.
        precision: `"float32"`; `"float16"`: weights of 16 bit, arithmetic as the phone decides;
            `"dynamic"`: weights of 8 bit, activations quantized while running; `"int8"`:
            weights, activations and arithmetic of 8 bit, except the colours of RGB.
        color: `"luma"`, or `"rgb"`: the file takes and returns RGB and computes the same as
            `keras_pisr.upscale`.
        pixels: Type of input and output: `"float32"`, or for int8 and RGB also `"uint8"` (value 255
            is 1; the default for int8 and RGB or an NPU), or for int8 `"int8"` (the same minus
            128). Luma of an RGB image is no whole number of steps of 1/255. An int8 file of
            float32 luma reads the rest, too, and loses a third of what one of uint8 luma loses
            (`fine_pixels`). An int8 file of RGB, of uint8 or float32 pixels, also reads luma this
            finely.
        size: `(height, width)` of the input, for a file that takes only this size.
        batch: Images per call.
        representative: For dynamic and int8: float32 lumas `(height, width, 1)` in `[0, 1]`
            on which rounding errors should cancel and, for int8, from which the ranges of the
            activations are taken. By default embedded photographs. Copies stretched to the
            full range and ramps are added, because photographs alone leave out black and white,
            and an int8 file would clip them.
        target: `"cpu"`, whose files also run on GPUs and on Qualcomm's NPU; or `"npu"`: the same
            numbers by operations that MediaTek's and Samsung's NPUs also have (`npu_form`). This
            needs a `size`, and `color="luma"`.

    Raises:
        ValueError: If an argument is none of the above, the backend is not TensorFlow, or the
            model is not functional.

    Example:
        >>> to_tflite(student, "student.tflite", precision="float16")  # doctest: +SKIP
    """
    options = {"color": color, "pixels": pixels, "size": size, "batch": batch, "target": target}
    with atomic_path(path) as temporary:
        check_conversion(path, precision, pixels, color)
        convert(model, temporary, precision=precision, representative=representative, **options)
        found = {"target": target} if target != "cpu" else {}
        describe(temporary, model, precision=precision, color=color, size=size, **found)


def convert(
    model,
    path,
    *,
    precision,
    color="luma",
    pixels=None,
    size=None,
    batch=1,
    representative=None,
    target="cpu",
):
    """`to_tflite` without the metadata.

    Args:
        model, precision, color, pixels, size, batch, representative, target: See `to_tflite`.
        path: File to write.
    """
    in_bytes = precision == "int8" and (color == "rgb" or target == "npu")
    pixels = pixels or ("uint8" if in_bytes else "float32")
    check_conversion(path, precision, pixels, color)
    check_layers(model, precision, color, pixels)
    check_target(target, color, size)
    import tensorflow as tf

    lumas, patches = None, None
    if precision in ("dynamic", "int8"):
        lumas = calibration_lumas(model, representative)
        patches = [luma for (luma,) in photograph_batches(lumas)]
    deployed = model if is_quantized(model) else deployed_form(model)
    if precision == "dynamic":
        round_weights(deployed, patches)
    elif precision == "int8" and not is_quantized(model):
        if can_be_quantized(deployed):
            # Luma that the file itself makes of RGB is no whole number of steps of 1/255 either.
            fine = color == "rgb" or pixels == "float32"
            deployed = form_of_file(deployed, patches, fine=fine)
        else:
            # NPUs run the clip unchanged.
            deployed = deployed if target == "npu" else clipped_in_8_bit(deployed)
            round_weights(equalize_channels(deployed, patches), patches)
    if target == "npu":
        deployed = npu_form(deployed)
    # If the network has ranges of its own, the colours around it stay in float. Otherwise the
    # converter makes the whole file 8 bit, and its ends are pixels already.
    has_ranges = is_quantized(deployed)
    ends_in_8_bit = precision == "int8" and not (color == "rgb" and has_ranges)
    if color == "rgb":
        cast = "float32" if ends_in_8_bit else pixels
        deployed = whole_image(deployed, scale=model_scale(model), pixels=cast)

    def measured():
        batches = calibration_batches(lumas, size, batch)
        return colour_batches(batches) if color == "rgb" else batches

    tell("Converting")
    options = converter_options(precision, None if has_ranges else measured)
    if ends_in_8_bit:
        options["inference_input_type"] = options["inference_output_type"] = getattr(tf, pixels)
    shape = (batch, *(size or (None, None)), deployed.inputs[0].shape[-1])
    signature = keras.InputSpec(shape=shape, dtype=deployed.inputs[0].dtype, name="lr")
    deployed.export(path, format="litert", input_signature=[signature], verbose=False, **options)


def describe(path, model, *, precision, color, size, **found):
    """Write the metadata of a file.

    Args:
        path: A file that `convert` wrote.
        model, precision, color, size: The arguments of `convert`.
        **found: Further entries, for example its scores.
    """
    write_metadata(
        path,
        name=model.name,
        scale=model_scale(model),
        color=color,
        values=VALUES[color],
        input="any size" if size is None else f"{told_size(size)} px only; do not resize it",
        precision=precision,
        version=keras_pisr.__version__,
        **found,
    )


def calibration_lumas(model, representative):
    """Lumas for the ranges: the given ones, or shrunk embedded photographs."""
    if representative is None:
        # Photographs that are shrunk by the model's scale look like the images that it will see.
        scale = model_scale(model)
        photographs = sample_images("train").values()
        representative = [rgb_to_y(downscale(image, scale)) for image in photographs]
    lumas = [np.asarray(luma, "float32") for luma in representative]
    if not lumas or any(luma.ndim != 3 or luma.shape[2] != 1 for luma in lumas):
        raise ValueError(
            "Expected `representative` to hold lumas (height, width, 1); got "
            f"{[luma.shape for luma in lumas][:3]}."
        )
    return lumas


def calibration_batches(lumas, size=None, batch=1):
    """Images on which the converter measures ranges.

    They are ramps and a checkerboard of black and white, so that the input's range is `[0, 1]` and
    sharp edges of full contrast are included, and then `photograph_batches`.

    Yields:
        `[float32 (batch, height, width, 1)]`.
    """
    height, width = size or (PATCH, PATCH)
    rows, columns = np.indices((height, width)).astype("float32")
    patterns = [rows / max(height - 1, 1), columns / max(width - 1, 1), (rows + columns) // 6 % 2]
    for pattern in patterns:
        yield [np.broadcast_to(pattern[None, :, :, None], (batch, height, width, 1)).astype("f")]
    yield from photograph_batches(lumas, size, batch)


def photograph_batches(lumas, size=None, batch=1):
    """Images on which the simulated 8-bit network chooses its ranges: photographs only.

    Its input has the range `[0, 1]` anyway. Black next to white needs ranges that are several
    times as wide. Their coarser steps cost photographs, and drawings too, more than clipping
    such edges does (docs/log/phone.md).

    Yields:
        The middle of each luma, unchanged and stretched to `[0, 1]`:
        `[float32 (batch, height, width, 1)]`.
    """
    height, width = size or (PATCH, PATCH)
    for luma in lumas:
        # The image is mirrored if it is smaller than the input of the file.
        spare = [(0, max(n - m, 0)) for n, m in zip((height, width), luma.shape[:2], strict=True)]
        luma = np.pad(luma[..., 0], spare, mode="symmetric")
        top, left = (luma.shape[0] - height) // 2, (luma.shape[1] - width) // 2
        middle = luma[top : top + height, left : left + width]
        darkest, brightest = middle.min(), middle.max()
        for seen in (middle, (middle - darkest) / max(brightest - darkest, 1 / 255)):
            shape = (batch, height, width, 1)
            yield [np.broadcast_to(seen[None, :, :, None], shape).astype("float32")]


def model_scale(model):
    """Upscaling factor of a model, taken from its output shape.

    Raises:
        ValueError: If the model does not enlarge luma of any size by a whole number.
    """
    if isinstance(getattr(model, "output", None), dict):
        raise ValueError(
            f"{model.name!r} gives {', '.join(model.output)} and no image; expected a "
            "super-resolution student."
        )
    try:
        batch, height, width, channels = model.compute_output_shape((1, 24, 36, 1))
    except Exception as error:  # Keras raises many types for a shape that does not fit.
        reason = str(error).strip().splitlines()
        raise ValueError(
            f"{model.name!r} does not take luma (1, 24, 36, 1): {reason[0] if reason else error!r}"
        ) from error
    scale = height // 24
    if (batch, height, width, channels) != (1, 24 * scale, 36 * scale, 1) or scale < 1:
        raise ValueError(
            f"{model.name!r} makes {(batch, height, width, channels)} of luma (1, 24, 36, 1); "
            "expected luma enlarged by a whole number."
        )
    return scale


def converter_options(precision, measured=None):
    """Options of the converter, for `model.export`.

    Args:
        precision: See `to_tflite`.
        measured: Function that yields `[input]`, from which int8 takes its ranges; None for a model
            that has ranges.
    """
    import tensorflow as tf

    built_ins = tf.lite.OpsSet.TFLITE_BUILTINS
    options = {"target_spec": {"supported_ops": [built_ins]}}
    if precision != "float32":
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        options["target_spec"]["supported_types"] = [tf.float16]
    if precision == "int8" and measured is not None:
        options["target_spec"]["supported_ops"] = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        options["representative_dataset"] = measured
    return options
