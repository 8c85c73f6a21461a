"""The low-resolution side of a patch, equal bit for bit to a crop of the whole LR image.

A pixel of a shrunk, blurred or compressed image depends on its neighbours, up to a known distance.
Shrinking, blurring or compressing the patch together with these neighbours therefore gives the same
pixels as doing it to the whole image.
"""

from keras_pisr.data.images.blur_noise_jpeg import JPEG_BLOCK, JPEG_REACH
from keras_pisr.data.images.degradation import Degradation, from_large, make_small

# Margin for a user's function: as much as JPEG after a blur of 5 px needs.
REACH = 8


def small_patch(lr, hr, y, x, side, *, scale, degrade, rng):
    """Low-resolution pixels of one patch.

    Noise is drawn for the patch. Blur, bicubic and JPEG give the same pixels as for the whole image
    with the same parameters. A function is called with the patch and at least 8 px of the
    low-resolution image around it, up to the next multiple of 16 px.

    Args:
        lr: uint8 `(height, width, channels)`, the bicubic LR image of `hr`; None to make it from
            `hr` if it is needed.
        hr: uint8 `(height * scale, width * scale, channels)`.
        y: Upper row of the patch in px of the small image.
        x: Left column, in the same unit.
        side: Side of the patch in px of the small image.
        scale: Upscaling factor.
        degrade: See `degradation`; None for bicubic alone.
        rng: NumPy generator; unused without `degrade`.

    Returns:
        uint8 `(side, side, channels)`.
    """
    size = hr.shape[0] // scale, hr.shape[1] // scale
    patch = (y, y + side), (x, x + side)
    if not isinstance(degrade or Degradation(), Degradation):
        around = _grown(patch, REACH, JPEG_BLOCK, size)
        return _within(make_small(degrade, _cut(hr, around, scale), scale, rng), around, patch)
    if degrade is None and lr is not None:
        return _cut(lr, patch)
    degrade = degrade or Degradation()
    blocks = patch
    if degrade.jpeg is not None:
        blocks = _grown(patch, JPEG_REACH, JPEG_BLOCK, size)
    if lr is None or from_large(degrade):
        around = _grown(blocks, degrade.reach(scale), 1, size)
        small = degrade.shrunk(_cut(hr, around, scale), scale, rng)
        small = _within(small, around, blocks)
    else:
        small = _cut(lr, blocks)
    return _within(degrade.spoiled(small, rng), blocks, patch)


def _grown(window, by, multiple, size):
    """Enlarge a window on all sides, to multiples of a number of px, but within the image."""
    return tuple(
        (
            max(0, (start - by) // multiple * multiple),
            min(length, -(-(stop + by) // multiple) * multiple),
        )
        for (start, stop), length in zip(window, size, strict=True)
    )


def _cut(image, window, scale=1):
    (top, bottom), (left, right) = window
    return image[top * scale : bottom * scale, left * scale : right * scale]


def _within(image, window, inner):
    """The part of a window's pixels that belongs to an inner window."""
    pairs = zip(inner, window, strict=True)
    return _cut(image, [(start - first, stop - first) for (start, stop), (first, _) in pairs])
