"""Checks that a `.tflite` file computes the same bits on ARM, in QEMU, as on this machine.

    pip install -e ".[mobile]"
    python benchmarks/mobile/arm_correctness.py WORK [--student STUDENT]

The program unpacks three things into the folder WORK: a Debian Python for 64-bit ARM, QEMU (user
mode) of Debian's next release (bookworm's crashes), and the ARM wheels of ai-edge-litert. It
exports a student in every precision, and runs each file on the same images on both processors. It
needs Linux with apt and pip, on another processor than ARM. It does not measure time, because QEMU
translates instructions.
"""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"  # Before Keras is imported: only it converts.

import numpy as np
import tyro

import keras_pisr as kp
from keras_pisr.atomic import atomic_path
from keras_pisr.cli.model_argument import resolve_model
from keras_pisr.console.quiet import without_notices
from keras_pisr.data.images.color import rgb_to_y
from keras_pisr.data.synthetic.samples import sample_images
from keras_pisr.mobile.latency.timing import machine

HERE = Path(__file__).parent
PRECISIONS = ("float32", "float16", "dynamic", "int8")
# Version of the ARM Python, that of Debian bookworm.
PYTHON = "3.11"
SIZES = ((24, 32), (33, 47), (96, 96))


def unpack(work):
    """Fill `work/qemu`, `work/arm` and `work/wheels`, unless they are there."""
    for folder, *request in (
        ("qemu", "trixie", "amd64", "qemu-user"),
        ("arm", "bookworm", "arm64", "python3", "libstdc++6"),
    ):
        if not (work / folder).exists():
            script = HERE.parent / ".ci" / "debian_root"
            subprocess.run([script, work / folder, *request], check=True)
    if not (work / "wheels").exists():
        platforms = [f"--platform=manylinux_2_{n}_aarch64" for n in (17, 27, 28)]
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary=:all:"]
        command += [*platforms, f"--python-version={PYTHON}", "--target", work / "wheels"]
        wheels = [f"{name}=={version(name)}" for name in ("ai-edge-litert", "numpy")]
        subprocess.run([*command, *wheels], check=True)


def outputs(folder, command, label):
    """Run `arm_correctness_worker.py` on a folder; returns its results and the processor."""
    worker = HERE / "arm_correctness_worker.py"
    done = subprocess.run(
        [*map(str, command), str(worker), str(folder), label], stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        sys.exit(f"The run on {label} ended with code {done.returncode}.")
    with np.load(folder / f"{label}.npz") as file:
        return dict(file), done.stdout.strip()


def compare(here, there):
    """Count of values with the same bits, and the largest difference of the others."""
    same = here.view(f"u{here.dtype.itemsize}") == there.view(f"u{there.dtype.itemsize}")
    apart = np.abs(here.astype("float64") - there.astype("float64"))
    return {
        "dtype": str(here.dtype),
        "values": int(here.size),
        "different_bits": int((~same).sum()),
        "largest_difference": float(apart.max()),
    }


def main(
    work: tyro.conf.Positional[Path],
    student: str = "",
    out: Path = Path("docs/results/arm_correctness.json"),
):
    """Compare both processors.

    Args:
        work: Folder for the unpacked files; it is kept.
        student: A .keras file or preset [an FSRCNN x2 that starts as bicubic].
        out: File for the result.
    """
    work = work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    unpack(work)
    photographs = list(sample_images("test").values())
    lumas = {}
    for i, (height, width) in enumerate(SIZES):
        photograph = rgb_to_y(photographs[i % len(photographs)])
        lumas[f"{height}x{width}"] = photograph[None, 100 : 100 + height, 100 : 100 + width]
    with without_notices():
        model = resolve_model(student)[0] if student else kp.models.FSRCNN(scale=2)
        if not student:
            kp.models.start_as_bicubic(model, seed=0)
        for precision in PRECISIONS:
            kp.mobile.to_tflite(model, work / f"{precision}.tflite", precision=precision)
    np.savez(work / "lumas.npz", **lumas)
    here, processor = outputs(work, [sys.executable], "here")
    arm = work / "arm"
    emulator = [work / "qemu/usr/bin/qemu-aarch64", "-L", arm, "-E", f"PYTHONHOME={arm / 'usr'}"]
    emulator += ["-E", f"PYTHONPATH={work / 'wheels'}", arm / f"usr/bin/python{PYTHON}"]
    there, arm_processor = outputs(work, emulator, "arm")
    rows = {name: compare(here[name], there[name]) for name in here}
    report = {
        "command": "python benchmarks/mobile/arm_correctness.py WORK",
        "student": student or "FSRCNN x2 that starts as bicubic, seed 0",
        "processors": [f"{processor}: {machine()}", f"{arm_processor} on QEMU"],
        "packages": {name: version(name) for name in ("ai-edge-litert", "numpy")},
        "python": [platform.python_version(), PYTHON],
        "files": rows,
    }
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for name, row in rows.items():
        print(f"{name}: {row['different_bits']} of {row['values']} values differ ({row['dtype']})")
    return 1 if any(row["different_bits"] for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
