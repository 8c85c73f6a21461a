"""The picture of a screen in README.md: enlarged by presets without and with drawings.

    python docs/images/make_screen.py

Drawn in the pixels that are enlarged, as a screen shows it; so there is no original.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import keras_pisr as kp

PRESETS = ("fsrcnn_x2", "plain_sr_x2_small")


def screen():
    """Text with and without smoothing, and shapes, black on white: uint8 `(48, 132, 3)`."""
    image = Image.new("RGB", (132, 48), "white")
    draw = ImageDraw.Draw(image)
    for top, mode in ((0, "1"), (15, "L")):
        draw.fontmode = mode
        draw.text((4, top), "Text, 0123 & so on", fill="black", font=ImageFont.load_default(12))
    draw.ellipse((4, 32, 17, 45), fill="black")
    draw.rectangle((26, 32, 46, 45), outline="black")
    draw.line((55, 34, 84, 45), fill="black")
    draw.line((88, 45, 126, 33), fill="black", width=2)
    return np.asarray(image)


if __name__ == "__main__":
    lr = screen()
    panels = {"bicubic": kp.data.upscale(lr, 2)}
    panels |= {name: kp.upscale(kp.from_preset(name), lr) for name in PRESETS}
    path = Path(__file__).with_name("screen.png")
    kp.side_by_side(panels, path, decibels={}, crop=(0, 0, 96, 264), zoom=2)
    print(f"Written: {path}")
