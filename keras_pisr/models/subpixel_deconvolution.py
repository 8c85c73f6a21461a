"""The transposed convolution of FSRCNN, computed as convolution + depth_to_space."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_pisr.models.size_limits import MOST_KERNEL, MOST_SCALE, check_count


def phase_geometry(kernel_size, scale, padding):
    """Places of the taps of a transposed convolution on the LR grid.

    The transposed convolution writes `out[scale * i - padding + k] += x[i] * w[k]`. Each output
    pixel `o` therefore reads a few neighbouring inputs, at the same offsets for equal `o % scale`.
    If the output is shifted by `shift` pixels before it is grouped into blocks of `scale`, a block
    reads another number of inputs. The shift with the smallest number is taken.

    Args:
        kernel_size: Number of taps per side.
        scale: Stride of the transposed convolution.
        padding: Number of output pixels that are cut from the top and the left.

    Returns:
        `(shift, first, last)`: the shift in output pixels, and the first and last offset, relative
        to the block, of the inputs that its pixels read.
    """
    choices = []
    for shift in range(scale):
        offsets = [
            offset
            for phase in range(scale)
            for offset in range(-kernel_size, kernel_size + 1)
            if 0 <= phase - shift + padding - scale * offset < kernel_size
        ]
        choices.append((max(offsets) - min(offsets), shift, min(offsets), max(offsets)))
    _, shift, first, last = min(choices)
    return shift, first, last


@keras.saving.register_keras_serializable(package="keras_pisr")
class SubpixelDeconvolution(keras.layers.Layer):
    """Transposed convolution with one output channel, as convolution + depth_to_space.

    It computes exactly the transposed convolution of the published FSRCNN, with padding
    `(kernel_size - 1) / 2` and output padding `scale - 1`, so that an `h x w` input gives
    `scale*h x scale*w`. The kernel is stored in the form of `keras.layers.Conv2DTranspose` and
    rearranged in each call, which takes little time compared with the convolution. A phone then
    needs no TRANSPOSE_CONV. Blocks read 5x5 inputs for x2, and 3x3 for x3 and x4.

    Args:
        scale: Upscaling factor, an integer of at least 1.
        kernel_size: Taps per side of the transposed kernel, odd.
        kernel_initializer: Initializer of the kernel `(kernel_size, kernel_size, 1, channels)`.
        bias_initializer: Initializer of the bias `(1,)`.
        **kwargs: Passed on to `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, height, width, channels)`.

    Returns:
        `(batch, scale * height, scale * width, 1)`.

    Raises:
        ValueError: If `scale` or `kernel_size` is not as described.

    Example:
    >>> tuple(keras_pisr.models.SubpixelDeconvolution(scale=3)(np.ones((1, 4, 5, 56))).shape)
    (1, 12, 15, 1)

    Reference:
        Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?",
        https://arxiv.org/abs/1609.07009. The centre of Keras' own `Conv2DTranspose(padding="same")`
        is displaced by 1, 1 and 2 pixels for x2, x3 and x4.
    """

    def __init__(
        self,
        scale: int,
        kernel_size: int = 9,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_count("scale", scale, MOST_SCALE)
        check_count("kernel_size", kernel_size, MOST_KERNEL)
        if kernel_size % 2 != 1:
            raise ValueError(f"`kernel_size` must be odd, got {kernel_size!r}.")
        self.scale = int(scale)
        self.kernel_size = kernel_size
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.shift, self.first, self.last = phase_geometry(
            kernel_size, self.scale, (kernel_size - 1) // 2
        )

    def build(self, input_shape: Any) -> None:
        """Create the kernel and the bias for `input_shape[-1]` channels."""
        size = self.kernel_size
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, size, 1, input_shape[-1]),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(name="bias", shape=(1,), initializer=self.bias_initializer)

    def subpixel_kernel(self) -> Any:
        """The same weights as a convolution kernel, `(n, n, channels, scale**2)`."""
        scale, n = self.scale, self.last - self.first + 1
        # Tap k of the transposed kernel belongs to phase p of the block and input offset d if k = p
        # - shift + padding - scale * d, so reversing the offsets makes k ascend.
        before = self.shift - (self.kernel_size - 1) // 2 + scale * self.last
        after = scale * n - before - self.kernel_size
        kernel = ops.cast(self.kernel, self.compute_dtype)
        kernel = ops.pad(kernel, ((before, after), (before, after), (0, 0), (0, 0)))
        kernel = ops.reshape(kernel, (n, scale, n, scale, -1))
        kernel = ops.flip(kernel, (0, 2))
        return ops.reshape(ops.transpose(kernel, (0, 2, 4, 1, 3)), (n, n, -1, scale * scale))

    def call(self, inputs: Any) -> Any:
        """Convolve, then move channels to pixels."""
        # A shifted grid needs one more block to reach the last output pixel.
        top, bottom = -self.first, self.last + (1 if self.shift else 0)
        # If the convolution can pad by itself, no image is copied.
        padding = "same" if top == bottom else "valid"
        if padding == "valid":
            inputs = ops.pad(inputs, ((0, 0), (top, bottom), (top, bottom), (0, 0)))
        blocks = ops.conv(
            inputs, self.subpixel_kernel(), padding=padding, data_format="channels_last"
        )
        # The bias is added before pixels move, so that a converter can fold it into the
        # convolution.
        blocks = blocks + ops.cast(self.bias, blocks.dtype)
        outputs = self.to_pixels(blocks) if self.scale > 1 else blocks
        if self.shift:
            end = self.shift - self.scale
            outputs = outputs[:, self.shift : end, self.shift : end, :]
        return outputs

    def to_pixels(self, blocks: Any) -> Any:
        """Channels to pixels."""
        return ops.depth_to_space(blocks, self.scale, data_format="channels_last")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(batch, scale * height, scale * width, 1)`."""
        batch, *size, _ = input_shape
        return (batch, *(None if n is None else n * self.scale for n in size), 1)

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            **super().get_config(),
            "scale": self.scale,
            "kernel_size": self.kernel_size,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
