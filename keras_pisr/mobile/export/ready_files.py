"""Makes, checks, times and lists the files to ship of every recommended preset."""

import hashlib
import json
from pathlib import Path

import numpy as np

import keras_pisr
from keras_pisr.atomic import atomic_path
from keras_pisr.console.stages import tell
from keras_pisr.evaluation.evaluate import bicubic_luma, luma_score
from keras_pisr.mobile.export.agreement import photographs
from keras_pisr.mobile.export.super_resolution import SuperResolutionOptions, convert_and_check
from keras_pisr.mobile.latency.timing import measure_latency
from keras_pisr.presets import CATALOG, from_preset
from keras_pisr.presets.catalog import RECOMMENDED

SIZE = (256, 256)  # LR px: the side of a tile of mobile/android and mobile/web.
# Precision, size, target and purpose. Files for the CPU all have float32 pixels, so that an app can
# swap them.
KINDS = (
    ("float16", None, "cpu", "CPU, images of any size by LiteRT's interpreter"),
    ("float16", SIZE, "cpu", "CPU and GPU by LiteRT's CompiledModel; browsers"),
    ("int8", SIZE, "cpu", "CPU, fastest"),
    ("int8", SIZE, "npu", "NPUs, uint8 pixels"),
)
LICENCE = "Apache-2.0"
MANIFEST = "manifest.json"
HEADS = ("file", "for", "kB", "dB", "beside Keras", "beside bicubic", "outside XNNPACK", "ms")


def recommended_presets():
    """Names of the presets that are recommended to users."""
    return [name for name, entry in CATALOG.items() if entry.get("status") == RECOMMENDED]


def make_ready_files(
    folder, *, presets=None, kinds=None, images=None, calibration=None, threads=1, runs=20
):
    """Make the files that are recommended for each preset, and `manifest.json` beside them.

    If a file fails a check of `export`, the function raises; finished files stay. The manifest is
    written last.

    Args:
        folder: Folder to write to.
        presets: Names or folders of presets; the recommended ones if not given.
        kinds: `(precision, size, target, purpose)` of each file; `KINDS` if not given.
        images: Folder of test images in the layout of `keras_pisr.evaluate`; photographs of
            scikit-image if not given.
        calibration: Folder of photographs for 8 bit; those of scikit-image if not given.
        threads: CPU threads for the timing.
        runs: Timed calls per file.

    Returns:
        The manifest: a dict with `version`, `licence`, `images`, and `files`, a list with a dict
        per file.
    """
    folder = Path(folder)
    presets, kinds = presets or recommended_presets(), kinds or KINDS
    scores, rows, total = {}, [], len(presets) * len(kinds)
    for preset in presets:
        model = from_preset(preset)
        for precision, size, target, purpose in kinds:
            tell("Making files", len(rows), total)
            shape = "any_size" if size is None else "{}x{}".format(*size)
            form = precision if target == "cpu" else f"{precision}_{target}"
            path = folder / f"{Path(preset).name}_{form}_{shape}.tflite"
            with atomic_path(path) as temporary:
                facts, agreement = convert_and_check(
                    model,
                    temporary,
                    preset=preset,
                    precision=precision,
                    pixels="float32" if target == "cpu" else None,
                    size=size,
                    calibration=calibration,
                    images=images,
                    wholly_delegated=True,
                    options=SuperResolutionOptions(target=target),
                )
            latency = measure_latency(path, size=size or SIZE, threads=threads, runs=runs)
            scale = latency.output_size[0] // latency.size[0]
            if (scale, size) not in scores:
                scores[scale, size] = bicubic_psnr(scale, images, size)
            rows.append(
                {
                    "file": path.name,
                    "preset": Path(preset).name,
                    "for": purpose,
                    "precision": precision,
                    "target": target,
                    "scale": scale,
                    "size": size,
                    "bytes": path.stat().st_size,
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "psnr": agreement.file_psnr,
                    "psnr_of_keras": agreement.keras_psnr,
                    "psnr_of_bicubic": scores[scale, size],
                    "worst_agreement": agreement.agreement,
                    "delegates": facts.delegates,
                    "outside_xnnpack": facts.not_delegated,
                    "latency": latency.to_dict(),
                }
            )
    manifest = {
        "version": keras_pisr.__version__,
        "licence": LICENCE,
        "images": str(Path(images).name) if images else "3 photographs of scikit-image",
        "machine": rows[0]["latency"].pop("machine"),
        "files": rows,
    }
    for row in rows[1:]:
        del row["latency"]["machine"]
    write_json(folder / MANIFEST, manifest)
    return manifest


def write_json(path, found):
    """Write a file as JSON, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def bicubic_psnr(scale, folder, size):
    """PSNR of bicubic enlargement on the images that a file is scored on, dB.

    Args:
        scale: Upscaling factor.
        folder, size: As in `agreement.photographs`.
    """
    pairs = photographs(folder, scale, size or (None, None))
    scores = [luma_score("", hr, bicubic_luma(lr, scale), scale).psnr for lr, hr in pairs]
    return float(np.mean(scores))


def markdown(manifest):
    """The manifest as the Markdown table of docs/reference/phone_measurements.md."""
    lines = [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    lines += [f"| {' | '.join(cells(row))} |" for row in manifest["files"]]
    return "\n".join(lines)


def cells(row):
    """The cells of a file's row, in words."""
    outside = ", ".join(row["outside_xnnpack"]) or "nothing"
    # Adding zero turns -0.000 into +0.000.
    beside = round(row["psnr"] - row["psnr_of_keras"], 3) + 0
    return [
        f"`{row['file']}`",
        row["for"],
        f"{row['bytes'] / 1000:.1f}",
        f"{row['psnr']:.2f}",
        f"{beside:+.3f}",
        f"{row['psnr'] - row['psnr_of_bicubic']:+.2f}",
        outside,
        f"{row['latency']['median_ms']:.1f}",
    ]
