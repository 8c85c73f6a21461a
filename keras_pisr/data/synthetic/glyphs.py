"""Glyphs: a recognition set with many classes that needs no download."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# These characters have a plain shape in all the fonts below: digits, Latin and Greek letters,
# signs. Pairs that look alike in some font are left out (capital and small c, o, x; Latin and Greek
# A).
CHARACTERS = (
    "0123456789ABDEFGHJKLMNQRTYabdefghijkmnqrtyΓΔΘΛΞΠΣΦΨΩαβγδεζηθλμξπρσφψω!?&@#$%£¥§¶+=<>±÷√∞∫∂"
)

# These are the DejaVu faces that Matplotlib ships; each has all the characters above.
FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique"),
    "DejaVuSansMono-BoldOblique",
)

# Glyphs are drawn larger and shrunk, because Pillow's hinting would bend small glyphs to the pixel
# grid.
OVERSAMPLING = 4


def draw_glyph(character, font, size):
    """One white glyph on black, centred: uint8 `(height, width)`."""
    height, width = (OVERSAMPLING * side for side in size)
    image = Image.new("L", (width, height))
    left, top, right, bottom = font.getbbox(character)
    place = (width - right - left) / 2, (height - bottom - top) / 2
    ImageDraw.Draw(image).text(place, character, fill=255, font=font)
    return np.asarray(image.resize(size[::-1], Image.Resampling.BOX))


def render_glyphs(
    *, size: tuple[int, int] = (32, 32), styles: int | None = None, classes: int | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Every character in every font, at three heights; the same on every machine.

    There are 90 characters in 12 fonts (sans, serif and monospaced; upright and oblique; regular
    and bold). Some signs are the same in several fonts. In training, vary the position with
    `recognition_pairs(shift=...)`. Do not mirror: that makes other characters.

    Args:
        size: `(height, width)` in px, each 12 or more.
        styles: Number of fonts to use, in the order of `FONTS`; None for all.
        classes: Number of characters to use, in order; None for all.

    Returns:
        `(images, labels, class_names)`: uint8 `(samples, height, width, 1)`, white on black,
        sorted by class; class numbers; the characters.

    Raises:
        ImportError: If Matplotlib is not installed.
        ValueError: If there are fewer fonts or characters than asked for.
    """
    try:
        from matplotlib import get_data_path
    except ImportError as error:
        raise ImportError(
            "Glyphs are rendered from Matplotlib's fonts. Run: pip install 'keras-pisr[recipes]'"
        ) from error
    styles = len(FONTS) if styles is None else styles
    classes = len(CHARACTERS) if classes is None else classes
    if not (1 <= styles <= len(FONTS) and 1 <= classes <= len(CHARACTERS)):
        raise ValueError(
            f"There are {len(FONTS)} fonts and {len(CHARACTERS)} characters; got styles={styles} "
            f"and classes={classes}."
        )
    # At this factor the tallest glyphs of the largest height just fit.
    heights = [round(OVERSAMPLING * min(size) * share) for share in (0.6, 0.7, 0.8)]
    fonts = [
        ImageFont.truetype(f"{get_data_path()}/fonts/ttf/{name}.ttf", height)
        for name in FONTS[:styles]
        for height in heights
    ]
    names = CHARACTERS[:classes]
    images = [draw_glyph(character, font, size) for character in names for font in fonts]
    labels = np.repeat(np.arange(classes), len(fonts))
    return np.stack(images)[..., None], labels, tuple(names)
