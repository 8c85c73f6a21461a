"""Reads an image file and cuts patches from it: the work of the threads that stream a folder."""

import dataclasses
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_pisr.data.images.degradation import Degradation, from_large
from keras_pisr.data.images.files import read_image
from keras_pisr.data.images.resize import downscale, resize
from keras_pisr.data.pairs.pair_sources import crop_to_scale, register
from keras_pisr.data.pairs.patch_detail import difference
from keras_pisr.data.pairs.patches import luma_patches
from keras_pisr.data.pairs.small_patches import small_patch


class StreamedFile(NamedTuple):
    """The files of a pair.

    Attributes:
        hr: The high-resolution file.
        lr: Its low-resolution file; None if the small image is made from the large one.
        factors: Factors by which the image is resized, one after the other.
    """

    hr: Path
    lr: Path | None = None
    factors: tuple[float, ...] = ()

    def read(self, scale):
        """Read the pair, aligned.

        Returns:
            `(lr, hr)`, uint8 `(height, width, 1 or 3)`; `lr` is None if it has no file.

        Raises:
            ValueError: if a file cannot be used; the error names it.
            OSError: if it cannot be read.
        """
        hr = read_image(self.hr)
        if self.lr is not None:
            names = {"name": str(self.hr), "lr_name": str(self.lr)}
            return register(hr, read_image(self.lr), scale=scale, border="replicate", **names)
        hr = crop_to_scale(hr, scale, str(self.hr))
        for factor in self.factors:
            size = [max(1, round(n * factor)) for n in hr.shape[:2]]
            hr = crop_to_scale(resize(hr, size), scale, f"{self.hr}, {factor} of its size,")
        return None, hr


class CutFile(NamedTuple):
    """Patches of one file.

    Attributes:
        table: int32 `(patches, 4)`, as `PatchSampler.draw` gives it.
        lr: float32 `(patches, side, side, 1)`.
        hr: float32 `(patches, side * scale, side * scale, 1)`.
        detail: float64 `(patches,)`, as `Detail` gives it; zeros if it is not needed.
    """

    table: np.ndarray
    lr: np.ndarray
    hr: np.ndarray
    detail: np.ndarray


@dataclasses.dataclass(frozen=True)
class FileCutter:
    """Reads a file and cuts patches from it, in any thread.

    Args:
        scale: Upscaling factor.
        side: Side of the low-resolution patch in px.
        count: Patches per file.
        border: See `resize`.
        degrade: See `degradation`.
        augment: Whether to draw flips and transposes.
        with_detail: Whether to measure the detail of patches.
    """

    scale: int
    side: int
    count: int
    border: str
    degrade: object
    augment: bool
    with_detail: bool

    def __call__(self, file, number, seed):
        """Patches of one file at places that depend only on the seed.

        Args:
            file: A `StreamedFile`.
            number: Number of the file in the table.
            seed: List of whole numbers.

        Returns:
            `CutFile`; None if the image is smaller than a patch; a text that says why if the file
            cannot be used.
        """
        try:
            lr, hr = file.read(self.scale)
        except (ValueError, OSError, MemoryError) as error:
            return str(error)
        room = np.array(hr.shape[:2])[:, None] // self.scale - self.side + 1
        if room.min() < 1:
            return None
        rng = np.random.default_rng(seed)
        y, x = rng.integers(0, np.repeat(room, self.count, axis=1))
        turn = rng.integers(0, 8, self.count) if self.augment else np.zeros_like(y)
        # Images in another size have a replicated border, as `ImagePairs.resized` makes them.
        plain = Degradation(border="replicate" if file.factors else self.border)
        degrade = plain if self.degrade is None else self.degrade
        if not from_large(degrade):
            degrade = dataclasses.replace(degrade, border=plain.border)
        if lr is None and self._covers(hr):
            lr = downscale(hr, self.scale, border=plain.border)
        small, large, detail = [], [], np.zeros(self.count)
        for k, (top, left) in enumerate(zip(y.tolist(), x.tolist(), strict=True)):
            place, options = (top, left, self.side), {"scale": self.scale, "rng": rng}
            small.append(small_patch(lr, hr, *place, degrade=degrade, **options))
            top, left, size = (n * self.scale for n in place)
            large.append(hr[top : top + size, left : left + size])
            if self.with_detail:
                # What a patch has to teach does not depend on how it was spoiled.
                clean = small[-1] if self.degrade is None else None
                if clean is None:
                    clean = small_patch(lr, hr, *place, degrade=plain, **options)
                detail[k] = difference(clean, large[-1]).mean()
        table = np.stack([np.full_like(y, number), y, x, turn], 1).astype(np.int32)
        return CutFile(table, luma_patches(small, turn), luma_patches(large, turn), detail)

    def _covers(self, hr):
        """Whether the image has fewer pixels than its patches, so that it is shrunk whole.

        The bits are the same in both cases.
        """
        window = (self.side + 2 * Degradation().reach(self.scale)) * self.scale
        return self.count * window**2 >= hr.shape[0] * hr.shape[1]
