"""Draws the patches of each batch, and cuts them with NumPy.

All feeds use the same `PatchSampler`, so they give the same batches. Any batch of any epoch can be
drawn without the batches before it, so a resumed run equals a run that was not stopped.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from keras_pisr.data.images.color import luma_factor, luma_sum
from keras_pisr.data.pairs.patch_detail import Detail, prefer
from keras_pisr.data.pairs.small_patches import small_patch

# Level of 255 below which a patch counts as flat; it keeps the chance of every patch above 0.
FLAT = 0.1
# Default side of a patch, in px of the low-resolution image.
SIDE = 24
STEPS_PER_EPOCH = 100


class PatchSampler:
    """Draws a table of image, position and turn for each step, which depends only on the seed.

    Images come in shuffled passes, each image once per pass (a pass may end within a batch or an
    epoch). The position in the image is uniform on the low-resolution grid. Images smaller than the
    patch are left out with a warning that names them.

    Large parts of a photograph are smooth and teach little. With `detail` above 0, twice as many
    patches are drawn and half of them are kept. Patches are chosen one after another, with a chance
    in proportion to `(detail_of_patch + 0.1) ** detail` (see `Detail`; its tables take one pass
    over the set). If most patches are flat, flat ones are kept, too. An image counts as used in a
    pass when a patch of it was drawn, even if that patch is not kept.

    Args:
        pairs: `ImagePairs`.
        patch: Side of the high-resolution patch in px, a multiple of the scale. By default 24 px
            of the low-resolution image: small networks then train in a few minutes.
        batch_size: Patches per batch.
        steps_per_epoch: Batches per epoch, by default 100, however many images there are: three
            photographs then train a network for as long as three hundred.
        detail: How strongly patches with detail are preferred: 0 means not at all; 1 was tried.
        augment: Flip up-down, flip left-right and transpose, each with probability 1/2.
        shuffle: Shuffle the images of each pass; `False` keeps their order.
        seed: Whole number, 0 or more.

    Raises:
        ValueError: if `patch` does not fit the scale, `detail` is below 0, or no image is large
            enough.
    """

    def __init__(
        self,
        pairs: Any,
        *,
        patch: int | None = None,
        batch_size: int = 16,
        steps_per_epoch: int | None = None,
        detail: float = 0.0,
        augment: bool = True,
        shuffle: bool = True,
        seed: int = 0,
    ) -> None:
        self.side, self.steps_per_epoch = checked_options(
            pairs.scale, patch, batch_size, steps_per_epoch, detail
        )
        self.pairs, self.batch_size, self.seed = pairs, batch_size, seed
        self.augment, self.shuffle = augment, shuffle
        self.images = _large_enough(pairs, self.side)
        self.preference = detail
        self.detail_of = Detail(pairs, self.side) if detail else None

    def draw(self, epoch: int, step: int) -> np.ndarray:
        """Draw the patches of one batch.

        Args:
            epoch: Number of the epoch, from 0.
            step: Number of the batch in it, from 0.

        Returns:
            int32 `(batch_size, 4)`: image, y and x of the low-resolution corner in px, and turn
            (bit 0: flip up-down, bit 1: flip left-right, bit 2: transpose after the flips).
        """
        count = self.batch_size * (2 if self.preference else 1)
        first = (epoch * self.steps_per_epoch + step) * count
        turns, places = np.divmod(first + np.arange(count), len(self.images))
        image = np.empty(count, np.int64)
        for turn in np.unique(turns):
            image[turns == turn] = self._order(int(turn))[places[turns == turn]]
        rng = np.random.default_rng([self.seed, 1, epoch, step])
        room = np.stack([self.pairs.heights[image], self.pairs.widths[image]]) - self.side + 1
        y, x = rng.integers(0, room)
        turn = rng.integers(0, 8, count) if self.augment else np.zeros_like(y)
        table = np.stack([image, y, x, turn], 1).astype(np.int32)
        if self.detail_of is None:
            return table
        log_weights = self.preference * np.log(self.detail_of(image, y, x) + FLAT)
        return table[prefer(log_weights, self.batch_size, rng)]

    def batch(self, epoch: int, step: int) -> tuple[np.ndarray, np.ndarray]:
        """`cut_patches` of the patches drawn for one batch."""
        rng = np.random.default_rng([self.seed, 2, epoch, step])
        return cut_patches(self.pairs, self.draw(epoch, step), self.side, rng)

    def _order(self, turn):
        if not self.shuffle:
            return self.images
        return np.random.default_rng([self.seed, 0, turn]).permutation(self.images)


def checked_options(scale, patch, batch_size, steps_per_epoch, detail):
    """Check the options of `PatchSampler`, and raise its `ValueError`s.

    Returns:
        `(side, steps_per_epoch)`: side of a low-resolution patch in px, batches per epoch.
    """
    patch = SIDE * scale if patch is None else patch
    for name, value in (("patch", patch), ("batch_size", batch_size)):
        if int(value) != value or value < 1:
            raise ValueError(f"Expected {name} to be a whole number above 0; got {value!r}.")
    if patch % scale:
        raise ValueError(
            f"Expected patch, in px of the large image, to be a multiple of the scale "
            f"{scale}; got {patch}. Use {patch - patch % scale or scale}."
        )
    if steps_per_epoch is not None and steps_per_epoch < 1:
        raise ValueError(f"Expected steps_per_epoch of 1 or more; got {steps_per_epoch}.")
    if detail < 0:
        raise ValueError(f"Expected detail of 0 or more; got {detail}.")
    return patch // scale, int(STEPS_PER_EPOCH if steps_per_epoch is None else steps_per_epoch)


def cut_patches(
    pairs: Any, table: np.ndarray, side: int, rng: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Luma of the patches in a table, cut from the same place in both images.

    Args:
        pairs: `ImagePairs`.
        table: int32 `(batch, 4)`, see `PatchSampler.draw`.
        side: Side of the low-resolution patch in px.
        rng: NumPy generator for pairs with `degrade`; by default one with a fixed seed.

    Returns:
        `(lr, hr)`: float32 `(batch, side, side, 1)` and `(batch, side * scale, side * scale, 1)`
        in [0, 1].
    """
    scale, rows = pairs.scale, table.tolist()
    rng = np.random.default_rng(0) if rng is None else rng
    small, large = [], []
    for number, y, x, _ in rows:
        lr, hr = pairs.image(number)
        small.append(small_patch(lr, hr, y, x, side, scale=scale, degrade=pairs.degrade, rng=rng))
        large.append(hr[y * scale : (y + side) * scale, x * scale : (x + side) * scale])
    turns = [turn for *_, turn in rows]
    return luma_patches(small, turns), luma_patches(large, turns)


