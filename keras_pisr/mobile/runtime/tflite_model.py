"""A `.tflite` file as a function from luma to luma, or RGB to RGB, without TensorFlow."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from keras_pisr.inference.one_size import InTiles
from keras_pisr.mobile.runtime.tflite_file import TFLiteFile, check_image_tensor


class TFLiteModel(TFLiteFile):
    """Runs a super-resolution network from a `.tflite` file on the CPU, through ai-edge-litert.

    It takes and returns float luma, or RGB for a file of whole images, whatever type the file
    stores. For a file with 8-bit input and output, it reads scale and zero point from the file.
    Sizes that the file leaves open follow the input. A file of one size runs on images of another
    size in overlapping tiles, with the result of a file for every size (see
    `keras_pisr.inference.one_size`). `dynamic` files cannot do this, because their 8-bit ranges
    depend on the whole image.

    The file is treated as untrusted: its size is bounded before it is read, it is verified by the
    runtime before it is built, it must be a network from one luma or RGB image to one, and it runs
    in a process of its own before it runs in this one. The cost of running a valid network is not
    bounded.

    Args:
        path: File ending in `.tflite`.
        threads: CPU threads for the runtime.
        max_bytes: Largest file to read. A student takes kilobytes.
        trusted: Leave out the run in another process; see `TFLiteFile`.

    Attributes:
        name: The file's name.
        shape: Shape of the input, `(batch, height, width, 1 or 3)`; None for dimensions that the
            file leaves open.
        color: `"luma"` or `"rgb"`.
        dtype: NumPy dtype that the file takes: float32, uint8 or int8.
        metadata: The file's description of itself: `name`, `scale`, `color`, `values`,
            `precision`, `version`, and after `export.py` its scores. Empty for other files.

    Call arguments:
        luma: float32 in `[0, 1]`, `(batch, height, width, 1)`; for RGB, the same with 3 channels.

    Returns:
        float32 luma `(batch, scale * height, scale * width, 1)`, not clipped; or RGB, clipped.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If ai-edge-litert is not installed.
        ValueError: If the file is not TFLite, is damaged, too large, or not a network of luma;
            or, when called, if the image does not fit it.

    Example:
        >>> model = TFLiteModel("student.tflite")  # doctest: +SKIP
        >>> model(np.zeros((1, 24, 32, 1), "float32")).shape  # doctest: +SKIP
        (1, 48, 64, 1)
    """

    def __call__(self, luma: np.ndarray) -> np.ndarray:
        """Luma to luma; see the class."""
        luma = np.asarray(luma, "float32")
        if self._fits_but_for_its_size(luma.shape):
            return self._in_tiles(luma)
        return self.run(luma)[0]

    @property
    def one_shape(self) -> tuple[int, int, int, int] | None:
        """`shape`, with 1 for an open batch, if height and width are fixed; otherwise None."""
        batch, height, width, channels = self.shape
        return (batch or 1, height, width, channels) if height and width and channels else None

    @cached_property
    def _in_tiles(self):
        try:
            return InTiles(lambda image: self.run(image)[0], self.one_shape)
        except ValueError as error:
            raise ValueError(
                f"{self.name} runs on other sizes only in tiles. {error} {self._advice()}"
            ) from error

    def _fits_but_for_its_size(self, shape):
        one = self.one_shape
        if one is None or len(shape) != 4 or 0 in shape or tuple(shape[1:3]) == one[1:3]:
            return False
        return (shape[0], shape[3]) == (one[0], one[3])

    def _advice(self):
        return "`keras-pisr export` without `--size` makes a file for every size."

    def _check(self, path, inputs, outputs):
        if len(inputs) == 1 and {len(tensor["shape_signature"]) for tensor in outputs} == {2}:
            check_image_tensor(path, inputs[0])
            raise ValueError(
                f"{path} gives vectors, like a recognition network, and no image. Run it with "
                "keras_pisr.mobile.TFLiteRecognizer; mobile/export.py scores it."
            )
        if len(inputs) != 1 or len(outputs) != 1:
            raise ValueError(
                f"{path} has {len(inputs)} inputs and {len(outputs)} outputs; expected a network "
                "from one image to one."
            )
        for tensor in (*inputs, *outputs):
            check_image_tensor(path, tensor)
        if len({int(tensor["shape_signature"][3]) for tensor in (*inputs, *outputs)}) > 1:
            raise ValueError(f"{path} takes luma and gives RGB, or takes RGB and gives luma.")
