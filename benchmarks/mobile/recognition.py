"""Measures each precision of a recognition student: file size, decisions, top 1, and time if set.

    python benchmarks/mobile/recognition.py docs/results/mobile_recognition.json \
        --students horkd_123.keras --sizes 8 --images letters --runs 300

Each student needs one side (px, for square images) and one source of images: a tar archive or
folder of class folders, whose val/ is scored, or `letters`. int8 takes its ranges from train/ of
the source. The program prints the table of docs/reference/phone_measurements.md. `--runs 300` times
300 rounds. Each round calls every file in turn on one thread, so that all files have the same load,
which is recorded.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

os.environ["KERAS_BACKEND"] = "tensorflow"  # Before Keras is imported: only it converts.

from keras_pisr.atomic import atomic_path
from keras_pisr.console.quiet import without_notices
from keras_pisr.mobile import (
    FileFacts,
    TFLiteRecognizer,
    check_recognition,
    recognizer_to_tflite,
)
from keras_pisr.mobile.export.recognition_images import calibration_images, recognition_images
from keras_pisr.mobile.latency.timing import machine
from keras_pisr.presets.keras_file import load_student

PRECISIONS = ("float32", "float16", "dynamic", "int8")


def measure(model, folder, side, source):
    """One row per precision: paths of the files, and their facts and agreement."""
    options = {
        "size": (side, side),
        "channels": model.inputs[0].shape[-1],
        "lr_factor": getattr(model, "upsampling", 1),
    }
    scored = recognition_images(source, "val", **options)
    seen = calibration_images(recognition_images(source, "train", **options))
    rows, paths = {}, {}
    for precision in PRECISIONS:
        paths[precision] = folder / f"{precision}.tflite"
        recognizer_to_tflite(
            model, paths[precision], precision=precision, size=(side, side), representative=seen
        )
        facts = FileFacts.of(paths[precision])
        agreement = check_recognition(
            # There are no limits, because the table also shows bad files.
            model,
            TFLiteRecognizer(paths[precision]),
            scored,
            precision=precision,
            min_cosine=-2,
            min_equal=0,
        )
        rows[precision] = {
            "bytes": facts.bytes,
            "delegates": facts.delegates,
            "delegated_operations": sum(facts.operations.values()) - len(facts.not_delegated),
            "outside_xnnpack": list(facts.not_delegated),
            "agreement": agreement.to_dict(),
        }
    return rows, paths


def times(paths, runs, warmup=10):
    """Median and 90th percentile of each file, ms, one thread, called in turn."""
    files = [TFLiteRecognizer(path, threads=1) for path in paths]
    taken = [[] for _ in files]
    for file in files:
        file.fill(np.random.default_rng(0).random(file.shape, "float32"))
    for _ in range(warmup + runs):
        for file, row in zip(files, taken, strict=True):
            start = time.perf_counter()
            file.interpreter.invoke()
            row.append(1000 * (time.perf_counter() - start))
    kept = [row[warmup:] for row in taken]
    return [
        {"median_ms": float(np.median(r)), "p90_ms": float(np.percentile(r, 90)), "min_ms": min(r)}
        for r in kept
    ]


def markdown(tables):
    """One table of all students."""
    columns = ["kB", "top 1", "decisions equal", "cosine: mean, worst", "in XNNPACK", "one thread"]
    lines = ["| student | | " + " | ".join(columns) + " |", "|---" * 8 + "|"]
    for name, rows in tables.items():
        first = next(iter(rows.values()))["agreement"]
        score = first["score"]
        lines.append(f"| {name} | Keras | | {100 * first['keras_scores'][score]:.2f} | | | | |")
        for precision, row in rows.items():
            found, done = row["agreement"], row["delegated_operations"]
            cells = [
                f"{row['bytes'] / 1000:.1f}",
                f"{100 * found['file_scores'][score]:.2f} ({round(-found['loss'], 2) + 0:+.2f})",
                f"{100 * found['equal_decisions']:.1f}%",
                f"{found['mean_cosine']:.5f}, {found['worst_cosine']:.5f}",
                f"{done} of {done + len(row['outside_xnnpack'])}",
                f"{row['latency']['median_ms']:.3f} ms" if "latency" in row else "not measured",
            ]
            lines.append(f"| | {precision} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(
    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT.json")],
    students: tuple[Path, ...],
    sizes: tuple[int, ...],
    images: tuple[Path, ...],
    runs: int = 0,
):
    """Measure every precision of recognition students."""
    tables, paths = {}, {}
    with without_notices(), tempfile.TemporaryDirectory() as folder:
        for number, (student, side, source) in enumerate(zip(students, sizes, images, strict=True)):
            model, place = load_student(student), Path(folder) / str(number)
            name = f"`{student.stem}`, {source.name.removesuffix('.tar')}"
            tables[name], made = measure(model, place, side, source)
            paths |= {(name, precision): path for precision, path in made.items()}
        load = os.getloadavg()[0]
        if runs:
            for (name, row), latency in zip(paths, times(paths.values(), runs), strict=True):
                tables[name][row]["latency"] = latency
    named = [" ".join(path.name for path in listed) for listed in (students, images)]
    results = {
        "command": f"python benchmarks/mobile/recognition.py OUT.json --students {named[0]} "
        f"--sizes {' '.join(map(str, sizes))} --images {named[1]}"
        + (f" --runs {runs}" if runs else ""),
        "machine": machine(),
        "load_before_timing": load if runs else None,
        "students": tables,
    }
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(markdown(tables))


if __name__ == "__main__":
    tyro.cli(main)
