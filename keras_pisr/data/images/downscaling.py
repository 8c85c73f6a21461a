"""Low-resolution copies of a folder of images, as the benchmarks' own were made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from keras_pisr.data.images.decoder import MAX_PIXELS
from keras_pisr.data.images.files import list_images, read_image, write_image
from keras_pisr.data.images.resize import check_scale, downscale

if TYPE_CHECKING:
    import os


class DownscaleReport(NamedTuple):
    """Result of each file of a folder, by the path of the original."""

    written: dict  # Path -> Path of the small image.
    skipped: dict  # Path -> Path that already existed.
    failed: dict  # Path -> message.


def downscale_folder(
    hr_dir: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    *,
    scale: int,
    border: str = "replicate",
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> DownscaleReport:
    """Write `NAMEx2.png` for each image of a folder: bicubic, antialiased, bit-exact.

    Height and width are cropped to a multiple of `scale` first. Gray files stay gray. A file that
    cannot be read, or is smaller than `scale` px, is reported, and the others are still made. Files
    appear whole or not at all, so you can start a killed run again.

    Args:
        hr_dir: Folder of images; `read_image` says which kinds are read.
        out_dir: Folder to write to; made if missing.
        scale: Whole number, 2 or more; becomes part of the names.
        border: `"replicate"` (Set5, Set14, B100) or `"mirror"` (DIV2K's own files).
        overwrite: Replace files that are there already instead of skipping them.
        max_pixels: See `read_image`.

    Returns:
        `DownscaleReport`.

    Raises:
        FileNotFoundError: if `hr_dir` does not exist.
        ValueError: if it holds no image, two of them would be written to one name, or the scale
            is not a whole number of 2 or more.
    """
    scale = check_scale(scale, least=2)
    paths, out_dir = list_images(hr_dir), Path(out_dir)
    targets = {path: out_dir / f"{path.stem}x{scale}.png" for path in paths}
    _check_distinct(targets)
    out_dir.mkdir(parents=True, exist_ok=True)
    report = DownscaleReport({}, {}, {})

    def work(path):
        if targets[path].exists() and not overwrite:
            return report.skipped, targets[path]
        try:
            small = downscale(read_image(path, max_pixels=max_pixels), scale, border=border)
            write_image(targets[path], small)
        except (ValueError, OSError, MemoryError) as error:
            return report.failed, str(error)
        return report.written, targets[path]

    # Decoding and the matrix products release the interpreter lock.
    with ThreadPoolExecutor(max_workers=4) as pool:
        for path, (kind, outcome) in zip(paths, pool.map(work, paths), strict=True):
            kind[path] = outcome
    return report


def _check_distinct(targets):
    seen = {}
    for path, target in targets.items():
        if target in seen:
            raise ValueError(
                f"{seen[target].name} and {path.name} would both become {target.name}. "
                "Rename one, or put them in separate folders."
            )
        seen[target] = path
