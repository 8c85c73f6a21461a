"""Compares PlainSR x2 with FSRCNN x2 in several runtimes, 640x360 to 1280x720, on one thread.

    pip install -e ".[mobile,onnx,openvino]" opencv-python-headless ncnn pnnx
    python benchmarks/mobile/plain_sr_runtimes.py

All contestants take turns in one process on one core. A ratio is the median, over turns, of a
contestant's processor time divided by that of `PlainSR, LiteRT float32` in the same turn, so other
work on the machine hardly changes it. Outputs are compared first. A runtime that is not installed
is left out. FSRCNN has one slope per layer. Both networks have their initial weights, because the
time of an operation does not depend on the values.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"  # Before Keras is imported: only it converts.

import numpy as np
import tyro

import keras_pisr as kp
from keras_pisr.console.quiet import without_notices
from keras_pisr.mobile.export.ready_files import write_json
from keras_pisr.mobile.latency.timing import machine
from keras_pisr.mobile.targets.onnx_file import onnx_function, to_onnx
from keras_pisr.mobile.targets.openvino_file import openvino_function

SIZE = (360, 640)
OURS = "PlainSR, LiteRT float32"
PACKAGES = (
    "ai-edge-litert",
    "onnxruntime",
    "openvino",
    "opencv-python-headless",
    "ncnn",
    "pnnx",
    "tensorflow",
)


def opencv_function(path):
    """A function from luma to luma that runs an ONNX file with OpenCV."""
    import cv2

    cv2.setNumThreads(1)
    network = cv2.dnn.readNetFromONNX(str(path))

    def run(luma):
        network.setInput(luma.reshape(1, 1, *luma.shape[1:3]))
        return network.forward().transpose(0, 2, 3, 1)

    return run


def ncnn_function(path):
    """A function from luma to luma that runs an ONNX file with ncnn in float32, after pnnx."""
    import ncnn
    import pnnx

    height, width = SIZE
    program = Path(pnnx.EXEC_PATH)
    command = [program, path.name, f"inputshape=[1,1,{height},{width}]f32", "fp16=0"]
    subprocess.run(command, cwd=path.parent, check=True, capture_output=True)
    parameters = path.with_suffix(".ncnn.param")
    # ncnn has another name for this operation, which pnnx does not use for ONNX files.
    text = re.sub(r"^DepthToSpace( .*)$", r"PixelShuffle\1 0=2", parameters.read_text(), flags=re.M)
    parameters.write_text(text)
    network = ncnn.Net()
    network.opt.num_threads = 1
    for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(network.opt, f"use_{option}", False)
    network.load_param(str(parameters))
    network.load_model(str(path.with_suffix(".ncnn.bin")))

    def run(luma):
        with network.create_extractor() as extractor:
            extractor.input("in0", ncnn.Mat(luma.reshape(1, *luma.shape[1:3])))
            return np.array(extractor.extract("out0")[1])[..., None]

    return run


def tensorflow_function(student):
    """A function from luma to luma that runs a Keras model as a TensorFlow function."""
    import tensorflow as tf

    function = tf.function(lambda luma: student(luma, training=False), autograph=False)
    return lambda luma: function(tf.constant(luma)).numpy()


def contestants(name, student, folder):
    """`(name, function, largest difference allowed)` of each runtime that is installed."""
    for precision, floor in (("float32", 1e-4), ("float16", 0.01), ("int8", 0.2)):
        path = folder / f"{name}_{precision}.tflite"
        kp.mobile.to_tflite(student, path, precision=precision, size=SIZE, pixels="float32")
        yield f"{name}, LiteRT {precision}", kp.mobile.TFLiteModel(path, trusted=True), floor
    to_onnx(student, folder / f"{name}.onnx")
    for runtime, function, source in (
        ("ONNX Runtime", onnx_function, f"{name}.onnx"),
        ("OpenVINO", openvino_function, f"{name}_float32.tflite"),
        ("OpenCV DNN", opencv_function, f"{name}.onnx"),
        ("ncnn", ncnn_function, f"{name}.onnx"),
    ):
        try:
            yield f"{name}, {runtime}", function(folder / source), 1e-4
        except ImportError as error:
            print(f"{runtime} is left out: {error}", file=sys.stderr)
    yield f"{name}, TensorFlow", tensorflow_function(student), 1e-4


def installed(package):
    """A package's version, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def main(turns: int = 12, out: Path = Path("docs/results/speed/plain_sr_runtimes.json")):
    """Compare outputs, let the runtimes take turns, print a table, write the figures."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    lr = np.random.default_rng(0).random((1, *SIZE, 1), "float32")
    students = {
        "PlainSR": kp.models.start_as_bicubic(kp.models.PlainSR(2), seed=0),
        "FSRCNN": kp.models.start_as_bicubic(kp.models.FSRCNN(2), seed=0),
    }
    runners, differences = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name, student in students.items():
            wanted = np.asarray(student.predict_on_batch(lr))
            with without_notices():
                made = list(contestants(name, student, Path(folder)))
            for label, run, floor in made:
                differences[label] = float(np.abs(run(lr) - wanted).max())
                if not differences[label] <= floor:
                    raise ValueError(f"{label} differs from Keras by {differences[label]:.1e}.")
                runners[label] = run
        seconds = {label: [] for label in runners}
        order = np.random.default_rng(1)
        for _ in range(turns):
            for label in order.permutation(list(runners)):
                start = time.process_time()
                runners[label](lr)
                seconds[label].append(time.process_time() - start)
    ours = np.array(seconds[OURS])
    rows = {
        label: {
            "median_ms": 1000 * float(np.median(each)),
            "ratio": float(np.median(np.array(each) / ours)),
            "difference": differences[label],
        }
        for label, each in seconds.items()
    }
    report = {
        "command": "python benchmarks/mobile/plain_sr_runtimes.py",
        "machine": machine(),
        "load": os.getloadavg()[0],
        "packages": {name: installed(name) for name in PACKAGES},
        "size": SIZE,
        "turns": turns,
        "rows": rows,
    }
    write_json(out, report)
    print("| | ms of processor time | of PlainSR's, LiteRT float32 |\n|---|---|---|")
    for label, row in rows.items():
        print(f"| {label} | {row['median_ms']:.0f} | {row['ratio']:.2f} |")
    others = [label for label in rows if label.startswith("FSRCNN") and "LiteRT" not in label]
    best = min(others, key=lambda label: rows[label]["ratio"])
    print(f"\nThe fastest of the other runtimes with FSRCNN is {best}. Of its time PlainSR takes:")
    for precision in ("float32", "float16", "int8"):
        ratios = np.array(seconds[f"PlainSR, LiteRT {precision}"]) / np.array(seconds[best])
        print(f"{precision}: {np.median(ratios):.2f}")
    print(json.dumps(report["packages"]))


if __name__ == "__main__":
    tyro.cli(main)
