"""The form of a network for NPUs that lack DEPTH_TO_SPACE and PRELU: the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from keras import layers, ops

from keras_pisr.forms.blocked import BlockedConv2D
from keras_pisr.forms.int8.fake_quant import (
    FakeQuantConv2D,
    FakeQuantSubpixelDeconvolution,
    FakeQuantSubpixelResidual,
)
from keras_pisr.forms.leaky import with_leaky
from keras_pisr.models import BicubicEnlargement, SubpixelDeconvolution, SubpixelResidual
from keras_pisr.models.large.grouped_convolution import GroupedConv2D

if TYPE_CHECKING:
    import keras


# Operations that LiteRT's compilers for MediaTek's and for Samsung's NPUs both list
# (docs/reference/phone.md).
NPU_OPERATIONS = {
    "ADD",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DEQUANTIZE",
    "LEAKY_RELU",
    "MAXIMUM",
    "MINIMUM",
    "MUL",
    "PAD",
    "QUANTIZE",
    "RELU",
    "STRIDED_SLICE",
    "SUB",
    "TRANSPOSE_CONV",
}


def pixels_by_convolution(blocks, scale, stored=lambda kernel: kernel):
    """Compute `depth_to_space(blocks, scale)` by a transposed convolution of zeros and ones.

    Each number is multiplied by one tap of 1 and by zeros. At x2 and with one output channel that
    takes 16 multiply-accumulates per LR pixel, a thousandth of those of the network.

    Args:
        blocks: `(batch, height, width, scale**2 * channels)`, finite.
        scale: Side of a block, px.
        stored: Function from the kernel to the values that the file stores for it.

    Returns:
        `(batch, scale * height, scale * width, channels)`.
    """
    channels = blocks.shape[-1] // scale**2
    kernel = np.zeros((scale, scale, channels, scale, scale, channels), "float32")
    for row, column, channel in np.ndindex(scale, scale, channels):
        kernel[row, column, channel, row, column, channel] = 1
    kernel = ops.convert_to_tensor(kernel.reshape(scale, scale, channels, -1), blocks.dtype)
    return ops.conv_transpose(
        blocks, stored(kernel), strides=scale, padding="valid", data_format="channels_last"
    )


class ByConvolution:
    """A mixin for layers that move channels to pixels: they use a transposed convolution."""

    def to_pixels(self, blocks):
        """Channels to pixels."""
        return pixels_by_convolution(blocks, self.scale)


class ConvolvedBicubicEnlargement(ByConvolution, BicubicEnlargement):
    """A `BicubicEnlargement` without a depth_to_space."""


class ConvolvedSubpixelDeconvolution(ByConvolution, SubpixelDeconvolution):
    """A `SubpixelDeconvolution` without a depth_to_space."""


class ConvolvedSubpixelResidual(ByConvolution, SubpixelResidual):
    """A `SubpixelResidual` without a depth_to_space."""


class Unblocked:
    """A mixin for layers that can compute in blocks of pixels: they never do."""

    def pays(self):
        """Whether to compute blocks."""
        return False


class ConvolvedIn8Bit(Unblocked):
    """`ByConvolution` for the last layer of a `quantized_form`, whose values are 8-bit pixels."""

    def to_pixels(self, blocks):
        """Channels to pixels, in levels of 8 bit before and after."""
        import tensorflow as tf

        def levels(x):
            return tf.quantization.fake_quant_with_min_max_args(x, 0.0, 1.0)

        def stored(kernel):
            return tf.quantization.fake_quant_with_min_max_args(kernel, -1, 1, narrow_range=True)

        return levels(pixels_by_convolution(levels(blocks), self.scale, stored))


class UnblockedFakeQuantConv2D(Unblocked, FakeQuantConv2D):
    """A `FakeQuantConv2D` of single pixels."""


class ConvolvedFakeQuantSubpixelDeconvolution(ConvolvedIn8Bit, FakeQuantSubpixelDeconvolution):
    """A `FakeQuantSubpixelDeconvolution` without a depth_to_space."""


class ConvolvedFakeQuantSubpixelResidual(ConvolvedIn8Bit, FakeQuantSubpixelResidual):
    """A `FakeQuantSubpixelResidual` without a depth_to_space."""


class SplitPReLU(layers.PReLU):
    """A `PReLU` made of ReLU, SUB, MUL and ADD: `relu(x) + slopes * (x - relu(x))`, exactly."""

    def call(self, inputs):
        """Apply the slopes."""
        positive = ops.relu(inputs)
        return positive + self.alpha * (inputs - positive)


class PixelsByConvolution(ByConvolution, layers.Layer):
    """`depth_to_space` as a layer.

    Args:
        scale: Side of a block, px.
        **kwargs: Passed on to `keras.layers.Layer`.
    """

    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs):
        """Channels to pixels."""
        return self.to_pixels(inputs)


# The first class that a layer is an instance of decides. Layers that compute in blocks compute
# single pixels again.
NPU_FORMS = {
    FakeQuantConv2D: UnblockedFakeQuantConv2D,
    FakeQuantSubpixelDeconvolution: ConvolvedFakeQuantSubpixelDeconvolution,
    FakeQuantSubpixelResidual: ConvolvedFakeQuantSubpixelResidual,
    BlockedConv2D: layers.Conv2D,
    BicubicEnlargement: ConvolvedBicubicEnlargement,
    SubpixelDeconvolution: ConvolvedSubpixelDeconvolution,
    SubpixelResidual: ConvolvedSubpixelResidual,
    layers.PReLU: SplitPReLU,
}


def npu_form(model: keras.Model) -> keras.Model:
    """A copy of `model` that computes the same in float32, with operations that more NPUs have.

    - depth_to_space becomes a transposed convolution of zeros and ones: TRANSPOSE_CONV.
    - A convolution in groups becomes convolutions of slices.
    - A PReLU with one slope for the layer becomes a leaky ReLU with that slope: LEAKY_RELU.
    - A PReLU with a slope per channel becomes RELU, SUB, MUL and ADD.

    Args:
        model: A functional Keras model with one input and one output, or a `quantized_form`, which
            keeps all its rounding. It is not changed.

    Returns:
        `keras.Model` with weights of its own.

    Example:
        >>> student = keras_pisr.models.FSRCNN(scale=2)
        >>> type(npu_form(student).layers[-1]).__name__
        'ConvolvedSubpixelDeconvolution'
    """

    def copy(layer):
        kind, config = type(layer), layer.get_config()
        kind = next((form for base, form in NPU_FORMS.items() if isinstance(layer, base)), kind)
        if isinstance(layer, layers.Conv2D):
            # A file stores a bias anyway; in 8 bit it compensates for the average rounding error.
            config["use_bias"] = True
            kind = GroupedConv2D if layer.groups > 1 else kind
        return kind.from_config(config | {"dtype": "float32"})

    def operation(one):
        if type(one).__name__ == "DepthToSpace":
            return PixelsByConvolution(one.block_size, dtype="float32")
        return type(one).from_config(one.get_config())

    return with_leaky(model, copy, operation)


def check_npu_operations(facts):
    """Raise a `ValueError` for a file with operations that NPUs lack.

    Args:
        facts: `FileFacts` of the file, or anything with its `operations`.

    Raises:
        ValueError: If the file has an operation that is not in `NPU_OPERATIONS`.
    """
    lacking = sorted(facts.operations.keys() - NPU_OPERATIONS)
    if lacking:
        raise ValueError(
            f"The file holds {', '.join(lacking)}, which not every NPU has "
            "(docs/reference/phone.md). Replace those layers, or export without --target npu."
        )
