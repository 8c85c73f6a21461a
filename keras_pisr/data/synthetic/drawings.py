"""Drawings with hard edges, text, patterns and noise, which are rare in photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Collection

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;!?()/%&@#+-=*"


def draw_images(
    count: int, *, size: int = 192, seed: int = 0, kinds: Collection[str] | None = None
) -> dict[str, np.ndarray]:
    """Text, shapes, patterns and noise, drawn at random.

    The same seed gives the same drawings with the same releases of NumPy and Pillow, which has the
    letters.

    A network that was trained only on photographs may turn text on a screen, a comic or noise into
    specks of any brightness. A few drawings among the photographs prevent this.

    Half of them are drawn small and enlarged in blocks of 2, 3 or 4 px, so that the edges of the
    low-resolution image are hard, too. A third of the drawings are gray; gray is not remapped to
    the studio range.

    Args:
        count: Number of drawings; each kind has the same share.
        size: Side in px, 16 or more.
        seed: Makes the drawings repeatable; a whole number, 0 or more.
        kinds: Some of `"text"`, `"shapes"`, `"pattern"` and `"noise"`; by default all of them.

    Returns:
        Dict of name to uint8 `(size, size, 1 or 3)`.

    Raises:
        ValueError: if `size` is below 16, or `kinds` are unknown or none.

    Example:
        >>> sorted(image.shape for image in draw_images(2, size=32).values())
        [(32, 32, 1), (32, 32, 3)]
    """
    if size < 16:
        raise ValueError(f"Expected size of 16 px or more; got {size}.")
    named = {kind.__name__: kind for kind in KINDS}
    kinds = named if kinds is None else kinds
    if not kinds or set(kinds) - set(named):
        raise ValueError(f"Expected kinds of {tuple(named)}; got {kinds!r}.")
    chosen = [kind for name, kind in named.items() if name in kinds]
    images = {}
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        kind = chosen[index % len(chosen)]
        block = rng.choice([1, 1, 1, 2, 3, 4])
        small = kind(-(-size // block), rng)
        image = small.repeat(block, 0).repeat(block, 1)[:size, :size]
        images[f"{kind.__name__} {index}"] = image[..., :1] if index % 3 == 0 else image
    return images


def text(size, rng):
    """Lines of random characters, with smooth or hard edges."""
    image, draw = _page(size, rng)
    y = 0
    while y < size:
        height = int(rng.integers(7, 25))
        draw.fontmode = rng.choice(["1", "L"])
        line = "".join(rng.choice(list(CHARACTERS + " " * 12), size // 3))
        font = ImageFont.load_default(height)
        draw.text((int(rng.integers(-5, 10)), y), line, fill=_color(rng, image), font=font)
        y += height + int(rng.integers(1, 6))
    return np.asarray(image)


def shapes(size, rng):
    """Overlapping shapes; small ones are more frequent than large ones."""
    image, draw = _page(size, rng)
    for _ in range(int(rng.integers(5, 120))):
        half = size * 0.02 / rng.uniform(0.03, 1)
        x, y = rng.uniform(0, size, 2)
        kind = rng.choice(["ellipse", "rectangle", "polygon", "line", "outline"])
        color = _color(rng, image)
        # Sorted as (left, top, right, bottom).
        box = [x - half * rng.random(), y - half * rng.random(), x + half, y + half]
        corners = [tuple(rng.normal((x, y), half)) for _ in range(3)]
        if kind == "polygon":
            draw.polygon(corners, fill=color)
        elif kind == "line":
            draw.line(corners, fill=color, width=int(rng.integers(1, 4)))
        elif kind == "outline":
            draw.ellipse(box, outline=color, width=int(rng.integers(1, 4)))
        else:
            getattr(draw, kind)(box, fill=color)
    if rng.random() < 0.5:
        return np.asarray(image)
    # To smooth the edges, the drawing is shrunk to half, and repeated four times to fill the image.
    half = np.asarray(image.reduce(2))
    return np.tile(half, (2, 2, 1))[:size, :size]


def pattern(size, rng):
    """Stripes or checks of 2 to 16 px, straight or turned; or rings, half narrowing outwards."""
    y, x = np.mgrid[:size, :size] - rng.uniform(0, size, (2, 1, 1))
    angle = rng.choice([0, 0.25, rng.random()]) * np.pi
    across, along = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    period = 2 ** rng.uniform(1, 4)
    kind = rng.integers(3)
    phase = ring_phase(np.hypot(x, y), rng.choice([1, 2]), size) if kind == 2 else across
    wave = np.sin(2 * np.pi * phase / period)
    if kind == 1:
        wave = wave * np.sin(2 * np.pi * along / period)
    share = (np.sign(wave) if rng.random() < 0.5 else wave) / 2 + 0.5
    return _between(share, rng)


def ring_phase(radius, power, size):
    """Phase in px of a wave that makes rings: all of one width, or narrower outwards.

    Args:
        radius: Distances from the centre in px.
        power: 1 for rings of one width; 2 for rings that have this width only at a radius of `size`
            and are wider further inside.
        size: Side of the image in px.
    """
    return radius if power == 1 else radius**2 / (2 * size)


def noise(size, rng):
    """Noise that is uniform, or has only two values."""
    share = rng.random((size, size))
    return _between(share if rng.random() < 0.5 else np.round(share), rng)


KINDS = (text, shapes, pattern, noise)


def _page(size, rng):
    """An empty image to draw on, white or black in half of the draws."""
    plain = (int(rng.choice([0, 255])),) * 3
    image = Image.new("RGB", (size, size), plain if rng.random() < 0.5 else _any_color(rng))
    return image, ImageDraw.Draw(image)


def _color(rng, image):
    """In half of the draws, black or white, whichever differs more from the page."""
    if rng.random() < 0.5:
        return (0, 0, 0) if sum(image.getpixel((0, 0))) > 382 else (255, 255, 255)
    return _any_color(rng)


def _any_color(rng):
    return tuple(map(int, rng.integers(0, 256, 3)))


def _between(share, rng):
    """Colours between two random ones, which are black and white in half of the draws."""
    ends = np.array([(0, 0, 0), (255, 255, 255)])
    if rng.random() < 0.5:
        ends = rng.integers(0, 256, (2, 3))
    return np.rint(ends[0] + share[..., None] * (ends[1] - ends[0])).astype(np.uint8)
