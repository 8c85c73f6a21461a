"""Kills and resumes runs, damages run folders, and sends signals to commands."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from mutate import damaged_json

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
SMALL = ["--epochs", "3", "--batch-size", "2", "--no-tensorboard"]
PISR = [*SMALL, "--steps-per-epoch", "4", "--patch-size", "16", "--teacher-epochs", "3"]
# Backend, recipe, options, and the file whose weights must equal those of a run that was not
# killed.
RUNS = {
    "TensorFlow, SOAP": ("tensorflow", "pisr_x2.py", [*PISR, "--optimizer", "soap"], "student"),
    "JAX": ("jax", "pisr_x2.py", PISR, "student"),
    "HORKD": (
        "tensorflow",
        "horkd_classification.py",
        ["--epochs", "2", "--teacher-epochs", "2", "--methods", "horkd_123", "--no-tensorboard"],
        "seed_0/horkd_123",
    ),
}
SIGNALS = {signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGINT: 130}


def start(name, out, *more):
    """Start a recipe in a separate process."""
    backend, recipe, options, _ = RUNS[name]
    command = [sys.executable, RECIPES / recipe, *options, "--out", out, *more]
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **pipes)


def weights(name, out):
    """The final weights of a run."""
    import keras_pisr as kp

    return kp.load_student(out / f"{RUNS[name][3]}.keras").get_weights()


def killed_runs(kind, count, rng, work):
    """Kill runs at random and resume them, or damage a file of their folder and resume.

    Returns:
        `(name, "made" | "refused" | "failed", words)` of each.
    """
    names = list(RUNS) if kind == "kills" else ["TensorFlow, SOAP"]
    wanted, seconds = {}, {}
    for number, name in enumerate(names):
        before = time.monotonic()
        process = start(name, work / f"whole_{number}")
        words = process.communicate()[1]
        if process.returncode:
            raise RuntimeError(f"{name} does not run at all: {words[-1000:]}")
        seconds[name] = time.monotonic() - before
        wanted[name] = weights(name, work / f"whole_{number}")
    outcomes = []
    for i in range(count):
        name = names[i % len(names)]
        out = work / f"{i}"
        if kind == "kills":
            outcomes.append(killed(name, out, rng, seconds[name], wanted[name]))
        else:
            shutil.copytree(work / "whole_0", out)
            outcomes.append(damaged_folder(name, out, rng))
        shutil.rmtree(out, ignore_errors=True)
    return outcomes


def killed(name, out, rng, seconds, wanted):
    """Kill one run with SIGKILL after a random time, resume it to its end, compare its weights."""
    process = start(name, out)
    after = rng.uniform(0.2, 0.95) * seconds
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    resumed = ["--resume"] if (out / "settings.json").exists() else []
    process = start(name, out, *resumed)
    words = process.communicate()[1]
    label = f"{name}, killed after {after:.1f} s"
    if process.returncode:
        return label, "failed", words[-300:]
    got = weights(name, out)
    equal = all(np.array_equal(a, b) for a, b in zip(got, wanted, strict=True))
    return label, "made" if equal else "failed", "" if equal else "other weights"


def damaged_folder(name, out, rng):
    """Damage one JSON file of a finished run, and resume the run."""
    files = sorted(out.rglob("*.json"))
    path = files[int(rng.integers(len(files)))]
    path.write_bytes(damaged_json(path.read_bytes(), rng))
    process = start(name, out, "--resume")
    words = process.communicate()[1]
    label = f"{path.relative_to(out)}"
    if process.returncode == 0:
        return label, "made", ""
    # A run with other settings is refused with an error that names its folder.
    named = (path.name in words or str(out) in words) and "Traceback" not in words
    return label, "refused" if named and process.returncode == 2 else "failed", words[-300:]


def signalled_commands(count, rng, work, base):
    """Send a signal to running commands; each must end with its exit code and leave no files."""
    from PIL import Image

    large = work / "large.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), "uint8")).save(large)
    student = base / "student.keras"
    commands = {
        "upscale": ["upscale", large, "-o", "RESULTS", "--model", student],
        "export": ["export", student, "--out", "RESULTS/a.tflite", "--quantize", "int8"],
        "qat": [student, "--out", "RESULTS/a.keras"],
        "video": ["upscale", clip(work), "-o", "RESULTS", "--model", student],
    }
    outcomes = []
    for i in range(count):
        name = list(commands)[i % len(commands)]
        number = list(SIGNALS)[(i // len(commands)) % len(SIGNALS)]
        results = work / f"results_{i}"
        results.mkdir()
        module = "keras_pisr.cli.qat" if name == "qat" else "keras_pisr"
        words = [str(word).replace("RESULTS", str(results)) for word in commands[name]]
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(rng.uniform(1, 12))
        process.send_signal(number)
        said = process.communicate()[1]
        left = [path.name for path in results.glob(".*")]
        label = f"{name}, {signal.Signals(number).name}"
        expected = process.returncode in (SIGNALS[number], 0) and "Traceback" not in said
        fine = expected and not left
        reason = f"code {process.returncode}, left {left}: {said[-200:]}"
        outcomes.append((label, "made" if fine else "failed", "" if fine else reason))
    return outcomes


def clip(work):
    """A video of two seconds."""
    import av

    path = work / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 320
        rng = np.random.default_rng(0)
        for _ in range(50):
            pixels = rng.integers(0, 256, (320, 320, 3), "uint8")
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path
