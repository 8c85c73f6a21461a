"""Changes of a bicubic score if one step of the protocol is done in another way.

    python benchmarks/data/protocol_variants.py DATA/Set5 DATA/Set14

The program prints the table of docs/evaluation.md for x2 and writes its results file. It needs no
backend, and takes a few seconds.
"""

import json
from pathlib import Path

import numpy as np
import tyro
from PIL import Image

from keras_pisr.atomic import atomic_path
from keras_pisr.data import rgb_to_y, upscale
from keras_pisr.evaluation.benchmark_folder import benchmark_pairs
from keras_pisr.evaluation.evaluate import bicubic_luma
from keras_pisr.metrics.image_quality import prepare, psnr_per_image

ROOT = Path(__file__).resolve().parents[2]
SCALE = 2


def psnr(y_true, y_pred, *, shave=SCALE, rounded=True):
    pair = (y_true[None].astype("float64"), y_pred[None].astype("float64"))
    pair = prepare(np, *pair, shave=shave, max_value=1.0, round_to_8bit=rounded)
    return psnr_per_image(np, *pair, max_value=1.0, cap=100.0)[0]


def enlarge(lr):
    return np.clip(upscale(lr / np.float32(255), SCALE), 0, 1)


def full_range(rgb):
    return rgb @ np.array([[0.299], [0.587], [0.114]]) if rgb.shape[-1] == 3 else rgb


def by_pillow(hr):
    size = hr.shape[1] // SCALE, hr.shape[0] // SCALE
    image = Image.fromarray(hr.squeeze()).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(image).reshape(size[1], size[0], -1)


VARIANTS = {
    "the protocol": lambda lr, hr: psnr(rgb_to_y(hr), bicubic_luma(lr, SCALE)),
    "border not shaved": lambda lr, hr: psnr(rgb_to_y(hr), bicubic_luma(lr, SCALE), shave=0),
    "prediction not rounded": lambda lr, hr: psnr(
        rgb_to_y(hr), bicubic_luma(lr, SCALE), rounded=False
    ),
    "RGB instead of Y": lambda lr, hr: psnr(hr / 255, enlarge(lr)),
    "Y of JPEG (0-255)": lambda lr, hr: psnr(full_range(hr / 255), full_range(enlarge(lr))),
    "LR made by Pillow's bicubic": lambda lr, hr: psnr(
        rgb_to_y(hr), bicubic_luma(by_pillow(hr), SCALE)
    ),
    "Y enlarged instead of RGB": lambda lr, hr: psnr(rgb_to_y(hr), upscale(rgb_to_y(lr), SCALE)),
    "uint8 RGB enlarged": lambda lr, hr: psnr(rgb_to_y(hr), rgb_to_y(upscale(lr, SCALE))),
}


def main(
    folders: tyro.conf.Positional[tuple[Path, ...]],
    out: Path = ROOT / "docs" / "results" / "protocol_variants.json",
):
    """Print the table and write its results file.

    Args:
        folders: Test sets in the layout of `keras-pisr evaluate`.
        out: Results file.
    """
    results = {}
    for folder in folders:
        pairs = [pair.read() for pair in benchmark_pairs(folder, scale=SCALE)]
        results[folder.name] = {
            name: round(float(np.mean([variant(lr, hr) for lr, hr in pairs])), 4)
            for name, variant in VARIANTS.items()
        }
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"| PSNR, dB | {' | '.join(results)} |\n|---|{'---|' * len(results)}")
    for name in VARIANTS:
        protocol = name == "the protocol"
        cells = [
            f"{scores[name]:.2f}" if protocol else f"{scores[name] - scores['the protocol']:+.3f}"
            for scores in results.values()
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
