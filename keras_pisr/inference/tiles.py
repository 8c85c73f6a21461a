"""Cuts an image into tiles without visible seams in the result."""

from typing import NamedTuple

import numpy as np

# Sides of the probe, px. A probe finds distances of up to half its side.
_PROBES = (129, 257)
_NUMBERS = (1e3, -1e3, 3.0)


class Tile(NamedTuple):
    """A stretch of one axis: read `start:stop`, keep `keep_start:keep_stop`, all in LR px."""

    start: int
    stop: int
    keep_start: int
    keep_stop: int


def cut(length, longest, radius, *, grid=32):
    """Cut one axis into equal tiles that overlap by the receptive field.

    The first tile begins and the last tile ends at the image's edge, where the network must see its
    own padding. The kept part of a tile lies `radius` px or more from any other end. The number of
    tiles and their length are as small as possible, because overlaps are computed twice.

    Args:
        length: Length of the axis, px.
        longest: Longest tile, px, more than `2 * radius`.
        radius: Largest distance at which an input pixel affects an output, px.
        grid: The length of tiles is a multiple of this number, or `longest`, so that a backend that
            compiles for each size (JAX) has few sizes to compile.

    Returns:
        List of `Tile`, in order, whose kept parts cover the axis once. All tiles have the same
        length, or there is one tile as long as the axis.

    Raises:
        ValueError: If a tile would keep nothing.

    Example:
        >>> [tuple(tile) for tile in cut(20, 12, 3, grid=1)]
        [(0, 11, 0, 8), (5, 16, 8, 13), (9, 20, 13, 20)]
    """
    if length <= longest:
        return [Tile(0, length, 0, length)]
    if longest <= 2 * radius:
        raise ValueError(
            f"A tile of {longest} px keeps nothing: the network sees {radius} px to each side. "
            f"Use tiles of {2 * radius + 1} px or more; {4 * radius} is economical."
        )
    # n tiles cover the sum of their lengths minus n - 1 overlaps.
    n = -(-(length - 2 * radius) // (longest - 2 * radius))
    shortest = -(-(length + 2 * radius * (n - 1)) // n)
    tile = min(longest, -(-shortest // grid) * grid)
    tiles, kept = [], 0
    while kept < length:
        start = min(max(kept - radius, 0), length - tile)
        stop = start + tile
        end = length if stop == length else stop - radius
        tiles.append(Tile(start, stop, kept, end))
        kept = end
    return tiles


def cut_to(length, tile, radius):
    """`cut`, for a network that takes one length only: all tiles are `tile` px long.

    An axis that is shorter than a tile gets two tiles, which reach beyond its end and its start.
    Each keeps the half at which the network sees its own padding, so the result is that of a
    network of any size if the axis is `2 * radius` px or longer.

    Args:
        length: Length of the axis, px.
        tile: Length of every tile, px, more than `2 * radius`.
        radius: As for `cut`.

    Returns:
        List of `Tile`, as of `cut`, but `start` may be below 0 and `stop` beyond the axis.

    Example:
        >>> [tuple(tile) for tile in cut_to(5, 12, 2)]
        [(0, 12, 0, 3), (-7, 5, 3, 5)]
    """
    if length >= tile:
        return cut(length, tile, radius, grid=tile)
    half = -(-length // 2)
    halves = [Tile(0, tile, 0, half), Tile(length - tile, length, half, length)]
    return [part for part in halves if part.keep_start < part.keep_stop]


def measure(run, size=None):
    """Find the scale and the receptive field of a network by experiment.

    One pixel of a small image is replaced; the outputs that change are those that read this pixel.
    Not-a-number survives multiplication by a zero weight, which training may change, but some
    activations drop it. Large numbers of both signs pass through those activations. A backend may
    spread not-a-number over the whole image, as a resize by a matrix product does; then only the
    large numbers decide.

    Args:
        run: Function from `(height, width)` to `(scale * height, scale * width)`, float32.
        size: The only `(height, width)` that `run` takes, px; None if it takes every size.

    Returns:
        `(scale, radius)`: the upscaling factor, and the largest distance in LR px, along an
        axis, at which an input pixel reaches an output pixel's own LR pixel.

    Raises:
        ValueError: If the output is no enlargement by a whole factor, or every output depends
            on pixels 128 px away, or half of `size`.
    """
    for height, width in [size] if size else [(side, side) for side in _PROBES]:
        scale, by_numbers = _changed(run, (height, width), _NUMBERS)
        _, by_nan = _changed(run, (height, width), (np.nan,))
        for changed in (by_numbers | by_nan, by_numbers):
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            if not len(rows):
                raise ValueError("The model's output does not depend on its input.")
            ends = [(line[0] // scale, line[-1] // scale) for line in (rows, columns)]
            sides = list(zip(ends, (height, width), strict=True))
            # A field that reaches the edge of the probe may be larger.
            if all(first > 0 and last < side - 1 for (first, last), side in sides):
                reaches = [
                    max(side // 2 - first, last - side // 2) for (first, last), side in sides
                ]
                return scale, int(max(reaches))
    seen = (min(height, width) - 1) // 2
    tiles = f"tiles of height {height}, width {width}" if size else "tiles"
    raise ValueError(
        f"The model reads pixels more than {seen} px away, or the whole image (global pooling, "
        f"attention, 8-bit ranges of each image): it cannot be run in {tiles}."
    )


def _changed(run, size, replacements):
    """The scale, and which outputs change when the central pixel is replaced."""
    height, width = size
    images = np.random.default_rng(0).random((len(replacements), height, width), np.float32)
    changed = False
    for image, replacement in zip(images, replacements, strict=True):
        plain = run(image)
        scale = plain.shape[0] // height
        if plain.shape != (scale * height, scale * width) or not scale:
            raise ValueError(
                f"Expected the model to enlarge by a whole factor; it made {plain.shape} px "
                f"from {image.shape} px."
            )
        image[height // 2, width // 2] = replacement
        changed = changed | (run(image) != plain)
    return scale, changed
