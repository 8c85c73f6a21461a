"""How much there is to learn in a patch."""

import numpy as np


class Detail:
    """What the large images hold beyond the small ones, summed over any patch in no time.

    A pixel's detail is the mean difference between it and the large pixels it stands for. Summed
    once from the top left corner, four numbers give the sum over a rectangle; 4 bytes a
    low-resolution pixel are kept.

    Args:
        pairs: `ImagePairs`.
        side: Side of the patches, in px of the small images.
    """

    def __init__(self, pairs, side):
        self.side = side
        self.sums = [summed_area(difference(*pairs.image(i))) for i in range(len(pairs))]

    def of(self, image, y, x):
        """Detail of patches, in levels of 255.

        Args:
            image: Numbers of images, `(patches,)`.
            y: Upper rows in px of the small images, `(patches,)`.
            x: Left columns, `(patches,)`.

        Returns:
            float64 `(patches,)`: mean over the patch.
        """
        n, total = self.side, np.empty(len(image), np.uint32)
        for k, (i, top, left) in enumerate(zip(image, y, x, strict=True)):
            sums = self.sums[i]
            # Sums may have wrapped around; their difference, that of one patch, has not.
            total[k] = (sums[top + n, left + n] - sums[top, left + n]) - (
                sums[top + n, left] - sums[top, left]
            )
        return total / n**2


def difference(lr, hr):
    """Mean of `|hr - lr|` over the large pixels under each small one, uint32 `(height, width)`."""
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


def prefer(weights, n, rng):
    """Draw `n` places of `weights` without replacement, with chances in their proportion.

    Args:
        weights: Above 0, `(candidates,)`.
        n: How many.
        rng: NumPy generator.

    Returns:
        `(n,)` places, in order.

    Reference:
        Efraimidis and Spirakis 2006, "Weighted random sampling with a reservoir".
    """
    keys = np.log(weights) + rng.gumbel(size=len(weights))
    return np.sort(np.argsort(keys)[len(weights) - n :])
