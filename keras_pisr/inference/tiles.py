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


def measure(run):
    """Find the scale and the receptive field of a network by experiment.

    One pixel of a small image is replaced; the outputs that change are those that read this pixel.
    Not-a-number survives multiplication by a zero weight, which training may change, but some
    activations drop it. Large numbers of both signs pass through those activations. A backend may
    spread not-a-number over the whole image, as a resize by a matrix product does; then only the
    large numbers decide.

    Args:
        run: Function from `(height, width)` to `(scale * height, scale * width)`, float32.

    Returns:
        `(scale, radius)`: the upscaling factor, and the largest distance in LR px, along an
        axis, at which an input pixel reaches an output pixel's own LR pixel.

    Raises:
        ValueError: If the output is no enlargement by a whole factor, or every output depends
            on pixels 128 px away.
    """
    for side in _PROBES:
        scale, by_numbers = _changed(run, side, _NUMBERS)
        _, by_nan = _changed(run, side, (np.nan,))
        for changed in (by_numbers | by_nan, by_numbers):
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            if not len(rows):
                raise ValueError("The model's output does not depend on its input.")
            first = min(rows[0], columns[0]) // scale
            last = max(rows[-1], columns[-1]) // scale
            # A field that reaches the edge of the probe may be larger.
            if first > 0 and last < side - 1:
                return scale, int(max(side // 2 - first, last - side // 2))
    raise ValueError(
        "The model reads pixels more than 128 px away, or the whole image (global pooling, "
        "attention): it cannot be run in tiles."
    )


def _changed(run, side, replacements):
    """The scale, and which outputs change when the central pixel is replaced."""
    images = np.random.default_rng(0).random((len(replacements), side, side), np.float32)
    changed = False
    for image, replacement in zip(images, replacements, strict=True):
        plain = run(image)
        scale = plain.shape[0] // side
        if plain.shape != (scale * side, scale * side) or not scale:
            raise ValueError(
                f"Expected the model to enlarge by a whole factor; it made {plain.shape} px "
                f"from {image.shape} px."
            )
        image[side // 2, side // 2] = replacement
        changed = changed | (run(image) != plain)
    return scale, changed
