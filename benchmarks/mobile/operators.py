r"""Lists the operations in the files of shipped students per target, and those that NPUs lack.

    python benchmarks/mobile/operators.py

The program converts each preset for `--target` cpu and npu, to float32 and int8, at one size. It
lists the operations in the files, and the loss of each file against Keras on the middle of three
photographs of scikit-image. It writes docs/results/operators.json and prints the table of
docs/reference/phone_measurements.md.
"""

import json
import tempfile
from pathlib import Path

import tyro

import keras_pisr as kp
from keras_pisr.atomic import atomic_path

PRESETS = ("fsrcnn_x2", "residual_fsrcnn_x2", "plain_sr_x2_small")
# Operations in these files that LiteRT's compilers for these NPUs do not list
# (google-ai-edge/LiteRT: vendors/mediatek/compiler/compiler_plugin.cc and
# vendors/samsung/compiler/create_model.cc, 2026).
LACKING = {"MediaTek": {"DEPTH_TO_SPACE"}, "Samsung": {"DEPTH_TO_SPACE", "PRELU"}}


def looked_at(name, target, precision, size):
    """One row: operations, delegates, loss."""
    model = kp.from_preset(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "student.tflite"
        kp.mobile.to_tflite(model, path, precision=precision, size=size, target=target)
        facts = kp.mobile.FileFacts.of(path)
        file = kp.mobile.TFLiteModel(path)
        agreement = kp.mobile.check_agreement(
            model, file, scale=model.scale, precision=precision, floor=0
        )
    operations = dict(sorted(facts.operations.items()))
    return {
        "preset": name,
        "target": target,
        "precision": precision,
        "operations": operations,
        "outside_xnnpack": sorted(facts.not_delegated),
        "lacking": {vendor: sorted(lacks & set(operations)) for vendor, lacks in LACKING.items()},
        "loss_db": round(agreement.loss, 3),
    }


def table(rows):
    """The rows as Markdown."""
    lines = [
        "| preset, target, precision | operations | MediaTek lacks | Samsung lacks | loss, dB |"
    ]
    lines.append("|---" * 5 + "|")
    for row in rows:
        operations = ", ".join(f"{count} {name}" for name, count in row["operations"].items())
        lacking = " | ".join(", ".join(row["lacking"][vendor]) or "-" for vendor in LACKING)
        which = f"`{row['preset']}`, {row['target']}, {row['precision']}"
        lines.append(f"| {which} | {operations} | {lacking} | {row['loss_db']:.3f} |")
    return "\n".join(lines)


def main(size: tuple[int, int] = (128, 128), out: Path = Path("docs/results/operators.json")):
    """Convert the presets, inspect the files, and write the results.

    Args:
        size: Height and width of the files' input, px.
        out: File to write.
    """
    rows = [
        looked_at(name, target, precision, size)
        for name in PRESETS
        for target in ("cpu", "npu")
        for precision in ("float32", "int8")
    ]
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    tyro.cli(main)
