"""A small recognition network for the phone, used as student and as assistant."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from keras_pisr.models.presettable import Presettable
from keras_pisr.models.recognition.recognition_head import recognition_outputs, scaled_inputs
from keras_pisr.models.size_limits import MOST_CHANNELS, check_count


def normalized_relu(x, name):
    """Batch normalisation and ReLU, which a converter folds into the convolution before."""
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.ReLU(name=name)(x)


def separable_block(x, filters, stride, name):
    """A depthwise 3x3 and a pointwise convolution."""
    x = layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="same",
        use_bias=False,
        name=f"{name}_depthwise_conv",
        data_format="channels_last",
    )(x)
    x = normalized_relu(x, f"{name}_depthwise")
    x = layers.Conv2D(
        filters,
        1,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
        data_format="channels_last",
    )(x)
    return normalized_relu(x, name)


@keras.saving.register_keras_serializable(package="keras_pisr")
class SmallRecognizer(Presettable, keras.Model):
    """Depthwise-separable network for images of 12x12 px or more, with embedding and logits.

    A 3x3 convolution at full resolution is followed by `block1` to `block6`. The third and fifth
    block halve the resolution, and channels grow from `width` to `8 * width`. The network has only
    convolutions, ReLUs, pooling and dense layers, so all of it converts to TFLite and quantizes to
    int8. With 50 classes:

    | width | parameters | MACs at 16 px | MACs at 64 px |
    |---|---|---|---|
    | 16 | 43,762 | 1.49 M | 23.7 M |
    | 32 | 151,986 | 5.34 M | 85.2 M |

    Args:
        classes: Number of classes; None leaves the logits out.
        width: Channels of the first convolution.
        embedding: Width of the embedding; None takes the `8 * width` pooled features.
        normalize: Whether the embedding has length 1.
        channels: Number of channels of the image: 3, or 1 for gray.
        **kwargs: Passed on to `keras.Model`.

    Call arguments:
        inputs: Images in `[0, 1]`, `(batch, height, width, channels)`, any height and width.

    Returns:
        `{"embedding": (batch, embedding), "logits": (batch, classes)}`, float32.

    Example:
        >>> model = keras_pisr.models.SmallRecognizer(50)
        >>> tuple(model(np.zeros((2, 16, 16, 3)))["embedding"].shape)
        (2, 256)

    Reference:
        The block is that of Howard et al. 2017, "MobileNets", https://arxiv.org/abs/1704.04861.
    """

    def __init__(
        self,
        classes: int | None = None,
        *,
        width: int = 32,
        embedding: int | None = None,
        normalize: bool = False,
        channels: int = 3,
        **kwargs: Any,
    ) -> None:
        width = check_count("width", width, MOST_CHANNELS)

        # === Functional graph ===
        inputs = keras.Input((None, None, channels), name="image")
        x = layers.Conv2D(
            width,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name="stem_conv",
            data_format="channels_last",
        )(scaled_inputs(inputs))
        x = normalized_relu(x, "stem")
        plan = [(2, 1), (2, 1), (4, 2), (4, 1), (8, 2), (8, 1)]
        for i, (factor, stride) in enumerate(plan, start=1):
            x = separable_block(x, factor * width, stride, f"block{i}")
        outputs = recognition_outputs(x, classes, embedding, normalize)
        super().__init__(inputs, outputs, **kwargs)

        # === Config ===
        self.classes = classes
        self.width = width
        self.embedding = embedding
        self.normalize = normalize
        self.channels = channels

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "classes": self.classes,
            "width": self.width,
            "embedding": self.embedding,
            "normalize": self.normalize,
            "channels": self.channels,
        }
