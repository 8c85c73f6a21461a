"""The picture in the README: a photograph shrunk, and enlarged again by a shipped preset.

    python docs/images/make_example.py

The photograph is in none of the training images; it ships inside scikit-image.
"""

from pathlib import Path

import keras_pisr as kp

PRESET, PHOTOGRAPH, CROP = "plain_sr_x3_small", "chelsea", (90, 105, 72, 108)

if __name__ == "__main__":
    model = kp.from_preset(PRESET)
    hr = kp.data.sample_images("test")[PHOTOGRAPH]
    hr = hr[: len(hr) // model.scale * model.scale, : hr.shape[1] // model.scale * model.scale]
    lr = kp.data.downscale(hr, model.scale)
    panels = {
        "LR": lr,
        "bicubic": kp.data.upscale(lr, model.scale),
        PRESET: kp.upscale(model, lr),
        "original": hr,
    }
    path = Path(__file__).with_name("example.png")
    kp.side_by_side(panels, path, crop=CROP, zoom=3)
    print(f"Written: {path}")
