"""One image enlarged: luma by the network, colour and transparency by bicubic."""

from pathlib import Path

import numpy as np

from keras_pisr.data.images.color import rgb_to_y
from keras_pisr.data.images.resize import upscale as bicubic
from keras_pisr.inference.network import Network, network
from keras_pisr.inference.tiles import cut

# LR px a side of a square. Larger tiles overlap less and take more memory: some 200 MB with these.
TILE = 512
# The bicubic kernel reads two pixels to each side.
_REACH = 2
# Luma in the studio range spans 219 of 255 levels, so a change of Y is this much in R, G and B.
_Y_TO_RGB = np.float32(255 / 219)


def upscale(model, image, *, tile=TILE):
    """Enlarge an image of any size by the model's factor.

    The network makes the luma (Y of BT.601, as it was trained on); the colour is the bicubic
    one, and so is transparency. Gray images go through the network as they are. The image is
    cut into tiles that overlap by the network's receptive field, so the result does not
    depend on `tile`; beside image and result, memory for one row of tiles is used.

    Args:
        model: Keras model, or callable, on luma; see `keras_pisr.inference.Network`.
        image: uint8, uint16, or float in `[0, 1]`; `(height, width)` or
            `(height, width, channels)`: gray, gray and alpha, RGB, or RGB and alpha. Alpha is
            straight, not premultiplied. Or the path of an image file.
        tile: Side of a square tile in px of the image. An image of no more pixels, whatever
            its shape, is not cut.

    Returns:
        Array of the same type and number of dimensions, clipped to its range,
        `(scale * height, scale * width, ...)`. Floats come back as float32.

    Raises:
        ValueError: For another type or shape, or a model that cannot be run in tiles.

    Example:
        >>> model = keras_pisr.models.start_as_bicubic(keras_pisr.models.FSRCNN(scale=2))
        >>> keras_pisr.upscale(model, np.zeros((30, 41, 3), "uint8")).shape
        (60, 82, 3)
    """
    if isinstance(image, str | Path):
        from keras_pisr.inference.formats.picture import read_picture

        image = read_picture(image).pixels
    image = np.asarray(image)
    net = model if isinstance(model, Network) else network(model)
    pixels = check_image(image)
    height, width, channels = pixels.shape
    result = np.empty((height * net.scale, width * net.scale, channels), result_type(image.dtype))
    for row, columns in _rows(net, pixels, tile):
        kept = np.s_[row.keep_start * net.scale : row.keep_stop * net.scale]
        _upscale_row(net, pixels, row, columns, result[kept])
    return result.reshape(*result.shape[:2], *image.shape[2:])


def upscaled_bands(net, image, *, tile=TILE):
    """The enlarged image from top to bottom, for results too large to hold.

    Args:
        net: A `Network`.
        image: As for `upscale`, no path.
        tile: As for `upscale`.

    Yields:
        `(top, band)`: first row in the result, and `(rows, scale * width, channels)`.
    """
    image = check_image(image)
    for row, columns in _rows(net, image, tile):
        rows, width = (row.keep_stop - row.keep_start) * net.scale, image.shape[1] * net.scale
        band = np.empty((rows, width, image.shape[2]), result_type(image.dtype))
        _upscale_row(net, image, row, columns, band)
        yield row.keep_start * net.scale, band


def _rows(net, image, tile):
    """Rows of tiles: pairs of a `Tile` down the image and the `Tile`s across it."""
    height, width = image.shape[:2]
    if height * width <= tile**2:
        tile = max(height, width)
    columns = cut(width, tile, net.radius)
    return [(row, columns) for row in cut(height, tile, net.radius)]


def _upscale_row(net, image, row, columns, band):
    """Fill `band`, the result's rows that are kept of a row of tiles."""
    for column in columns:
        kept = np.s_[:, column.keep_start * net.scale : column.keep_stop * net.scale]
        _upscale_tile(net, image, row, column, band[kept])


def check_image(image):
    """The image as `(height, width, channels)`, or the `ValueError` of `upscale`."""
    pixels = image[..., None] if image.ndim == 2 else image
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or 0 in pixels.shape:
        raise ValueError(
            "Expected an image (height, width) or (height, width, 1 to 4 channels) with at least "
            f"one pixel; got shape {image.shape}. Upscale the images of a batch one by one."
        )
    if image.dtype not in (np.uint8, np.uint16) and not np.issubdtype(image.dtype, np.floating):
        raise ValueError(f"Expected uint8, uint16 or float in [0, 1]; got {image.dtype}.")
    return pixels


def result_type(dtype):
    """Type of the result: integers as given, floats as float32."""
    return np.dtype(dtype) if np.issubdtype(dtype, np.integer) else np.dtype(np.float32)


def _upscale_tile(net, image, row, column, out):
    """Write the kept part of one tile to `out`, in its type."""
    scale = net.scale
    pixels = _as_float(image[row.start : row.stop, column.start : column.stop])
    colours = pixels.shape[2] - (pixels.shape[2] % 2 == 0)
    luma = net(rgb_to_y(pixels[..., :colours])[..., 0])
    kept = tuple(
        np.s_[(part.keep_start - part.start) * scale : (part.keep_stop - part.start) * scale]
        for part in (row, column)
    )
    luma = luma[kept][..., None]
    if pixels.shape[2] == 1:
        return _write(luma, out)
    around, inside = zip(
        *(_with_reach(*line, scale) for line in zip(image.shape, (row, column), strict=False)),
        strict=True,
    )
    result = bicubic(_as_float(image[around]), scale)[inside]
    if colours == 1:
        result[..., :1] = luma
    else:
        # Adding the same to R, G and B changes Y and leaves Cb and Cr: this is the
        # recombination of the network's Y with the bicubic chroma.
        luma -= rgb_to_y(result[..., :3])
        luma *= _Y_TO_RGB
        result[..., :3] += luma
    return _write(result, out)


def _with_reach(length, part, scale):
    """What bicubic must read of an axis, and where in its result the kept part lies."""
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
    # Into `out` at once, in steps that make no array of their own: new memory costs more than the
    # arithmetic.
    if not np.issubdtype(out.dtype, np.integer):
        np.clip(values, 0.0, 1.0, out=out)
        return
    values *= np.iinfo(out.dtype).max
    values += np.float32(0.5)
    np.clip(values, 0.5, np.iinfo(out.dtype).max + 0.5, out=values)
    np.copyto(out, values, casting="unsafe")
