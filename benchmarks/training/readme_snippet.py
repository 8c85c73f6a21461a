r"""Runs README's training snippet unchanged, with few and with many photographs.

    python benchmarks/training/readme_snippet.py DATA/train/BSDS400 DATA/benchmarks/Set5 \
        docs/results/readme_snippet.json

The program takes photographs spread evenly over the folder (in the order of their names), and runs
the snippet in a separate process for each number of photographs. It writes the PSNR of bicubic and
of the student on the test set, in dB, and the seconds of the whole program, including its start.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tyro

import keras_pisr as kp

README = Path(__file__).resolve().parents[2] / "README.md"


def training_snippet():
    """The Python code in README that trains on a folder."""
    snippets = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    return next(snippet for snippet in snippets if "paired_folder" in snippet)


def scores_with(photographs, test_set):
    """Run the snippet in a fresh folder; returns its scores and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "photos").mkdir()
        for path in photographs:
            (folder / "photos" / path.name).symlink_to(path)
        (folder / "Set5").symlink_to(test_set)
        started = time.monotonic()
        process = subprocess.run(
            [sys.executable, "-c", training_snippet()],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(README.parent)},
            capture_output=True,
            text=True,
            check=True,
        )
        bicubic, student = map(float, process.stdout.split()[-2:])
        seconds = round(time.monotonic() - started)
    return {"bicubic": bicubic, "student": student, "seconds": seconds}


def main(
    photographs: tyro.conf.Positional[Path],
    test_set: tyro.conf.Positional[Path],
    out: tyro.conf.Positional[Path],
    counts: tuple[int, ...] = (3, 4, 100),
):
    """Score the snippet for each number of photographs.

    Args:
        photographs: Folder of photographs.
        test_set: Folder of Set5.
        out: JSON file of the scores.
        counts: Numbers of photographs.
    """
    paths = [path.resolve() for path in kp.data.list_images(photographs)]
    results = {"photographs": {}}
    for count in counts:
        chosen = [paths[i * len(paths) // count] for i in range(count)]
        results["photographs"][count] = scores_with(chosen, test_set.resolve())
        print(count, results["photographs"][count], flush=True)
    out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    tyro.cli(main)
