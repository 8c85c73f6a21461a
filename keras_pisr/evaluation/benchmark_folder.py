"""A folder of test images, as the super-resolution literature lays it out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from keras_pisr.data.images.files import list_images, read_image
from keras_pisr.data.images.resize import downscale
from keras_pisr.data.pairs.pair_sources import crop_to_twins

if TYPE_CHECKING:
    import os


@dataclasses.dataclass(frozen=True)
class BenchmarkPair:
    """One test image and, if it was published, its low-resolution image.

    Attributes:
        hr_path: The high-resolution file.
        lr_path: The low-resolution file; None if it is made from the high-resolution file.
        scale: Upscaling factor between the two.
    """

    hr_path: Path
    lr_path: Path | None
    scale: int

    def read(self):
        """Read the pair, aligned.

        Returns:
            `(lr, hr)`: uint8 `(height, width, channels)`, cropped at the bottom and right so
            that HR is `scale` times LR.

        Raises:
            ValueError: If a file cannot be read or the two do not belong together.
        """
        hr = read_image(self.hr_path)
        if self.lr_path is None:
            try:
                lr = downscale(hr, self.scale)
            except ValueError as error:
                raise ValueError(f"{self.hr_path}: {error}") from error
        else:
            lr = read_image(self.lr_path)
        pair = crop_to_twins(lr, hr, self.scale)
        if pair is None or hr.shape[2] != lr.shape[2]:
            raise ValueError(
                f"{self.lr_path} {lr.shape} is not {self.hr_path} {hr.shape} shrunk by "
                f"{self.scale}. Make the low-resolution images again: keras-pisr downscale "
                f"{self.hr_path.parent} OUT_DIR --scale {self.scale}."
            )
        return pair


def benchmark_pairs(
    folder: str | os.PathLike[str], *, scale: int, limit: int | None = None
) -> list[BenchmarkPair]:
    """Find the test images of a folder and their low-resolution images.

    Args:
        folder: Holds `HR/` and, if the low-resolution images were published,
            `LR_bicubic/X{scale}/` with files named as in `HR/` or with `x{scale}` added
            (`HR/butterfly.png`, `LR_bicubic/X2/butterflyx2.png`). A folder without `HR/` that
            holds images is taken as `HR/` itself.
        scale: Upscaling factor.
        limit: Largest number of images, taken in the order of their names; None for all.

    Returns:
        List of `BenchmarkPair`. No image is read yet.

    Raises:
        ValueError: If there are no images, or a low-resolution image is missing.
    """
    folder = Path(folder)
    if int(scale) != scale or scale < 1:
        raise ValueError(f"Expected scale to be a whole number, 1 or more; got {scale!r}.")
    if limit is not None and limit < 1:
        raise ValueError(f"Expected limit to be 1 image or more; got {limit}.")
    if not folder.is_dir():
        raise ValueError(f"Expected a folder of test images; {folder} is not a folder.")
    hr_folder = folder / "HR"
    lr_folder = folder / "LR_bicubic" / f"X{scale}"
    if not hr_folder.is_dir():
        hr_folder = folder
    hr_paths = list_images(hr_folder)[:limit]
    if not lr_folder.is_dir():
        return [BenchmarkPair(path, None, scale) for path in hr_paths]
    by_stem = {path.stem: path for path in list_images(lr_folder)}
    pairs = []
    for path in hr_paths:
        names = (f"{path.stem}x{scale}", path.stem)
        found = next((by_stem[name] for name in names if name in by_stem), None)
        if found is None:
            raise ValueError(
                f"{lr_folder} has no {names[0]} or {names[1]} for {path}. Add it, or move "
                f"{lr_folder} away, so that low-resolution images are made."
            )
        pairs.append(BenchmarkPair(path, found, scale))
    return pairs