def luma_patches(patches, turns):
    """Luma of patches, turned, as one array.

    Args:
        patches: uint8 arrays `(side, side, 1 or 3)`.
        turns: A turn for each, see `PatchSampler.draw`.

    Returns:
        float32 `(patches, side, side, 1)` in [0, 1].
    """
    size, gray = len(patches[0]), np.array([patch.shape[2] == 1 for patch in patches])
    rgb_factor, rgb_offset = luma_factor()
    target = np.empty((len(patches), size, size, 1), np.float32)
    # Patches are cut one at a time into the same scratch space, which stays in the cache. Slices
    # copy whole rows, because gathering single pixels takes 30 times as long.
    pixels = np.empty((size, size, 3), np.float32)
    plane = np.empty((size, size, 1), np.float32)
    for index, (source, turn) in enumerate(zip(patches, turns, strict=True)):
        if gray[index]:
            plane[...] = source
        else:
            pixels[...] = source
            luma_sum(pixels, out=plane[..., 0])
        patch = plane[::-1] if turn & 1 else plane
        patch = patch[:, ::-1] if turn & 2 else patch
        target[index] = patch.transpose(1, 0, 2) if turn & 4 else patch
    target *= np.where(gray, np.float32(1 / 255), rgb_factor).reshape(-1, 1, 1, 1)
    target += np.where(gray, np.float32(0), rgb_offset).reshape(-1, 1, 1, 1)
    return target


def fixed_patches(pairs: Any, *, patch: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """All patches of a grid without overlap, for `validation_data`. They are the same in every run.

    Parts at the bottom and right that do not fill a patch are left out. So are images smaller
    than a patch, with a warning that names them. Pairs with `degrade` are degraded once,
    from a fixed seed.

    Args:
        pairs: `ImagePairs`.
        patch: Side of the high-resolution patch in px, a multiple of the scale; by default 24 px
            of the low-resolution image.

    Returns:
        `(lr, hr)`: float32 luma in [0, 1], `(patches, patch / scale, patch / scale, 1)` and
        `(patches, patch, patch, 1)`.

    Raises:
        ValueError: as `PatchSampler`.
    """
    sampler = PatchSampler(pairs, patch=patch)
    side = sampler.side
    table = [
        (image, y, x, 0)
        for image in sampler.images
        for y in range(0, pairs.heights[image] - side + 1, side)
        for x in range(0, pairs.widths[image] - side + 1, side)
    ]
    return cut_patches(pairs, np.array(table, np.int32), side)


def _large_enough(pairs, side):
    fits = np.minimum(pairs.heights, pairs.widths) >= side
    small = [pairs.names[index] for index in np.flatnonzero(~fits)]
    wanted = f"a patch of {side * pairs.scale} px at scale {pairs.scale}"
    if not fits.any():
        raise ValueError(f"None of the {len(pairs)} images holds {wanted}. Use a smaller patch.")
    if small:
        more = f" and {len(small) - 10} more" if len(small) > 10 else ""
        warnings.warn(
            f"{len(small)} of {len(pairs)} images are smaller than {wanted} and are left out: "
            f"{', '.join(map(str, small[:10]))}{more}.",
            stacklevel=4,
        )
    return np.flatnonzero(fits)
