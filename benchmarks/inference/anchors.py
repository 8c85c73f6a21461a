"""Compares presets, published figures and your files in one table: PSNR, size, cost and time.

    python benchmarks/inference/anchors.py DATA/benchmarks --scale 2
    python benchmarks/inference/anchors.py DATA/benchmarks --scale 2 --files other.onnx FSRCNN_x2.pb

Presets and your files are scored by the protocol of `keras-pisr evaluate`. Published figures come
from `published.json`, which says for each whether it was measured by that protocol. Files take
luma: `.tflite`, `.onnx` (needs onnxruntime) or a TensorFlow graph `.pb` that OpenCV reads (needs
opencv-python-headless). `--range 255` is for files that take and give 0 to 255. Times are those of
float32 files on one thread, measured in turns; each turn runs every file once. The ratio is the
median, over turns, of a file's time divided by the time of the first preset in the same turn.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import tyro

import keras_pisr as kp
from keras_pisr.atomic import atomic_path
from keras_pisr.console.quiet import without_notices
from keras_pisr.mobile.latency.timing import machine
from keras_pisr.presets import CATALOG

PUBLISHED = Path(__file__).with_name("published.json")
TESTS = ("Set5", "Set14", "B100")


class OtherFile:
    """A luma network in an `.onnx` or `.pb` file, called like a model of the package.

    Args:
        path: File.
        most: The file's value of white: 1 or 255.
    """

    def __init__(self, path, most):
        self.name, self.most = path.name, most
        if path.suffix == ".onnx":
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            self.session = onnxruntime.InferenceSession(path, options)
            first = self.session.get_inputs()[0]
            self.channels_last = first.shape[-1] == 1
            self.run = lambda x: self.session.run(None, {first.name: x})[0]
        else:
            import cv2

            cv2.setNumThreads(1)
            network = cv2.dnn.readNetFromTensorflow(str(path))
            self.channels_last = False

            def run(x):
                network.setInput(x)
                return network.forward()

            self.run = run

    def __call__(self, luma):
        """Luma `(1, height, width, 1)` to luma `(1, scale * height, scale * width, 1)`."""
        luma = np.asarray(luma, "float32") * self.most
        shape = (1, *luma.shape[1:3], 1) if self.channels_last else (1, 1, *luma.shape[1:3])
        result = self.run(luma.reshape(shape))
        height, width = result.shape[1:3] if self.channels_last else result.shape[2:]
        return result.reshape(1, height, width, 1) / self.most


def opened(path, most):
    """A user's file as a callable."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    if path.suffix == ".tflite":
        return kp.mobile.TFLiteModel(path)
    if path.suffix not in (".onnx", ".pb"):
        raise ValueError(f"Expected {path} to end in .tflite, .onnx or .pb.")
    return OtherFile(path, most)


def scores(model, benchmarks, scale):
    """PSNR per test set, dB."""
    return [kp.evaluate(model, benchmarks / x, scale=scale).psnr for x in TESTS]


def ratios(runners, size, turns):
    """Median seconds per call of each runner, and its ratio to the first, measured in turns."""
    luma = np.random.default_rng(0).random((1, *size, 1), dtype="float32")
    for run in runners.values():
        run(luma)
    seconds = {name: [] for name in runners}
    for _ in range(turns):
        for name, run in runners.items():
            begun = time.perf_counter()
            run(luma)
            seconds[name].append(time.perf_counter() - begun)
    first = np.array(next(iter(seconds.values())))
    return {
        name: (float(np.median(times)), float(np.median(np.array(times) / first)))
        for name, times in seconds.items()
    }


def main(
    benchmarks: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="BENCHMARKS")],
    scale: int = 2,
    files: tuple[Path, ...] = (),
    range: float = 1.0,
    size: tuple[int, int] = (360, 640),
    turns: int = 8,
    out: Path | None = None,
):
    """Print presets, published figures and your files in one table.

    Args:
        benchmarks: Folder that holds Set5, Set14 and B100, as `keras-pisr evaluate` takes them.
        scale: Upscaling factor.
        files: Your networks, which are scored and timed beside the presets.
        range: Value of white in --files of type .onnx or .pb: 1 or 255.
        size: Height and width of the LR image whose enlargement is timed, px.
        turns: Number of times that every file is timed.
        out: Also write the figures to this JSON file.
    """
    presets = [name for name, entry in CATALOG.items() if entry["scale"] == scale]
    presets.sort(key=lambda name: CATALOG[name]["status"] != "recommended")
    rows, runners = [], {}
    with tempfile.TemporaryDirectory() as folder, without_notices():
        for name in presets:
            model = kp.from_preset(name)
            file = Path(folder) / f"{name}.tflite"
            kp.mobile.to_tflite(model, file, size=size)
            runners[name] = kp.mobile.TFLiteModel(file)
            cost = kp.models.multiply_accumulates(model, (720 // scale, 1280 // scale, 1))
            row = {"name": name, "source": "measured", "parameters": model.count_params()}
            rows.append(row | {"gmac": cost / 1e9, "psnr": scores(model, benchmarks, scale)})
        for path in files:
            model = runners[path.name] = opened(path, range)
            row = {"name": path.name, "source": "measured", "bytes": path.stat().st_size}
            rows.append(row | {"psnr": scores(model, benchmarks, scale)})
        times = ratios(runners, size, turns)
    for row in rows:
        row["seconds"], row["ratio"] = times[row["name"]]
    rows.append({"name": "bicubic", "source": "measured"})
    rows[-1]["psnr"] = scores("bicubic", benchmarks, scale)
    for network in json.loads(PUBLISHED.read_text())["networks"]:
        if f"x{scale}" in network:
            row = {key: network[key] for key in ("name", "source", "parameters")}
            rows.append(row | {"psnr": network[f"x{scale}"]})
    rows.sort(key=lambda row: -row["psnr"][0])
    show(rows, scale)
    if out is not None:
        command = f"python benchmarks/inference/anchors.py BENCHMARKS --scale {scale}"
        found = {"command": command, "machine": machine(), "size": size, "rows": rows}
        with atomic_path(out) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n")


def show(rows, scale):
    """Print the rows as a table."""
    print(f"x{scale}, PSNR on {' / '.join(TESTS)} in dB; GMAC to 1280x720; time beside the first")
    for row in rows:
        psnr = " / ".join(f"{value:.2f}" for value in row["psnr"])
        gmac = f"{row['gmac']:.2f} GMAC" if "gmac" in row else ""
        taken = f"{1e3 * row['seconds']:.1f} ms, {row['ratio']:.2f}" if "ratio" in row else ""
        cost = row.get("parameters") or (f"{row['bytes']} bytes" if "bytes" in row else "")
        print(f"{row['name']:22} {psnr:24} {cost!s:>16} {gmac:>10}  {taken:18} {row['source']}")


if __name__ == "__main__":
    tyro.cli(main)
