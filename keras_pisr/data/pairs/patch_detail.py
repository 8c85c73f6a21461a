"""Measures how much detail a patch has."""

import numpy as np


class Detail:
    """Detail of the large images beyond the small ones, over any patch by four look-ups.

    A pixel's detail is the mean absolute difference, over R, G and B, between it and the large
    pixels it stands for, rounded down to whole levels. Summed once from the top left corner, four
    look-ups give the sum over a patch. Making the sums reads the whole set once; 4 bytes a
    low-resolution pixel are kept.

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
            float64 `(patches,)`: mean over the patch.
        """
        n = self.side
        corners = np.empty((2, 2, len(image)), np.uint32)
        for k, (i, top, left) in enumerate(zip(image, y, x, strict=True)):
            corners[..., k] = self.sums[i][top : top + n + 1 : n, left : left + n + 1 : n]
        # Sums may have wrapped around; the difference of differences, one patch, has not.
        return (corners[1, 1] - corners[0, 1] - (corners[1, 0] - corners[0, 0])) / n**2


def difference(lr, hr):
    """Mean absolute difference of each small pixel and the large ones it stands for.

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
        n: How many.
        rng: NumPy generator.

    Returns:
        `(n,)` places, in order.

    Reference:
        Efraimidis and Spirakis 2006, "Weighted random sampling with a reservoir".
    """
    keys = log_weights + rng.gumbel(size=len(log_weights))
    return np.sort(np.argsort(keys)[len(keys) - n :])
