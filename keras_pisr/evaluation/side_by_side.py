"""Side-by-side crops, which show what a difference in dB looks like."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_pisr.atomic import atomic_path
from keras_pisr.metrics.image_quality import psnr_per_image

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping


_GAP = 8  # Margin between panels and around them, px.
_FONT = 15  # px
# Networks pad with zeros, so pixels this close to the edge (px) do not show how methods differ.
_MARGIN = 8


def side_by_side(
    images: Mapping[str, np.ndarray],
    path: str | os.PathLike[str],
    *,
    decibels: Mapping[str, float] | None = None,
    crop: int | tuple[int, int, int, int] = 64,
    zoom: int = 4,
) -> None:
    """Save the same crop of several images as one labelled picture.

    Args:
        images: Label to image, in the order of the panels; the last is the reference. Images
            are `(height, width)`, `(height, width, 1)` or `(height, width, 3)`; float in
            `[0, 1]` or uint8. An image that is smaller by a whole factor (a low-resolution input)
            is enlarged by repeating its pixels.
        path: Picture to write; the suffix chooses the format.
        decibels: Label to the dB printed under the panel. Without it, the PSNR of the whole
            image against the reference, for every image of the reference's size.
        crop: Side of the crop in px of the reference; the crop is put where the last two methods
            differ most. Or the crop itself, `(top, left, height, width)`.
        zoom: Number of pixels, along each side, that the picture has per pixel of the reference.

    Raises:
        ValueError: If there are fewer than two images, their sizes do not match, or the crop
            lies outside.

    Example:
        >>> import tempfile, numpy as np
        >>> image = np.random.default_rng(0).random((32, 32))
        >>> path = tempfile.mkdtemp() + "/picture.png"
        >>> side_by_side({"blurred": image * 0.5 + 0.25, "original": image}, path, crop=16)
        >>> Image.open(path).width
        152
    """
    if len(images) < 2:
        raise ValueError(f"Expected two images or more, the last the reference; got {len(images)}.")
    images = {label: _as_float(label, image) for label, image in images.items()}
    *others, reference_label = images
    reference = images[reference_label]
    sizes = {label: image.shape[:2] for label, image in images.items()}
    whole = [label for label in others if sizes[label] == sizes[reference_label]]
    if decibels is None:
        decibels = {label: _decibels(reference, images[label]) for label in whole}
    images = {label: _enlarge(label, image, reference) for label, image in images.items()}
    if isinstance(crop, int):
        compared = [images[label] for label in whole[-2:]]
        one, other = compared if len(compared) == 2 else (images[others[-1]], reference)
        top, left, height, width = _largest_difference(one, other, crop)
    else:
        top, left, height, width = crop
    if (
        min(top, left) < 0
        or min(height, width) < 1
        or top + height > reference.shape[0]
        or left + width > reference.shape[1]
    ):
        raise ValueError(
            f"Expected crop (top, left, height, width) inside {reference.shape[:2]} px; "
            f"got {(top, left, height, width)}."
        )
    panels = []
    for label, image in images.items():
        caption = f"{label}\n{decibels[label]:.2f} dB" if label in decibels else label
        panels.append((caption, image[top : top + height, left : left + width]))
    picture = _row(panels, zoom)
    with atomic_path(path) as temporary:
        picture.save(temporary)


def _as_float(label, image):
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[2] not in (1, 3):
        raise ValueError(
            f"Expected {label!r} to be (height, width), (height, width, 1) or "
            f"(height, width, 3); got {image.shape}."
        )
    if image.dtype == np.uint8:
        image = image / 255.0
    image = np.clip(image.astype("float64"), 0.0, 1.0)
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image


def _decibels(reference, image):
    # The image is a copy from 0 to 1 already, on whatever grid the caller had it.
    return float(psnr_per_image(np, reference[None], image[None], max_value=1.0, cap=100.0)[0])


def _enlarge(label, image, reference):
    factor = reference.shape[0] // image.shape[0]
    if (image.shape[0] * factor, image.shape[1] * factor) != reference.shape[:2]:
        raise ValueError(
            f"Expected {label!r} to be as large as the reference, {reference.shape[:2]} px, or "
            f"smaller by a whole factor; got {image.shape[:2]}."
        )
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def _largest_difference(a, b, side):
    """The square `(top, left, height, width)` over which `|a - b|` sums to most."""
    height, width = min(side, a.shape[0]), min(side, a.shape[1])
    difference = np.abs(a - b).sum(axis=2)
    rows, columns = (min(_MARGIN, size // 4) for size in difference.shape)
    inner = difference[rows : len(difference) - rows, columns : difference.shape[1] - columns]
    difference = np.pad(inner, ((rows, rows), (columns, columns)))
    sums = np.pad(difference.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    inside = (sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width]) + sums[
        :-height, :-width
    ]
    top, left = np.unravel_index(inside.argmax(), inside.shape)
    return int(top), int(left), height, width


def _row(panels, zoom):
    font = ImageFont.load_default(_FONT)
    height, width = (size * zoom for size in panels[0][1].shape[:2])
    # A caption that is wider than its panel would run into the next caption.
    probe = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    boxes = [probe.multiline_textbbox((0, 0), caption, font=font) for caption, _ in panels]
    column = max(width, *(math.ceil(box[2]) for box in boxes))
    text = max(math.ceil(box[3]) for box in boxes)
    size = (_GAP + len(panels) * (column + _GAP), 3 * _GAP + height + text)
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    for i, (caption, image) in enumerate(panels):
        left = _GAP + i * (column + _GAP)
        pixels = Image.fromarray(np.floor(image * 255 + 0.5).astype("uint8"))
        pixels = pixels.resize((width, height), Image.Resampling.NEAREST)
        picture.paste(pixels, (left, _GAP))
        draw.multiline_text((left, 2 * _GAP + height), caption, fill="black", font=font)
    return picture
