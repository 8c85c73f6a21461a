"""Compares a `.tflite` file with its Keras model, in dB, on photographs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_pisr.data.images.color import rgb_to_y
from keras_pisr.data.images.resize import downscale
from keras_pisr.data.synthetic.samples import sample_images
from keras_pisr.evaluation.benchmark_folder import benchmark_pairs
from keras_pisr.evaluation.evaluate import luma_score, predict_luma
from keras_pisr.inference import upscale

if TYPE_CHECKING:
    import os

    import keras

    from keras_pisr.mobile.runtime.tflite_model import TFLiteModel


# Smallest PSNR allowed between the two outputs, dB. Sound float files of FSRCNN reach 136 and 65
# (docs/reference/phone_measurements.md). In 8 bit, 35 dB already costs a student of 37 dB about 2
# dB against HR, so a file below 35 dB computes something else. `max_loss` limits smaller losses.
FLOORS = {"float32": 90.0, "float16": 55.0, "dynamic": 35.0, "int8": 35.0}
# Usual loss of a sound student by conversion, dB. A larger loss is reported beside the score, but
# not refused.
USUAL_LOSSES = {"float32": 0.005, "float16": 0.01, "dynamic": 0.1, "int8": 0.15}
# The rounding to 8-bit pixels alone gives 58.9 dB.
PIXEL_FLOOR = 52.0


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Comparison of a file with its Keras model, as means over images.

    Attributes:
        images: Number of images.
        agreement: PSNR between the two outputs on the worst image, dB.
        keras_psnr: PSNR of the Keras model against the HR images, dB.
        file_psnr: PSNR of the file against the HR images, dB.
        precision: Precision of the file.
        size: LR pixels `(height, width)` of each image that were compared, if the file takes one
            size only; None if whole images were compared.
    """

    images: int
    agreement: float
    keras_psnr: float
    file_psnr: float
    precision: str
    size: tuple[int, int] | None = None

    @property
    def loss(self) -> float:
        """Loss of the file compared with the Keras model, dB."""
        return self.keras_psnr - self.file_psnr

    @property
    def warning(self) -> str | None:
        """A sentence if the conversion cost more than it usually does, otherwise None."""
        usual = USUAL_LOSSES[self.precision]
        if self.loss <= usual:
            return None
        return (
            f"{self.loss:.2f} dB lost; {self.precision} files usually lose at most {usual:g} dB. "
            "Compare --quantize float16, or refuse such files with --max-loss."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        return dataclasses.asdict(self) | {"loss": self.loss}


def photographs(folder, scale, size=(None, None)):
    """Pairs `(lr, hr)` of a folder in the layout of `evaluate`, or embedded photographs.

    With `size`, for files of one size, LR is cropped to this size, or mirrored if it is smaller,
    and HR accordingly.
    """
    if folder is not None:
        pairs = (pair.read() for pair in benchmark_pairs(folder, scale=scale))
    else:
        pairs = ((downscale(hr, scale), hr) for hr in sample_images("test").values())
    for lr, hr in pairs:
        height, width = (n or m for n, m in zip(size, lr.shape[:2], strict=True))
        # Pixels that are left over at a factor of 3 are cut off, because they would shift the
        # mirrored parts.
        hr = hr[: lr.shape[0] * scale, : lr.shape[1] * scale]
        yield crop_or_mirror(lr, height, width), crop_or_mirror(hr, height * scale, width * scale)


def crop_or_mirror(image, height, width):
    """Crop at the bottom and right, or mirror the pixels that are missing there."""
    image = image[:height, :width]
    missing = [(0, height - image.shape[0]), (0, width - image.shape[1]), (0, 0)]
    return np.pad(image, missing, mode="symmetric")


def check_agreement(
    model: keras.Model,
    file: TFLiteModel,
    *,
    scale: int,
    precision: str,
    folder: str | os.PathLike[str] | None = None,
    floor: float | None = None,
    max_loss: float | None = None,
) -> Agreement:
    """Compare a file with its Keras model on real images.

    A file of whole images is compared with `keras_pisr.upscale`, in RGB.

    Args:
        model: The Keras model.
        file: `TFLiteModel`.
        scale: Upscaling factor.
        precision: Precision of the file; sets the default of `floor`.
        folder: Test images in the layout of `keras_pisr.evaluate`; embedded photographs if
            not given.
        floor: Smallest PSNR allowed between the two outputs on any image, dB. If not given: 90 for
            float32, 55 for float16, 35 for dynamic and int8; 52 if the file rounds to 8-bit
            pixels.
        max_loss: Largest permitted fall of the mean PSNR against the HR images, dB; by default
            there is no limit.

    Returns:
        `Agreement`.

    Raises:
        ValueError: If the file falls below `floor` or loses more than `max_loss`.
    """
    agreements, keras_scores, file_scores = [], [], []
    for lr, hr in photographs(folder, scale, file.shape[1:3]):
        if file.color == "rgb":
            lr, hr = (np.broadcast_to(image, (*image.shape[:2], 3)) for image in (lr, hr))
            lr = lr / np.float32(255)
            wanted, got = upscale(model, lr), file(lr[None])[0]
        else:
            wanted, got = predict_luma(model, lr, scale), file(rgb_to_y(lr)[None])[0]
        if got.shape != wanted.shape:
            raise ValueError(f"The file makes {got.shape} where the model makes {wanted.shape}.")
        agreements.append(decibels(wanted, got))
        keras_scores.append(luma_score("", hr, rgb_to_y(wanted), scale).psnr)
        file_scores.append(luma_score("", hr, rgb_to_y(got), scale).psnr)
    height, width = file.shape[1:3]
    result = Agreement(
        len(agreements),
        float(np.min(agreements)),
        float(np.mean(keras_scores)),
        float(np.mean(file_scores)),
        precision,
        None if height is None or width is None else (height, width),
    )
    if floor is None:
        floor = min(FLOORS[precision], np.inf if file.dtype == np.float32 else PIXEL_FLOOR)
    # The comparison is written so that NaN fails, too.
    if not result.agreement >= floor:
        raise ValueError(
            f"The file does not compute the same as the model: {result.agreement:.1f} dB "
            f"between the two on the worst image; a {precision} file should reach {floor:.1f}."
        )
    if max_loss is not None and not result.loss <= max_loss:
        raise ValueError(
            f"The file loses {result.loss:.3f} dB against the Keras model ({result.file_psnr:.2f} "
            f"instead of {result.keras_psnr:.2f} dB); at most {max_loss} was allowed."
        )
    return result


def decibels(a, b):
    """PSNR between two lumas with peak 1, both clipped to [0, 1], at most 150 dB."""
    error = np.mean(np.square(np.clip(a, 0, 1).astype("float64") - np.clip(b, 0, 1)))
    return -10 * np.log10(np.maximum(error, 1e-15))
