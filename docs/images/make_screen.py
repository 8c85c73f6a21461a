"""The picture of a screen in docs/results.md: text enlarged by presets with and without drawings.

    python docs/images/make_screen.py

The lower half is drawn in pixels of two, so that its edges are hard at low resolution, too.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import keras_pisr as kp

PRESETS = ("fsrcnn_x2_pisr", "fsrcnn_x2", "fsrcnn_x2_mixed")


def page(height, width, mode, size):
    """Lines of text and a few shapes, black on white, in letters of a height in px."""
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    draw.fontmode = mode
    draw.text((size // 2, 0), "Drawn, 0123 & so on", fill=0, font=ImageFont.load_default(size))
    top = size * 3 // 2
    draw.ellipse((size // 2, top, size * 2, top + size * 3 // 2), fill=0)
    draw.rectangle((size * 3, top, size * 5, top + size * 3 // 2), outline=0)
    draw.line((size * 6, top, size * 9, top + size * 3 // 2), fill=0, width=size // 6)
    return np.asarray(image)


if __name__ == "__main__":
    smooth, hard = page(72, 224, "L", 22), page(36, 112, "1", 11)
    hr = np.concatenate([smooth, hard.repeat(2, 0).repeat(2, 1)])[..., None].repeat(3, 2)
    lr = kp.data.downscale(hr, 2)
    panels = {"LR": lr, "bicubic": kp.data.upscale(lr, 2)}
    panels |= {name: kp.upscale(kp.from_preset(name), lr) for name in PRESETS}
    path = Path(__file__).with_name("screen.png")
    kp.side_by_side(panels | {"original": hr}, path, crop=(0, 0, *hr.shape[:2]), zoom=2)
    print(f"Written: {path}")
