"""A convolution in groups that TensorFlow trains fast on a CPU."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="keras_pisr")
class GroupedConv2D(layers.Conv2D):
    """A `Conv2D` whose groups are separate convolutions on TensorFlow.

    Weights and results are the same. With TensorFlow's own grouped convolution, a training step
    takes nine times as long for IDN on a CPU, and 17 times as long for CARN-M.

    Args:
        *args: As for `keras.layers.Conv2D`.
        **kwargs: As for `keras.layers.Conv2D`; `data_format` must be `"channels_last"`.
    """

    def convolution_op(self, inputs, kernel):
        """Convolve each group of channels."""
        if self.groups == 1 or keras.backend.backend() != "tensorflow":
            return super().convolution_op(inputs, kernel)
        width, filters = kernel.shape[2], self.filters // self.groups
        parts = [
            ops.conv(
                inputs[..., i * width : (i + 1) * width],
                kernel[..., i * filters : (i + 1) * filters],
                strides=self.strides,
                padding=self.padding,
                dilation_rate=self.dilation_rate,
                data_format=self.data_format,
            )
            for i in range(self.groups)
        ]
        return ops.concatenate(parts, axis=-1)
