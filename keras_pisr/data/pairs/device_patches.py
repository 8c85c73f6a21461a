"""Batches of patches cut on the accelerator itself."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_pisr.data.images.color import luma_factor, luma_sum
from keras_pisr.data.pairs.image_pairs import ImagePairs
from keras_pisr.data.pairs.patch_sequence import PatchSequence


class DevicePatches(PatchSequence):
    """`PatchSequence` with the images on the device: only the draws are copied to it.

    All images are uploaded once as uint8, `3 * (1 + scale**2)` bytes per low-resolution pixel
    (DIV2K at x2: 8.6 GB). A batch is then one gather, compiled on JAX. The batches are those of
    `PatchSequence` to within 1e-6. Use this on JAX and PyTorch. On TensorFlow, Keras takes batches
    through the host, and `tf_patches` is faster.

    Args:
        pairs: `ImagePairs` of up to 2**31 low-resolution px.
        **options: Those of `PatchSequence`.

    Raises:
        ValueError: as `PatchSampler`, or if the set is too large to index, is streamed, or is
            degraded (degradation runs on the host).
    """

    def __init__(self, pairs: ImagePairs, **options: Any) -> None:
        if pairs.degrade is not None or not isinstance(pairs, ImagePairs):
            raise ValueError(
                f"DevicePatches takes ImagePairs that are not degraded; got {pairs}. Use "
                "PatchSequence."
            )
        super().__init__(pairs, **options)
        if len(pairs.lr) >= 2**31:
            raise ValueError(
                f"DevicePatches indexes with 32 bit: {len(pairs.lr)} low-resolution px are too "
                "many. Use PatchSequence, or fewer images."
            )
        self._lr = ops.convert_to_tensor(pairs.lr)
        self._hr = ops.convert_to_tensor(_cells(pairs))
        self._cut = _compiled(_cutter(self.sampler.side, pairs.scale))

    def _batch(self, index):
        pairs, table = self.sampler.pairs, self.sampler.draw(self.epoch, index)
        image, y, x, turn = table.T
        width = pairs.widths[image]
        start = pairs.offsets[image] + y * width + x
        rows = np.stack([start, width, turn, pairs.gray[image]]).astype(np.int32)
        return self._cut(self._lr, self._hr, ops.convert_to_tensor(rows))


def _cells(pairs):
    # The pixels under one low-resolution pixel are stored together. One index then serves both
    # images, and stays within 32 bit for sets of up to scale**2 times as many pixels.
    scale, cells = pairs.scale, np.empty((len(pairs.lr), pairs.scale**2 * 3), np.uint8)
    for start, height, width in zip(pairs.offsets, pairs.heights, pairs.widths, strict=True):
        pixels = height * width
        hr = pairs.hr[start * scale**2 : (start + pixels) * scale**2]
        hr = hr.reshape(height, scale, width, scale, 3).transpose(0, 2, 1, 3, 4)
        cells[start : start + pixels] = hr.reshape(pixels, -1)
    return cells


def _cutter(side, scale):
    factor, offset = luma_factor()

    def luma(pixels, gray):
        pixels = ops.cast(pixels, "float32")
        luma = luma_sum(pixels) * factor + offset
        return ops.where(gray, pixels[..., 0] * np.float32(1 / 255), luma)

    def turned(images, turn):
        images = ops.where(turn % 2 == 1, ops.flip(images, 1), images)
        images = ops.where(turn // 2 % 2 == 1, ops.flip(images, 2), images)
        images = ops.where(turn // 4 == 1, ops.transpose(images, (0, 2, 1)), images)
        return images[..., None]

    def cut(lr, hr, rows):
        start, width, turn, gray = (ops.reshape(rows[i], (-1, 1, 1)) for i in range(4))
        line = ops.arange(side, dtype="int32")
        index = start + line[None, :, None] * width + line[None, None, :]
        small = ops.take(lr, index, axis=0)
        large = ops.reshape(ops.take(hr, index, axis=0), (-1, side, side, scale, scale, 3))
        large = ops.transpose(large, (0, 1, 3, 2, 4, 5))
        large = ops.reshape(large, (-1, side * scale, side * scale, 3))
        gray = gray == 1
        return turned(luma(small, gray), turn), turned(luma(large, gray), turn)

    return cut


def _compiled(function):
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.jit(function)
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function)
    return function
