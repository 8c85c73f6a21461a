"""Enlarges one image: luma by the network, colour and transparency by bicubic."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from keras_pisr.data.images.color import rgb_to_y
from keras_pisr.data.images.plain_pixels import pixels_of_pillow
from keras_pisr.data.images.resize import upscale as bicubic
from keras_pisr.inference.network import as_network
from keras_pisr.inference.tiles import cut
from keras_pisr.inference.transparency import enlarged, filled, is_see_through

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    import keras

    from keras_pisr.inference.network import Network


# Side of a square tile, LR px. Larger tiles overlap less and take more memory; these take about 200
# MB.
TILE = 512
# How far floats may lie outside of [0, 1]: enough for rounding errors, too little for another
# range.
_TOLERANCE = 1e-3
# The bicubic kernel reads two pixels to each side.
_REACH = 2
# Luma in the studio range spans 219 of 255 levels, so a change of Y is this much in R, G and B.
_Y_TO_RGB = np.float32(255 / 219)


def upscale(
    model: str | os.PathLike[str] | keras.Model | Callable[..., Any],
    image: str | os.PathLike[str] | np.ndarray | Image.Image,
    *,
    tile: int = TILE,
) -> np.ndarray:
    """Enlarge an image of any size by the model's factor.

    The network makes the luma (Y of BT.601, on which it was trained); colour and transparency
    are enlarged by bicubic. Gray images go through the network unchanged. The image is
    cut into tiles that overlap by the network's receptive field, so the result does not
    depend on `tile`. Memory holds the image, the result and one row of tiles, and with
    transparency a second copy of the image's colours.

    Args:
        model: Keras model, or callable, on luma; see `keras_pisr.inference.Network`. Or the
            name of a preset, its folder or address, or the path of a `.keras` file.
        image: uint8, uint16, or float in `[0, 1]`; `(height, width)` or
            `(height, width, channels)`: gray, gray and alpha, RGB, or RGB and alpha. Alpha is
            straight, not premultiplied; each colour is weighted by its alpha. Or the path of an
            image file, or an image of Pillow, whose palette or inks (CMYK) become RGB.
        tile: Side of a square tile in px of the image. An image with at most as many pixels as
            a tile is not cut, whatever its shape. A `TFLiteModel` of one size is run in tiles of
            that size instead.

    Returns:
        Array of the same type and number of dimensions, clipped to its range,
        `(scale * height, scale * width, ...)`. Floats come back as float32.

    Raises:
        ValueError: For another type or shape, floats outside of `[0, 1]`, or a model that cannot
            be run in tiles.

    Example:
        >>> model = keras_pisr.models.start_as_bicubic(keras_pisr.models.FSRCNN(scale=2))
        >>> keras_pisr.upscale(model, np.zeros((30, 41, 3), "uint8")).shape
        (60, 82, 3)
    """
    array = _as_array(image)
    net = as_network(model)
    pixels = check_image(array)
    height, width, channels = pixels.shape
    result = np.empty((height * net.scale, width * net.scale, channels), result_type(array.dtype))
    for row, fill in _rows(net, pixels, tile):
        fill(result[row.keep_start * net.scale : row.keep_stop * net.scale])
    return result.reshape(*result.shape[:2], *array.shape[2:])


def upscaled_bands(
    net: Network, image: np.ndarray, *, tile: int = TILE
) -> Iterator[tuple[int, np.ndarray]]:
    """The enlarged image from top to bottom, for results that do not fit in memory.

    Args:
        net: A `Network`.
        image: As for `upscale`, but not a path.
        tile: As for `upscale`.

    Yields:
        `(top, band)`: first row in the result, and `(rows, scale * width, channels)`.
    """
    image = check_image(image)
    width, channels = image.shape[1:]
    for row, fill in _rows(net, image, tile):
        rows = (row.keep_stop - row.keep_start) * net.scale
        band = np.empty((rows, width * net.scale, channels), result_type(image.dtype))
        fill(band)
        yield row.keep_start * net.scale, band


def _rows(net, image, tile):
    """Rows of tiles, from top to bottom: pairs of a `Tile` and a function that fills its result."""
    height, width = image.shape[:2]
    if net.size:
        # The file takes tiles of this size only; it cuts no further.
        rows, columns = (
            cut(length, side, net.radius, grid=side)
            for length, side in zip((height, width), net.size, strict=True)
        )
    else:
        longest = max(height, width) if height * width <= tile**2 else tile
        rows, columns = (cut(length, longest, net.radius) for length in (height, width))
    colours = filled(image) if is_see_through(image) else None
    net.refresh()

    def fill(row, band):
        for column in columns:
            kept = np.s_[:, column.keep_start * net.scale : column.keep_stop * net.scale]
            _upscale_tile(net, image, colours, row, column, band[kept])

    for row in rows:
        yield row, partial(fill, row)


def _as_array(image):
    if isinstance(image, str | Path):
        from keras_pisr.inference.formats.picture import read_picture

        return read_picture(image).pixels
    return pixels_of_pillow(image) if isinstance(image, Image.Image) else np.asarray(image)


def check_image(image):
    """The image as `(height, width, channels)`; raises the `ValueError`s of `upscale`."""
    pixels = image[..., None] if image.ndim == 2 else image
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or 0 in pixels.shape:
        raise ValueError(
            "Expected an image (height, width) or (height, width, 1 to 4 channels) with at least "
            f"one pixel; got shape {image.shape}. Upscale the images of a batch one by one."
        )
    if image.dtype not in (np.uint8, np.uint16) and not np.issubdtype(image.dtype, np.floating):
        raise ValueError(f"Expected uint8, uint16 or float in [0, 1]; got {image.dtype}.")
    if np.issubdtype(image.dtype, np.floating):
        least, most = image.min(), image.max()
        # A comparison with not-a-number is false, so this form refuses it, too.
        if not (least >= -_TOLERANCE and most <= 1 + _TOLERANCE):
            raise ValueError(
                f"Expected floats in [0, 1]; got {least:.4g} to {most:.4g}. Divide 8-bit values by "
                "255, and map [-1, 1] by (image + 1) / 2."
            )
    return pixels


def result_type(dtype):
    """Type of the result: integers as given, floats as float32."""
    return np.dtype(dtype) if np.issubdtype(dtype, np.integer) else np.dtype(np.float32)


def _upscale_tile(net, image, filled_colours, row, column, out):
    """Write the kept part of one tile to `out`, in its type."""
    scale = net.scale
    colours = image.shape[2] - (image.shape[2] % 2 == 0)
    sources = image[..., :colours] if filled_colours is None else filled_colours
    pixels = _as_float(sources[row.start : row.stop, column.start : column.stop])
    luma = net.run(rgb_to_y(pixels)[..., 0])
    kept = tuple(
        np.s_[(part.keep_start - part.start) * scale : (part.keep_stop - part.start) * scale]
        for part in (row, column)
    )
    luma = luma[kept][..., None]
    if image.shape[2] == 1:
        return _write(luma, out)
    around, inside = zip(
        *(_with_reach(*line, scale) for line in zip(image.shape, (row, column), strict=False)),
        strict=True,
    )
    if filled_colours is None:
        result = bicubic(_as_float(image[around]), scale)[inside]
        base = result[..., :colours]
    else:
        base = bicubic(_as_float(filled_colours[around]), scale)
        result = np.concatenate(enlarged(_as_float(image[around]), base, scale), axis=2)[inside]
        base = base[inside]
    # Adding the same number to R, G and B changes Y but not Cb and Cr. This combines the network's
    # Y with the bicubic chroma.
    luma -= rgb_to_y(base)
    if colours == 3:
        luma *= _Y_TO_RGB
    result[..., :colours] += luma
    return _write(result, out)


def _with_reach(length, part, scale):
    """The part of an axis that bicubic must read, and where the kept part lies in its result."""
    first = max(part.keep_start - _REACH, 0)
    last = min(part.keep_stop + _REACH, length)
    return np.s_[first:last], np.s_[
        (part.keep_start - first) * scale : (part.keep_stop - first) * scale
    ]


def _as_float(pixels):
    if np.issubdtype(pixels.dtype, np.integer):
        return pixels * np.float32(1 / np.iinfo(pixels.dtype).max)
    return pixels.astype(np.float32, copy=False)


def _write(values, out):
    # The steps write into `out` and make no new arrays, because new memory costs more than the
    # arithmetic.
    if not np.issubdtype(out.dtype, np.integer):
        np.clip(values, 0.0, 1.0, out=out)
        return
    values *= np.iinfo(out.dtype).max
    values += np.float32(0.5)
    np.clip(values, 0.5, np.iinfo(out.dtype).max + 0.5, out=values)
    np.copyto(out, values, casting="unsafe")
