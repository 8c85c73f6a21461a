"""Files enlarged, images and videos: which, to where, and what became of them."""

import glob
from pathlib import Path
from typing import NamedTuple

from keras_pisr.atomic import atomic_path
from keras_pisr.data.images.files import list_images
from keras_pisr.inference.formats.picture import MAX_PIXELS, picture_size, read_picture
from keras_pisr.inference.formats.writers import SUFFIXES, open_writer
from keras_pisr.inference.image import TILE, upscaled_bands
from keras_pisr.inference.network import Network, network
from keras_pisr.inference.video import video_file as video


class UpscaleReport(NamedTuple):
    """What became of each file, by path of the original."""

    written: dict  # Path -> Path of the large image or video.
    skipped: dict  # Path -> Path that was there already.
    failed: dict  # Path -> message.


def find_images(inputs):
    """Image and video files that are meant by files, folders and patterns.

    Args:
        inputs: Paths of files; of folders, whose images and videos are taken (subfolders
            are not); or patterns such as `photos/*.jpg`, for shells that leave them alone.

    Returns:
        List of `Path`, each once, in order.

    Raises:
        FileNotFoundError: If a path does not exist, or nothing matches a pattern.
        ValueError: If a folder holds no image, or nothing is named.
    """
    found = {}
    for text in map(str, inputs):
        path = Path(text)
        if path.is_dir():
            found |= dict.fromkeys(list_images(path, others=video.SUFFIXES))
        elif path.exists():
            found[path] = None
        else:
            matches = sorted(Path(match) for match in glob.glob(text, recursive=True))
            if not matches:
                raise FileNotFoundError(f"There is no file or folder {text}, and nothing like it.")
            found |= dict.fromkeys(path for path in matches if path.is_file())
    if not found:
        raise ValueError("Expected image files, folders or patterns; got none.")
    return list(found)


def name_results(paths, out, *, suffix=""):
    """Where the results go.

    Args:
        paths: Image and video files.
        out: A folder; or, for one file, a file with the suffix of a format.
        suffix: Put behind the name of each file: `_x2` makes `photo_x2.jpg`.

    Returns:
        Original path to the path of the result. Formats that are not written become PNG
        (BMP, PNM) and Matroska (WebM, AVI and others).

    Raises:
        ValueError: If two results would have one path, or a result that of an original; or if
            a video would become an image, or the other way round.
    """
    out = Path(out)
    if out.suffix.lower() in (*SUFFIXES, *video.SUFFIXES) and not out.is_dir():
        if len(paths) > 1:
            raise ValueError(f"{len(paths)} files do not fit in one file {out}: name a folder.")
        targets = {paths[0]: out}
    else:
        targets = {}
        for path in paths:
            forms, other = _forms(path), ".mkv" if _is_video(path) else ".png"
            form = path.suffix if path.suffix.lower() in forms else other
            targets[path] = out / f"{path.stem}{suffix}{form}"
    originals = {path.resolve() for path in paths}
    taken = {}
    for path, target in targets.items():
        if target.suffix.lower() not in _forms(path):
            raise ValueError(
                f"{path} cannot become {target.name}; choose one of {', '.join(_forms(path))}."
            )
        if target.resolve() in originals:
            raise ValueError(
                f"{target} is one of the originals. Choose another folder, or add --suffix _large."
            )
        if target in taken:
            raise ValueError(f"{taken[target]} and {path} would both become {target}.")
        taken[target] = path
    return targets


def upscale_files(
    model,
    inputs,
    out,
    *,
    suffix="",
    overwrite=False,
    max_pixels=MAX_PIXELS,
    tile=TILE,
    crf=video.CRF,
    on_progress=None,
):
    """Enlarge image and video files.

    Depth, transparency and colour profile are kept, EXIF too except in TIFF; orientation is
    applied. Results are written as they are made, and appear whole or not at all. JPEG and WebP
    get quality 95. A file that fails is reported, and the rest goes on.

    Args:
        model: As for `upscale`.
        inputs: As for `find_images`.
        out: As for `name_results`.
        suffix: As for `name_results`.
        overwrite: Replace results that are there already instead of skipping them.
        max_pixels: Largest image, or frame of a video, that is decoded.
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
    targets = name_results(find_images(inputs), out, suffix=suffix)
    net = model if isinstance(model, Network) else network(model)
    sizes = {path: _size(path) for path in targets}
    report, done, total = UpscaleReport({}, {}, {}), 0, sum(sizes.values())
    for path, target in targets.items():
        if target.exists() and not overwrite:
            report.skipped[path] = target
        else:
            try:
                for share in _upscale_file(net, path, target, max_pixels, tile, crf):
                    if on_progress:
                        on_progress(path, done + int(share * sizes[path]), total)
                report.written[path] = target
            # ImportError: a video without PyAV.
            except (ValueError, OSError, MemoryError, ImportError) as error:
                report.failed[path] = str(error) or repr(error)
        done += sizes[path]
        if on_progress:
            on_progress(path, done, total)
    return report


def _is_video(path):
    return path.suffix.lower() in video.SUFFIXES


def _forms(path):
    return tuple(video.FORMATS) if _is_video(path) else SUFFIXES


def _size(path):
    return video.video_size(path) if _is_video(path) else picture_size(path)


def _upscale_file(net, path, target, max_pixels, tile, crf):
    """Enlarge one file; yields the share that is done."""
    if _is_video(path):
        yield from video.enlarge(net, path, target, crf=crf, max_pixels=max_pixels, tile=tile)
        return
    picture = read_picture(path, max_pixels=max_pixels)
    size = tuple(side * net.scale for side in picture.pixels.shape[:2])
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        writer = open_writer(file, target.suffix.lower(), picture, size)
        for top, band in upscaled_bands(net, picture.pixels, tile=tile):
            writer.write(band)
            yield (top + len(band)) / size[0]
        writer.close()
