"""Measures how much detail a patch has."""

import numpy as np


class Detail:
    """Measures the detail of large images beyond the small ones, in any patch by four look-ups.

    The detail of a low-resolution pixel is the mean absolute difference, over R, G and B, between
    it and the large pixels that it stands for, rounded down to whole levels. The details are summed
    once from the top left corner, so that four look-ups give the sum over a patch. Making the sums
    reads the whole set once; they take 4 bytes per low-resolution pixel.

    Args:
        pairs: `ImagePairs`.
        side: Side of the patches, in px of the small images.
    """

    def __init__(self, pairs, side):
        self.side = side
        self.sums = [summed_area(difference(*pairs.image(i))) for i in range(len(pairs))]

    def __call__(self, image, y, x):
        """Detail of patches, in levels of 255.

        Args:
            image: Numbers of images, `(patches,)`.
            y: Upper rows in px of the small images, `(patches,)`.
            x: Left columns, `(patches,)`.

        Returns:
            float64 `(patches,)`: the mean over each patch.
        """
        n = self.side
        corners = np.empty((2, 2, len(image)), np.uint32)
        for k, (i, top, left) in enumerate(zip(image, y, x, strict=True)):
            corners[..., k] = self.sums[i][top : top + n + 1 : n, left : left + n + 1 : n]
        # Sums may have wrapped around, but the difference of differences, which is one patch, has
        # not.
        return (corners[1, 1] - corners[0, 1] - (corners[1, 0] - corners[0, 0])) / n**2


def difference(lr, hr):
    """Mean absolute difference between each small pixel and the large ones that it stands for.

    Args:
        lr: uint8 `(height, width, channels)`.
        hr: uint8 `(height * scale, width * scale, channels)`.

    Returns:
        uint32 `(height, width)`, in whole levels, rounded down.
    """
    (height, width, channels), scale = lr.shape, hr.shape[0] // lr.shape[0]
    blocks = hr.reshape(height, scale, width, scale, channels).astype(np.int16)
    apart = np.abs(blocks - lr[:, None, :, None]).sum((1, 3, 4), dtype=np.uint32)
    return apart // (scale**2 * channels)


def summed_area(values):
    """Sums from the top left corner, with a row and a column of zeros before, uint32."""
    sums = np.zeros((values.shape[0] + 1, values.shape[1] + 1), np.uint32)
    np.cumsum(values, axis=0, dtype=np.uint32, out=sums[1:, 1:])
    np.cumsum(sums[1:, 1:], axis=1, dtype=np.uint32, out=sums[1:, 1:])
    return sums


def prefer(log_weights, n, rng):
    """Draw places one after another, each time with chances in proportion to the weights left.

    Args:
        log_weights: Logarithms of the weights, `(candidates,)`.
        n: Number of places.
        rng: NumPy generator.

    Returns:
        `(n,)` places, in order.

    Reference:
        Efraimidis and Spirakis 2006, "Weighted random sampling with a reservoir".
    """
    keys = log_weights + rng.gumbel(size=len(log_weights))
    return np.sort(np.argsort(keys)[len(keys) - n :])
