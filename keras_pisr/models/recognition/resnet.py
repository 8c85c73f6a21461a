"""ResNets for inputs of 32 to 224 px: teachers and assistants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers

from keras_pisr.models.presettable import Presettable
from keras_pisr.models.recognition.recognition_head import recognition_outputs, scaled_inputs
from keras_pisr.models.size_limits import MOST_CHANNELS, MOST_LAYERS, check_count

if TYPE_CHECKING:
    from collections.abc import Sequence


def normalized_convolution(x, filters, size, stride, name):
    """A bias-free convolution and its batch normalisation."""
    x = layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
        data_format="channels_last",
    )(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)


def residual_block(x, filters, stride, bottleneck, name):
    """Two 3x3 convolutions, or 1x1, 3x3 and 1x1, beside a shortcut."""
    channels = 4 * filters if bottleneck else filters
    shortcut = x
    if stride != 1 or x.shape[-1] != channels:
        shortcut = normalized_convolution(x, channels, 1, stride, f"{name}_shortcut")
    if bottleneck:
        plan = [(filters, 1, 1), (filters, 3, stride), (channels, 1, 1)]
    else:
        plan = [(filters, 3, stride), (channels, 3, 1)]
    for i, (width, size, step) in enumerate(plan, start=1):
        x = normalized_convolution(x, width, size, step, f"{name}_{i}")
        if i < len(plan):
            x = layers.ReLU(name=f"{name}_{i}_relu")(x)
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(name=name)(x)


@keras.saving.register_keras_serializable(package="keras_pisr")
class ResNet(Presettable, keras.Model):
    """Residual network with an embedding and logits.

    Every stage after the first halves the resolution. Blocks are named `stage1_block1` and so
    on. The default is ResNet-20 of the CIFAR family. Known members, with 10 classes at 32 px
    or 1000 at 224:

    | blocks | widths | stem | bottleneck | parameters | MACs |
    |---|---|---|---|---|---|
    | (1, 1, 1) | (16, 32, 64) | small | no | 78,042 | 12.5 M |
    | (3, 3, 3) | (16, 32, 64) | small | no | 272,474 | 40.8 M |
    | (2, 2, 2, 2) | (64, 128, 256, 512) | large | no | 11,689,512 | 1.81 G |
    | (3, 4, 6, 3) | (64, 128, 256, 512) | large | yes | 25,557,032 | 4.09 G |

    Args:
        classes: Number of classes; None leaves the logits out.
        blocks: Residual blocks of each stage.
        widths: Channels of each stage (a bottleneck puts out four times as many).
        stem: `"small"`, a 3x3 convolution, for 32 to 64 px; or `"large"`, a 7x7 convolution and a
            max pooling, each of which halves the resolution, for 96 px and more.
        bottleneck: Blocks of 1x1, 3x3, 1x1 in place of two 3x3.
        embedding: Width of the embedding; None takes the pooled features.
        normalize: Whether the embedding has length 1.
        upsampling: Enlarge the image by this factor first, bilinearly. A student of LR images
            then has the weights of an assistant that sees HR images, and can start from them.
        channels: Number of channels of the image: 3, or 1 for gray.
        **kwargs: Passed on to `keras.Model`.

    Call arguments:
        inputs: Images in `[0, 1]`, `(batch, height, width, channels)`, any height and width.

    Returns:
        `{"embedding": (batch, embedding), "logits": (batch, classes)}`, float32.

    Raises:
        ValueError: If `blocks` and `widths` differ in length, or the stem is neither.

    Example:
        >>> model = keras_pisr.models.ResNet(10, blocks=(1, 1, 1))
        >>> tuple(model(np.zeros((2, 32, 32, 3)))["embedding"].shape)
        (2, 64)

    Reference:
        He et al. 2016, "Deep Residual Learning for Image Recognition",
        https://arxiv.org/abs/1512.03385; shortcuts that change shape are 1x1 convolutions,
        and the stride of a bottleneck is in its 3x3.
    """

    def __init__(
        self,
        classes: int | None = None,
        *,
        blocks: Sequence[int] = (3, 3, 3),
        widths: Sequence[int] = (16, 32, 64),
        stem: str = "small",
        bottleneck: bool = False,
        embedding: int | None = None,
        normalize: bool = False,
        upsampling: int = 1,
        channels: int = 3,
        **kwargs: Any,
    ) -> None:
        if len(blocks) != len(widths) or not blocks:
            raise ValueError(
                "`blocks` and `widths` need one number per stage; got "
                f"{tuple(blocks)} and {tuple(widths)}."
            )
        if stem not in ("small", "large"):
            raise ValueError(f'`stem` must be "small" or "large", got {stem!r}.')
        check_count("blocks", sum(blocks), MOST_LAYERS)
        for width in widths:
            check_count("widths", width, MOST_CHANNELS)

        # === Functional graph ===
        inputs = keras.Input((None, None, channels), name="image")
        x = scaled_inputs(inputs)
        if upsampling > 1:
            x = layers.UpSampling2D(
                upsampling, interpolation="bilinear", name="upsampling", data_format="channels_last"
            )(x)
        small = stem == "small"
        x = normalized_convolution(x, widths[0], 3 if small else 7, 1 if small else 2, "stem")
        x = layers.ReLU(name="stem")(x)
        if not small:
            x = layers.MaxPooling2D(
                3, strides=2, padding="same", name="stem_pool", data_format="channels_last"
            )(x)
        for stage, (count, width) in enumerate(zip(blocks, widths, strict=True), start=1):
            for block in range(1, count + 1):
                stride = 2 if stage > 1 and block == 1 else 1
                name = f"stage{stage}_block{block}"
                x = residual_block(x, width, stride, bottleneck, name)
        outputs = recognition_outputs(x, classes, embedding, normalize)
        super().__init__(inputs, outputs, **kwargs)

        # === Config ===
        self.classes = classes
        self.blocks = tuple(blocks)
        self.widths = tuple(widths)
        self.stem = stem
        self.bottleneck = bottleneck
        self.embedding = embedding
        self.normalize = normalize
        self.upsampling = upsampling
        self.channels = channels

    def get_config(self) -> dict[str, Any]:
        """Every argument."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "classes": self.classes,
            "blocks": self.blocks,
            "widths": self.widths,
            "stem": self.stem,
            "bottleneck": self.bottleneck,
            "embedding": self.embedding,
            "normalize": self.normalize,
            "upsampling": self.upsampling,
            "channels": self.channels,
        }
