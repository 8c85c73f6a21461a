"""Runs a network that takes images of one size only on images of any size."""

import numpy as np

from keras_pisr.inference.tiles import cut_to, measure


class InTiles:
    """Cuts images into overlapping tiles of the size that a network takes.

    The result is that of the same network for any size, if the image is twice the receptive field
    or more on each side. At the ends of shorter sides, the network sees mirrored pixels instead of
    its own padding.

    Args:
        run: Function from `(batch, height, width, channels)`, float32, to `(batch, scale * height,
            scale * width, channels)`.
        shape: The only shape that `run` takes.

    Attributes:
        scale: Upscaling factor.
        radius: Distance, in LR px, from which an output still reads.

    Raises:
        ValueError: If the network reads the whole image, or further than half of its size.

    Example:
        >>> double = InTiles(lambda x: x.repeat(2, axis=1).repeat(2, axis=2), (1, 8, 8, 1))
        >>> double(np.zeros((1, 5, 20, 1), "float32")).shape
        (1, 10, 40, 1)
    """

    def __init__(self, run, shape):
        self._run, self._size = run, shape[1:3]

        def plane(values):
            # Other channels stay as they are, so that gray does not hide how RGB is enlarged.
            image = np.full(shape, 0.5, np.float32)
            image[..., 0] = values
            return run(image)[0, ..., 0]

        self.scale, self.radius = measure(plane, self._size)

    def __call__(self, image):
        """Enlarge `(batch, height, width, channels)` of any height and width."""
        scale, lengths = self.scale, image.shape[1:3]
        batch, channels = image.shape[0], image.shape[3]
        result = np.empty((batch, *(scale * side for side in lengths), channels), np.float32)
        rows, columns = (
            cut_to(length, side, self.radius)
            for length, side in zip(lengths, self._size, strict=True)
        )
        for row in rows:
            band = image[:, mirrored(row, lengths[0])]
            for column in columns:
                tile = self._run(band[:, :, mirrored(column, lengths[1])])
                kept = (inner(part, scale) for part in (row, column))
                outer = (
                    np.s_[scale * part.keep_start : scale * part.keep_stop]
                    for part in (row, column)
                )
                result[:, *outer] = tile[:, *kept]
        return result


def mirrored(tile, length):
    """Indices of the pixels of a tile, mirrored where it reaches beyond the axis."""
    places = np.arange(tile.start, tile.stop) % (2 * length)
    return np.minimum(places, 2 * length - 1 - places)


def inner(tile, scale):
    """Where the kept part of a tile lies in its result."""
    return np.s_[scale * (tile.keep_start - tile.start) : scale * (tile.keep_stop - tile.start)]
