"""Reads pairs from folders, arrays in memory and TensorFlow Datasets."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from keras_pisr.data.images.decoder import opened
from keras_pisr.data.images.files import list_images, read_image
from keras_pisr.data.images.resize import check_scale, downscale
from keras_pisr.data.tfds_load import load_tfds


def read_folder(hr_dir, *, scale, lr_dir, border, workers, progress):
    """Arguments of `ImagePairs` for a folder; see `ImagePairs.from_folder`."""
    scale = check_scale(scale, least=2)
    paths, lr_paths = find_files(hr_dir, lr_dir, scale)

    def read(path, lr_path):
        hr = read_image(path)
        lr = None if lr_path is None else read_image(lr_path)
        return register(hr, lr, scale=scale, border=border, name=str(path), lr_name=str(lr_path))

    # Sizes are read first, from the headers, so that each image is decoded into its final place and
    # a large set is never in memory twice. A pixel count does not depend on the orientation.
    with ThreadPoolExecutor(max_workers=workers) as pool:
        counts = list(pool.map(lambda path: _count(path, scale), paths))
    ends = np.cumsum(counts, dtype=np.int64)
    lr_flat, hr_flat = _room(paths, counts, scale)
    shapes, failures = {}, []

    def fill(index):
        try:
            lr, hr = read(paths[index], lr_paths[index])
            _place(lr, hr, lr_flat, hr_flat, int(ends[index]) - counts[index], scale)
            shapes[index] = lr.shape
        except (ValueError, OSError, MemoryError) as error:
            failures.append((index, str(error)))

    with ThreadPoolExecutor(max_workers=workers) as pool:
        for _ in _with_bar(pool.map(fill, range(len(paths))), len(paths), progress):
            pass
    if failures:
        lines = [message for _, message in sorted(failures)]
        more = f"\n... and {len(lines) - 20} more" if len(lines) > 20 else ""
        where = ", ".join(map(str, dict.fromkeys(path.parent for path in paths)))
        raise ValueError(
            f"{len(lines)} of {len(paths)} images in {where} cannot be used:\n"
            + "\n".join(lines[:20])
            + more
        )
    shapes = [shapes[index] for index in range(len(paths))]
    return _arguments(lr_flat, hr_flat, shapes, scale, [path.name for path in paths])


def find_files(hr_dir, lr_dir, scale):
    """The image files of a folder, or of several in a list, and their low-resolution files.

    Returns:
        `(paths, lr_paths)`, of equal length; without `lr_dir`, `lr_paths` holds None.

    Raises:
        FileNotFoundError: if a folder is missing.
        ValueError: if a folder or the list of folders is empty, or files do not match.
    """
    folders = [hr_dir] if isinstance(hr_dir, (str, os.PathLike)) else list(hr_dir)
    if not folders:
        raise ValueError("Expected hr_dir to be a folder or several in a list; got an empty list.")
    paths = [path for folder in folders for path in list_images(folder)]
    if lr_dir is None:
        return paths, [None] * len(paths)
    return paths, _match(paths, list_images(lr_dir), lr_dir, scale)


def pack_images(images, *, scale, lr, names, border):
    """Arguments of `ImagePairs` for arrays; see `ImagePairs.from_images`."""
    images = list(images)
    if not images:
        raise ValueError("Expected at least one image; got none.")
    names = list(names) if names else [f"image {i}" for i in range(len(images))]
    smalls = [None] * len(images) if lr is None else list(lr)
    if not len(images) == len(smalls) == len(names):
        raise ValueError(
            f"Expected as many low-resolution images and names as images ({len(images)}); got "
            f"{len(smalls)} and {len(names)}."
        )
    return pack_stream(zip(names, smalls, images, strict=True), scale=scale, border=border)


def pack_stream(examples, *, scale, border="replicate"):
    """Arguments of `ImagePairs` for an iterable of `(name, lr or None, hr)`.

    The buffers grow with each image, so besides the set itself only one image is in memory. If the
    system cannot extend a block in place, the set is in memory twice for a moment.
    """
    scale = check_scale(scale, least=2)
    lr_bytes, hr_bytes, shapes, names = bytearray(), bytearray(), [], []
    for name, lr, hr in examples:
        lr, hr = register(
            hr, lr, scale=scale, border=border, name=str(name), lr_name=f"LR of {name}"
        )
        for image, buffer in ((lr, lr_bytes), (hr, hr_bytes)):
            buffer += np.broadcast_to(image, (*image.shape[:2], 3)).tobytes()
        shapes.append(lr.shape)
        names.append(name)
    lr_flat, hr_flat = (np.frombuffer(b, np.uint8).reshape(-1, 3) for b in (lr_bytes, hr_bytes))
    return _arguments(lr_flat, hr_flat, shapes, scale, names)


def read_tfds(name, *, split, data_dir):
    """Yield `(name, lr, hr)` of a TensorFlow Datasets set; see `ImagePairs.from_tfds`."""
    tfds, dataset = load_tfds("ImagePairs.from_tfds", name, split=split, data_dir=data_dir)
    if not isinstance(dataset.element_spec, dict) or not {"lr", "hr"} <= set(dataset.element_spec):
        raise ValueError(
            f"Expected {name} to hold 'lr' and 'hr' images, as 'div2k/bicubic_x2' does; got "
            f"{dataset.element_spec}. For other sets use ImagePairs.from_images."
        )
    count = 0
    for example in tfds.as_numpy(dataset):
        yield f"{name} {split} {count}", example["lr"], example["hr"]
        count += 1
    if not count:
        raise ValueError(f"{name} holds no example in split {split!r}. Name another split.")


def register(hr, lr, *, scale, border, name, lr_name):
    """Crop a pair so that the large image is exactly `scale` times the small one.

    Returns:
        `(lr, hr)`, uint8 `(height, width, 1 or 3)`.

    Raises:
        ValueError: naming the image, if the two do not belong together.
    """
    hr = _as_pixels(hr, name)
    whole = crop_to_scale(hr, scale, name)
    if lr is None:
        return downscale(whole, scale, border=border), whole
    height, width = whole.shape[0] // scale, whole.shape[1] // scale
    lr = _as_pixels(lr, lr_name)
    pair = crop_to_twins(lr, hr, scale)
    if pair is None:
        raise ValueError(
            f"{lr_name} is {lr.shape[1]}x{lr.shape[0]} px; for {name} at scale {scale} it must be "
            f"{width}x{height} px. Check the scale and that both show the same image."
        )
    if lr.shape[2] != hr.shape[2]:
        raise ValueError(
            f"{name} has {hr.shape[2]} and {lr_name} {lr.shape[2]} channels: save both as gray or "
            "both as RGB."
        )
    return pair


def crop_to_scale(hr, scale, name):
    """Crop an image at the bottom and right to a multiple of the scale.

    Raises:
        ValueError: naming the image, if it is smaller than the scale.
    """
    height, width = hr.shape[0] // scale, hr.shape[1] // scale
    if not height or not width:
        raise ValueError(
            f"{name} is {hr.shape[1]}x{hr.shape[0]} px, smaller than the scale {scale}. Remove it."
        )
    return hr[: height * scale, : width * scale]


def crop_to_twins(lr, hr, scale):
    """Crop at the bottom and right to the pixels that both have; None if the sizes do not fit.

    A low-resolution side is a side of `hr` divided by `scale`, rounded down. Some tools round up;
    one row or column of the low-resolution image is then cropped.
    """
    for small, large in zip(lr.shape[:2], hr.shape[:2], strict=True):
        if large < scale or small not in (large // scale, -(-large // scale)):
            return None
    height, width = (side // scale for side in hr.shape[:2])
    return lr[:height, :width], hr[: height * scale, : width * scale]


def _as_pixels(image, name):
    image = np.asarray(image)
    image = image[..., None] if image.ndim == 2 else image
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3):
        raise ValueError(
            f"Expected {name} to be uint8 (height, width, 1 or 3); got {image.dtype} {image.shape}."
        )
    return image


def _count(path, scale):
    try:
        with opened(path, str(path), first_of_many=True) as image:
            return (image.width // scale) * (image.height // scale)
    except (ValueError, OSError, MemoryError):  # `read_image` reports this file by name.
        return 0


def _room(paths, counts, scale):
    """Two buffers for all images; a `ValueError` if this computer cannot hold them."""
    pixels = int(sum(counts))
    needed, present = 3 * (1 + scale**2) * pixels, _memory()
    try:
        if present is not None and needed > present:
            raise MemoryError
        return np.empty((pixels, 3), np.uint8), np.empty((pixels * scale**2, 3), np.uint8)
    except MemoryError as error:
        largest = sorted(zip(counts, paths, strict=True), key=lambda each: -each[0])[:3]
        named = ", ".join(f"{path} ({count * scale**2} px)" for count, path in largest)
        raise ValueError(
            f"{len(paths)} images take {needed / 2**30:.1f} GiB as a set, more than this computer "
            f"has. The largest: {named}. Use fewer, or smaller ones, or read them when training "
            "needs them: kp.data.StreamedPairs, --stream in the recipes."
        ) from error


def _memory():
    """Bytes of memory of this computer; None if the system does not report them."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _match(paths, lr_paths, lr_dir, scale):
    _by_stem(paths)
    by_stem = _by_stem(lr_paths)
    wanted = [(path, f"{path.stem}x{scale}") for path in paths]
    missing = [p.name for p, stem in wanted if stem not in by_stem and p.stem not in by_stem]
    if missing:
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        raise ValueError(
            f"{lr_dir} has no low-resolution file for {', '.join(missing[:10])}{more}. Expected "
            f"{wanted[0][1]}.png or {paths[0].stem}.png, for instance. Make them with: "
            f"keras-pisr downscale HR_DIR OUT_DIR --scale {scale}"
        )
    users = {}
    for path, stem in wanted:
        lr_path = by_stem.get(stem) or by_stem[path.stem]
        other = users.setdefault(lr_path, path)
        if other is not path:
            raise ValueError(
                f"{lr_path} would belong to {other} as well as to {path}. Name it after only one."
            )
    return list(users)


def _by_stem(paths):
    by_stem = {}
    for path in paths:
        other = by_stem.setdefault(path.stem, path)
        if other is not path:
            raise ValueError(
                f"{other} and {path} have the same name, so it is not clear to which of them a "
                "file of the other resolution belongs. Rename one, or read the folders separately."
            )
    return by_stem


def _place(lr, hr, lr_flat, hr_flat, start, scale):
    pixels = lr.shape[0] * lr.shape[1]
    lr_flat[start : start + pixels] = lr.reshape(pixels, -1)
    hr_flat[start * scale**2 : (start + pixels) * scale**2] = hr.reshape(pixels * scale**2, -1)


def _arguments(lr_flat, hr_flat, shapes, scale, names):
    heights, widths, channels = np.array(shapes).T
    gray = channels == 1
    return {
        **{"lr": lr_flat, "hr": hr_flat, "heights": heights, "widths": widths},
        **{"scale": scale, "gray": gray, "names": names},
    }


def _with_bar(iterable, total, progress):
    if not progress or not sys.stderr.isatty():
        return iterable
    from rich.console import Console
    from rich.progress import track

    return track(iterable, "Reading images", total=total, console=Console(stderr=True))
