"""Turns a network of luma into one from RGB to RGB, for apps without image code."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from keras_pisr.data.images.color import rgb_to_ycbcr, ycbcr_to_rgb
from keras_pisr.data.images.resize import upscale as bicubic
from keras_pisr.models import SubpixelResidual

# The bicubic kernel reads two pixels to each side.
REACH = 2


def whole_image(network: keras.Model, *, scale: int, pixels: str = "float32") -> keras.Model:
    """The graph that takes RGB and computes the same as `keras_pisr.upscale`.

    Luma (Y of BT.601) goes through the network; chroma (Cb, Cr) is enlarged by the bicubic
    kernel, with edges repeated. RGB is the sum of a gray that luma makes and of the chroma's part,
    clipped. The bicubic kernel is one 5x5 convolution from RGB to the chroma's part and a
    depth_to_space, which phones run as they run the network. Colours add about 950
    multiply-accumulates per LR pixel for x2; PlainSR has 12,596. If the network ends in a
    `SubpixelResidual`, sums are made before the one depth_to_space.

    Args:
        network: Keras model from luma `(batch, height, width, 1)` to luma
            `(batch, scale * height, scale * width, 1)`.
        scale: Its upscaling factor.
        pixels: Type of input and output: `"float32"` in `[0, 1]`, or `"uint8"`, rounded half up.

    Returns:
        `keras.Model` from `(batch, height, width, 3)` to
        `(batch, scale * height, scale * width, 3)`. It shares its weights with `network`.

    Example:
        >>> student = keras_pisr.models.FSRCNN(scale=2)
        >>> tuple(whole_image(student, scale=2)(np.zeros((1, 4, 5, 3))).shape)
        (1, 8, 10, 3)
    """
    inputs = rgb = keras.Input((None, None, 3), dtype=pixels, name="rgb")
    if pixels == "uint8":
        rgb = ops.cast(rgb, "float32") * np.float32(1 / 255)
    matrix, offset = affine(rgb_to_ycbcr)
    last, side = network.outputs[0]._keras_history.operation, 1
    if isinstance(last, SubpixelResidual) and last.scale == scale:
        # The same layer, but it leaves the `side**2` pixels of a block where they are.
        blocks = type(last).from_config(last.get_config() | {"scale": 1})
        network, side = keras.Model(network.inputs, blocks(last.input), name=network.name), scale
    luma = network(_constant(rgb, matrix[None, None, :, :1], offset[:1], "to_luma"))
    # RGB is six times too large until the end, because the activation that clips, which can be part
    # of an addition and also exists in 8 bit, has the ceiling 6.
    back, black = affine(ycbcr_to_rgb)
    of_luma, of_chroma = 6 * back[:1], 6 * back[1:]
    black = 6 * black + offset[1:] @ of_chroma
    kernel, bias = bicubic_kernel(scale, matrix[:, 1:] @ of_chroma, black)
    chroma = to_pixels(_constant(repeat_edges(rgb, REACH), kernel, bias, "chroma"), scale // side)
    gray = np.kron(np.eye(side**2), of_luma)[None, None]
    large = ops.relu6(chroma + _constant(luma, gray, np.zeros(3 * side**2), "gray"))
    large = to_pixels(large, side)
    if pixels == "uint8":
        large = ops.cast(large * np.float32(255 / 6) + 0.5, "uint8")
    else:
        large = large * np.float32(1 / 6)
    return keras.Model(inputs, large, name=f"{network.name}_rgb")


def affine(function):
    """`matrix, offset` so that `function(x) = x @ matrix + offset`, for a map of colours."""
    offset = function(np.zeros((1, 3), "float32"))
    return function(np.eye(3, dtype="float32")) - offset, offset[0]


def repeat_edges(images, reach):
    """Repeat the pixels at the edges `reach` times.

    It uses slices, because XNNPACK runs them at every size; it does not run MIRROR_PAD.
    """
    for axis in (1, 2):
        before = (slice(None),) * axis
        first, last = images[(*before, np.s_[:1])], images[(*before, np.s_[-1:])]
        images = ops.concatenate([first] * reach + [images] + [last] * reach, axis=axis)
    return images


def to_pixels(blocks, scale):
    """Channels to pixels."""
    return ops.depth_to_space(blocks, scale, data_format="channels_last") if scale > 1 else blocks


def bicubic_kernel(scale, matrix, offset):
    """A map of colours and the bicubic kernel in one convolution, `scale**2` pixels per block.

    Args:
        scale: Upscaling factor.
        matrix: The map of colours, `(3, channels)`.
        offset: Its offset, `(channels,)`.

    Returns:
        `kernel, bias`: `(5, 5, 3, channels * scale**2)` and `(channels * scale**2,)`.
    """
    taps = 2 * REACH + 1
    impulse = np.zeros((2 * taps - 1, 2 * taps - 1))
    impulse[taps - 1, taps - 1] = 1
    # Each block of the response holds the contribution of one input pixel. A convolution counts
    # offsets from the block to the pixel, so the order is reversed.
    blocks = bicubic(impulse, scale).reshape(2 * taps - 1, scale, 2 * taps - 1, scale)
    near = slice(taps - 1 - REACH, taps + REACH)
    kernel = blocks[near, :, near][::-1, :, ::-1]
    kernel = np.einsum("ypxq,ic->yxipqc", kernel, matrix)
    return kernel.reshape(taps, taps, 3, -1), np.tile(offset, scale * scale)


def colour_batches(batches):
    """Images on which the converter measures ranges, made from batches of luma.

    The lumas become gray images, so that the network sees the same lumas. The corners of the RGB
    cube follow, because all chroma lies between them.

    Args:
        batches: Yields `[float32 (batch, height, width, 1)]`.

    Yields:
        `[float32 (batch, height, width, 3)]` in `[0, 1]`.
    """
    black, white = (float(rgb_to_ycbcr(np.full(3, level, "float32"))[0]) for level in (0, 1))
    for (lumas,) in batches:
        gray = np.clip((lumas - black) / (white - black), 0, 1)
        yield [np.repeat(gray, 3, axis=-1).astype("float32")]
    rows, columns = np.indices(gray.shape[1:3]) // 4
    bits = [(rows + columns) // 2**i % 2 for i in range(3)]
    yield [np.broadcast_to(np.stack(bits, -1), (*gray.shape[:3], 3)).astype("float32")]


def _constant(inputs, kernel, bias, name):
    size = kernel.shape[0]
    layer = layers.Conv2D(
        kernel.shape[3],
        size,
        trainable=False,
        dtype="float32",
        name=name,
        data_format="channels_last",
    )
    outputs = layer(inputs)
    layer.set_weights([kernel, bias])
    return outputs
