"""Enlarges image and video files, and reports on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keras_pisr.atomic import atomic_path, remove_stale
from keras_pisr.data.images.decoder import MAX_PIXELS
from keras_pisr.inference.formats.picture import picture_size, read_picture
from keras_pisr.inference.formats.writers import WITHOUT_ALPHA, open_writer
from keras_pisr.inference.image import TILE, upscaled_bands
from keras_pisr.inference.inputs import is_video, plan_results
from keras_pisr.inference.network import as_network
from keras_pisr.inference.video import video_file as video

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import keras


class UpscaleReport(NamedTuple):
    """Result of each file, by the path of the original."""

    written: dict  # Path -> Path of the large image or video.
    skipped: dict  # Path -> Path that already existed.
    failed: dict  # Path -> message.
    notes: dict  # Path of a file or folder -> sentences about the parts that are left out.


def upscale_files(
    model: str | os.PathLike[str] | keras.Model | Callable[..., Any],
    inputs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    suffix: str = "",
    recursive: bool = False,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    tile: int = TILE,
    crf: int = video.CRF,
    on_progress: Callable[[Path, int, int], None] | None = None,
) -> UpscaleReport:
    """Enlarge image and video files.

    Depth, transparency, colour profile and other metadata are kept if the result's format has a
    place for them, and orientation is applied. The report says what is left out. Results are
    written while they are made, and appear whole or not at all. JPEG and WebP get quality 95. If a
    file fails, the report says so, and the others are still enlarged.

    Args:
        model: As for `upscale`.
        inputs: Paths of files; of folders, whose images and videos are taken; or patterns such as
            `photos/*.jpg`.
        out: A folder; or, for one file, a file with the suffix of a format.
        suffix: Text that is added to the name of each file: `_x2` makes `photo_x2.jpg`.
        recursive: Take the files of subfolders, too; their results go to subfolders of `out`.
        overwrite: Replace existing results instead of skipping them.
        max_pixels: Largest number of pixels of an image or frame that is decoded.
        tile: As for `upscale`.
        crf: Quality of videos, as for `upscale_video`.
        on_progress: Called as `on_progress(path, done, total)`, in px of all images and
            frames.

    Returns:
        `UpscaleReport`.

    Raises:
        FileNotFoundError: If an input does not exist.
        ValueError: If there is nothing to do, or results would collide.

    Example:
        >>> report = upscale_files(model, ["photos"], "large")  # doctest: +SKIP
    """
    plan = plan_results(inputs, out, suffix=suffix, recursive=recursive)
    options = {"overwrite": overwrite, "max_pixels": max_pixels, "tile": tile, "crf": crf}
    return upscale_planned(model, plan, on_progress=on_progress, **options)


def upscale_planned(
    model,
    plan,
    *,
    overwrite=False,
    max_pixels=MAX_PIXELS,
    tile=TILE,
    crf=video.CRF,
    on_progress=None,
):
    """`upscale_files` for a `Plan`, whose files are already known."""
    net = as_network(model)
    for folder in {target.parent for target in plan.targets.values()}:
        remove_stale(folder)
    sizes = {path: _size(path) for path in plan.targets}
    report, done = UpscaleReport({}, {}, {}, dict(plan.notes)), 0
    total = sum(sizes.values())
    for path, target in plan.targets.items():
        if target.exists() and not overwrite:
            report.skipped[path] = target
        else:
            notes = []
            try:
                for share in _upscale_file(net, path, target, notes, max_pixels, tile, crf):
                    if on_progress:
                        on_progress(path, done + int(share * sizes[path]), total)
                report.written[path] = target
                if notes:
                    report.notes[path] = tuple(notes)
            # Any error of a decoder or an encoder is the error of that one file.
            except Exception as error:  # noqa: BLE001
                report.failed[path] = _told(error)
        done += sizes[path]
        if on_progress:
            on_progress(path, done, total)
    return report


def _told(error):
    plain = isinstance(error, ValueError | OSError | ImportError) and str(error)
    return str(error) if plain else f"{type(error).__name__}: {error}".rstrip(": ")


def _size(path):
    return video.video_size(path) if is_video(path) else picture_size(path)


def _upscale_file(net, path, target, notes, max_pixels, tile, crf):
    """Enlarge one file; yields the completed share."""
    if is_video(path):
        options = {"crf": crf, "max_pixels": max_pixels, "tile": tile}
        yield from video.enlarge(net, path, target, notes=notes, **options)
        return
    picture = read_picture(path, max_pixels=max_pixels)
    form = target.suffix.lower()
    if form in WITHOUT_ALPHA:
        picture = picture.without_opaque_alpha()
    notes += picture.notes
    size = tuple(side * net.scale for side in picture.pixels.shape[:2])
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        writer = open_writer(file, form, picture, size, notes)
        for top, band in upscaled_bands(net, picture.pixels, tile=tile):
            writer.write(band)
            yield (top + len(band)) / size[0]
        writer.close()
