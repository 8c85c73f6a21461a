"""Measures at which learning rate a trained student learns from a few images and forgets least.

    python benchmarks/training/start_from.py DATA docs/results/start_from.json

Each run is one of `recipes/pisr_x2.py --start-from plain_sr_x2_small`: the settings are its
defaults, except for those in the table, and it trains only the student. The runs differ in what
they train on:

- photographs: the first 30 of `DATA/train/BSDS400`, which the preset was trained on;
- text: 30 drawings of text;
- both: these photographs and drawings;
- jpeg: the same photographs, with LR images saved as JPEG of quality 30 to 95.

Every run is scored on the last ten of BSDS400, which the preset was not trained on, shrunk to 0.7
of their size, as they are and saved as JPEG, and on ten other drawings of text. No test set is
read. Rows that are in OUT already are not measured again.
"""

import itertools
import json
import shutil
import sys
import tempfile
from pathlib import Path

import tyro

import keras_pisr as kp
from keras_pisr.atomic import atomic_path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "recipes"))

from pisr.run import run
from pisr.settings import Settings

TRAINED, APART = 30, 10
JPEG = "jpeg:30-95"
KEYS = ("kind", "optimizer", "learning_rate", "patch_size", "steps")


def prepare(data, folder):
    """Make folders of images to train on and to score; returns options of the recipe by kind."""
    photographs = kp.data.list_images(data / "train" / "BSDS400")
    (folder / "photographs").mkdir()
    for path in photographs[:TRAINED]:
        shutil.copy(path, folder / "photographs")
    (folder / "last").mkdir()
    for path in photographs[-APART:]:
        shutil.copy(path, folder / "last")
    apart = kp.data.ImagePairs.from_folder(folder / "last", scale=2).resized(0.7)
    for index in range(APART):
        path = folder / "apart" / "photographs" / f"{index}.png"
        kp.data.write_image(path, apart.image(index)[1])
    drawn = kp.data.draw_images(TRAINED + APART, kinds=("text",), seed=1).values()
    for index, image in enumerate(drawn):
        place = folder / "text" if index < TRAINED else folder / "apart" / "text"
        kp.data.write_image(place / f"{index:02d}.png", image)
    return {
        "photographs": {"jpeg_dir": (folder / "photographs",)},
        "text": {"hr_dir": (folder / "text",)},
        "jpeg": {"jpeg_dir": (folder / "photographs",), "degrade": JPEG},
        "both": {"hr_dir": (folder / "text",), "jpeg_dir": (folder / "photographs",)},
    }


def measured(row, options, folder):
    """PSNR of the start and of the student of one run, by the images scored."""
    tests = [folder / "apart" / name for name in ("photographs", "text")]
    shutil.rmtree(folder / "run", ignore_errors=True)
    results = run(
        Settings(
            student="plain_sr",
            start_from="plain_sr_x2_small",
            pisr=False,
            controls=("one_stage",),
            optimizer=row["optimizer"],
            learning_rate=row["learning_rate"],
            patch_size=row["patch_size"],
            steps_per_epoch=100,
            epochs=row["steps"] // 100,
            test_dirs=tuple(tests),
            tensorboard=False,
            out=folder / "run",
            **options,
        )
    )
    psnr = {
        model: {test: scores["psnr"] for test, scores in results["scores"][model].items()}
        for model in ("start", "one_stage")
    }
    for model, scores in psnr.items():
        if row["kind"] == "jpeg":
            scores["jpeg"] = results["scores_degraded"][model]["photographs"]["psnr"]
    return {"psnr": psnr, "seconds": results["stages"]["one_stage"]["seconds"]} | {
        "environment": results["environment"]
    }


def table(rows):
    """Markdown: dB gained by the student over its start."""
    lines = [
        "| trained on | optimizer, rate | HR patch, steps | photographs | text | JPEG |",
        "|" + "---|" * 6,
    ]
    for row in sorted(rows, key=lambda row: [row[key] for key in KEYS]):
        start, student = row["psnr"]["start"], row["psnr"]["one_stage"]
        gains = [
            f"{student[test] - start[test]:+.3f}" if test in start else ""
            for test in ("photographs", "text", "jpeg")
        ]
        rate = f"{row['optimizer']}, {row['learning_rate']:.0e}".replace("-0", "-")
        cells = [row["kind"], rate, f"{row['patch_size']} px, {row['steps']}", *gains]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(
    data: tyro.conf.Positional[Path],
    out: tyro.conf.Positional[Path],
    kinds: tuple[str, ...] = ("photographs", "text", "both", "jpeg"),
    optimizers: tuple[str, ...] = ("soap",),
    rates: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    patch_sizes: tuple[int, ...] = (48,),
    steps: tuple[int, ...] = (600,),
):
    """Measure every combination that OUT does not have, and print OUT as a table.

    Args:
        data: Folder with train/BSDS400.
        out: JSON file of all rows.
        kinds: What to train on: photographs, text, both, jpeg.
        optimizers: Values of --optimizer.
        rates: Values of --learning-rate.
        patch_sizes: Values of --patch-size, in px of the HR image.
        steps: Numbers of steps, multiples of 100.
    """
    rows = json.loads(out.read_text()) if out.exists() else []
    done = {tuple(row[key] for key in KEYS) for row in rows}
    with tempfile.TemporaryDirectory() as folder:
        options = prepare(data, Path(folder))
        for combination in itertools.product(kinds, optimizers, rates, patch_sizes, steps):
            if combination in done:
                continue
            row = dict(zip(KEYS, combination, strict=True))
            rows.append(row | measured(row, options[row["kind"]], Path(folder)))
            with atomic_path(out) as temporary:
                temporary.write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows))


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
