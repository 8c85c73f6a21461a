"""Layers that compute in float what an 8-bit file will compute in whole numbers.

The file's rounding is part of the forward pass. Gradients pass through it unchanged (straight
through), so a network of these layers can be trained. The layers run only on TensorFlow.
"""

import keras
from keras import layers

from keras_pisr.forms.blocked import BlockedConv2D, BlockedSubpixelDeconvolution
from keras_pisr.models import SubpixelDeconvolution, SubpixelResidual

SMALLEST = 1e-6  # Smallest range, for tensors that are always zero: a step must not be zero.


def register(name):
    """Register a class under a name of this package, which `load_student` trusts."""
    return keras.saving.register_keras_serializable(package="keras_pisr", name=name)


def round_kernel(kernel):
    """Round a kernel to 8-bit weights: 127 levels on either side of 0, one scale per channel.

    Args:
        kernel: `(height, width, inputs, outputs)`.
    """
    import tensorflow as tf

    kernel = tf.convert_to_tensor(kernel)
    largest = tf.maximum(tf.reduce_max(tf.abs(kernel), axis=(0, 1, 2)), SMALLEST)
    # The scale is not differentiated; otherwise the largest weight would get the gradients of all
    # rounded weights.
    largest = tf.stop_gradient(largest)
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(
        kernel, -largest, largest, narrow_range=True
    )


@register("FakeQuant")
class FakeQuant(layers.Layer):
    """Clips a tensor to a range and rounds it to the 256 levels of 8 bit in that range.

    The range is widened to hold 0, and shifted by less than a step so that 0 is a level.

    Args:
        low: Smallest value.
        high: Largest value.
        **kwargs: Passed on to `keras.layers.Layer`; `trainable=False` keeps the range as it is.

    Example:
    >>> FakeQuant(0, 1)(np.array([-1, 0.11, 0.6, 2])) * 255  # doctest: +SKIP
    [0, 28, 153, 255]
    """

    def __init__(self, low=0.0, high=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = float(low), float(high)

    def build(self, input_shape):
        """Create the two ends of the range."""
        for name, value in zip(("low", "high"), self.start, strict=True):
            end = self.add_weight(
                name=name, shape=(), initializer=keras.initializers.Constant(value)
            )
            setattr(self, name, end)

    def call(self, inputs):
        """Clip and round."""
        import tensorflow as tf

        low = tf.minimum(tf.convert_to_tensor(self.low), 0.0)
        high = tf.maximum(tf.convert_to_tensor(self.high), low + SMALLEST)
        return tf.quantization.fake_quant_with_min_max_vars(inputs, low, tf.maximum(high, 0.0))

    def compute_output_shape(self, input_shape):
        """The shape of the input."""
        return input_shape

    def get_config(self):
        """Every argument."""
        low, high = self.start
        return {**super().get_config(), "low": low, "high": high}


@register("FakeQuantConv2D")
class FakeQuantConv2D(BlockedConv2D):
    """A `Conv2D` with weights of 8 bit."""

    def stored(self, kernel):
        """The kernel of blocks, rounded."""
        return round_kernel(kernel)

    def convolution_op(self, inputs, kernel):
        """Convolve with the rounded kernel."""
        return super().convolution_op(inputs, round_kernel(kernel))


@register("FakeQuantSubpixelDeconvolution")
class FakeQuantSubpixelDeconvolution(BlockedSubpixelDeconvolution):
    """A `SubpixelDeconvolution` with weights of 8 bit."""

    def stored(self, kernel):
        """The kernel of blocks, rounded."""
        return round_kernel(kernel)

    def subpixel_kernel(self):
        """The kernel that the file stores, rounded."""
        return round_kernel(super().subpixel_kernel())


@register("FakeQuantSubpixelResidual")
class FakeQuantSubpixelResidual(SubpixelResidual):
    """A `SubpixelResidual` whose sum is stored in the 256 levels of a pixel.

    Clipping needs no operation then, because 8 bit has no values outside this range.
    """

    def limit(self, blocks):
        """Round luma to a pixel's levels."""
        import tensorflow as tf

        return tf.quantization.fake_quant_with_min_max_args(blocks, 0.0, 1.0)


FAKE_QUANT_FORMS = {
    layers.Conv2D: FakeQuantConv2D,
    SubpixelDeconvolution: FakeQuantSubpixelDeconvolution,
    SubpixelResidual: FakeQuantSubpixelResidual,
}
