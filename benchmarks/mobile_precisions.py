"""What each precision costs: file size, dB on the benchmark sets, and time if asked for.

    python benchmarks/mobile_precisions.py STUDENT.keras DATA docs/results/mobile_precisions.json

DATA holds Set5, Set14 and B100, each with `HR/` and `LR_bicubic/X2/`. Prints the table of
docs/mobile.md. Two minutes on two quiet CPU cores. `--runs 30` adds the time of 30 calls on this
machine, which should have nothing else to do.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated

import tyro

os.environ["KERAS_BACKEND"] = "tensorflow"  # Before Keras is imported: only it converts.

from keras_pisr.atomic import atomic_path
from keras_pisr.loading import load_student
from keras_pisr.mobile import (
    FileFacts,
    TFLiteModel,
    check_agreement,
    measure_latency,
    to_tflite,
)
from keras_pisr.mobile.convert import model_scale
from keras_pisr.notices import without_notices

SETS = ("Set5", "Set14", "B100")
PRECISIONS = ("float32", "float16", "dynamic", "int8")


def measure(model, path, precision, data, runs):
    """One row: the file's facts, its agreement on each set, its time if `runs`."""
    to_tflite(model, path, precision=precision)
    facts = FileFacts.of(path)
    scale, file, scores = model_scale(model), TFLiteModel(path), {}
    for name in SETS:
        if (data / name).is_dir():
            # No floor: the table shows what is bad, too.
            scores[name] = check_agreement(
                model, file, scale=scale, precision=precision, folder=data / name, floor=-1e9
            ).to_dict()
    row = {
        "bytes": facts.bytes,
        "delegates": facts.delegates,
        "outside_xnnpack": list(facts.not_delegated),
        "scores": scores,
    }
    if runs:
        row["latency"] = measure_latency(path, runs=runs).to_dict()
    return row


def markdown(rows):
    """The table of docs/mobile.md."""
    names = list(next(iter(rows.values()))["scores"])
    lines = ["| | kB | " + " | ".join(names) + " | worst agreement | one thread |"]
    lines.append("|---" * (len(names) + 4) + "|")
    keras = [next(iter(rows.values()))["scores"][name]["keras_psnr"] for name in names]
    lines.append("| Keras | | " + " | ".join(f"{x:.2f}" for x in keras) + " | | |")
    for precision, row in rows.items():
        scores = row["scores"].values()
        # Adding zero turns -0.00 into +0.00.
        cells = [f"{s['file_psnr']:.2f} ({round(-s['loss'], 2) + 0:+.2f})" for s in scores]
        worst = min(s["agreement"] for s in scores)
        time = f"{row['latency']['median_ms']:.0f} ms" if "latency" in row else "not measured"
        cells += [f"{worst:.1f} dB", time]
        lines.append(f"| {precision} | {row['bytes'] / 1000:.1f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(
    student: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="STUDENT.keras")],
    data: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="DATA")],
    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT.json")],
    runs: int = 0,
):
    """Measure every precision of one student."""
    with without_notices(), tempfile.TemporaryDirectory() as folder:
        model = load_student(student)
        rows = {
            precision: measure(model, Path(folder) / f"{precision}.tflite", precision, data, runs)
            for precision in PRECISIONS
        }
    results = {
        "command": "python benchmarks/mobile_precisions.py STUDENT.keras DATA OUT.json",
        "student": student.name,
        "scale": model_scale(model),
        "rows": rows,
    }
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(markdown(rows))


if __name__ == "__main__":
    tyro.cli(main)
