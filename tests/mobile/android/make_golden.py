"""Write the values of `keras_pisr.upscale` that the Kotlin tiling is checked against on a JVM.

    KERAS_BACKEND=jax python -m tests.mobile.android.make_golden

The network is a fixed linear kernel with zero padding, so that tiling, borders and colour are what is
checked. The file holds numbers in words, for a reader of few lines; colours are RRGGBB.
"""

from pathlib import Path

import numpy as np

import keras_pisr as kp
from keras_pisr.atomic import atomic_path

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "mobile" / "android" / "upscaler" / "src" / "test" / "resources" / "golden.txt"
# How far the kernel reads, px.
RADIUS = 2
# Scale, height and width of the image. The tiles of the check have 12 px: one image needs many, one is
# as wide as a tile, and one is smaller both ways.
CASES = ((2, 22, 29), (3, 15, 12), (2, 7, 5))


def kernel(scale):
    """Weights `(scale, scale, 5, 5)` whose sum is 1 for each of the outputs of a pixel."""
    side = 2 * RADIUS + 1
    weights = np.random.default_rng(scale).integers(-3, 8, (scale, scale, side, side))
    weights[..., RADIUS, RADIUS] += 40
    return (weights / weights.sum((2, 3), keepdims=True)).astype("float32")


def network(scale):
    """A function on luma `(1, height, width, 1)` that applies the kernel."""
    weights = kernel(scale)

    def run(luma):
        height, width = luma.shape[1:3]
        around = np.pad(np.asarray(luma)[0, ..., 0], RADIUS)
        result = np.zeros((height, scale, width, scale), "float32")
        for y in range(2 * RADIUS + 1):
            for x in range(2 * RADIUS + 1):
                part = around[y : y + height, x : x + width]
                result += part[:, None, :, None] * weights[:, :, y, x][None, :, None, :]
        return result.reshape(1, height * scale, width * scale, 1)

    return run


def picture(height, width):
    """Smooth colours with hard edges and noise, uint8 RGB."""
    rows, columns = np.mgrid[:height, :width]
    ramps = [9 * rows + 2 * columns, 255 - 7 * columns, 128 + 60 * np.sin(rows / 2 + columns / 3)]
    image = np.stack(ramps, axis=-1) % 256
    image[height // 3 : height // 2, width // 4 : width // 2] = 255, 0, 40
    noise = np.random.default_rng(0).integers(-9, 10, image.shape)
    return np.clip(image + noise, 0, 255).astype("uint8")


def words(image):
    """Rows of an RGB image as lines of RRGGBB."""
    return "\n".join(
        " ".join(f"{r:02x}{g:02x}{b:02x}" for r, g, b in row) for row in image.tolist()
    )


def text():
    """The whole file: per case scale, radius, kernel, height, width, image, and result."""
    parts = [str(len(CASES))]
    for scale, height, width in CASES:
        image = picture(height, width)
        parts += [f"{scale} {RADIUS}", " ".join(map(repr, kernel(scale).ravel().tolist()))]
        result = kp.upscale(network(scale), image)
        parts += [f"{height} {width}", words(image), words(result)]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    with atomic_path(GOLDEN) as temporary:
        temporary.write_text(text(), encoding="ascii")
