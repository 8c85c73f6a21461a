"""Steps per second of the stages of PISR on a GPU, by JAX, beside plain PyTorch.

    KERAS_BACKEND=jax python benchmarks/training/gpu_training.py

Ours is `fit` with patches of the embedded photographs, cut by NumPy (`PatchSequence`) or on the
GPU (`DevicePatches`), one step or twenty a program (`steps_per_execution`). PyTorch, where it is
installed with CUDA, trains on one batch that stays on the GPU: it need not cut patches. Every one
runs twice; the second run counts.
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import keras
import tyro
from rich.console import Console
from rich.table import Table

import keras_pisr as kp
from training_step_worker import batch_of, keras_stage

# Of FSRCNN x2 and of the teacher's encoder, a LR px; backwards costs twice as much as forwards.
MULTIPLY_ACCUMULATES = {"student": 12_464, "stage 1": 12_464 + 90_780}


@dataclass
class Settings:
    """Settings of the measurement."""

    side: int = 32
    """Side of the low-resolution patch in px."""
    batch_size: int = 64
    """Patches per batch."""
    steps: int = 400
    """Steps per run."""
    out: Path | None = None
    """JSON file for the figures."""


def contestants(settings):
    """Name -> `(stage, function that takes the steps)`."""
    pairs = kp.data.ImagePairs.from_samples("train", scale=2)
    options = {
        "patch": 2 * settings.side,
        "batch_size": settings.batch_size,
        "steps_per_epoch": settings.steps,
    }

    def ours(stage, feed, optimizer, steps_per_execution):
        distiller = keras_stage(
            stage, 2, optimizer(), steps_per_execution=steps_per_execution, jit_compile=True
        )
        return stage, lambda: distiller.fit(feed(pairs, **options), shuffle=False, verbose=0)

    adam, soap = lambda: keras.optimizers.Adam(1e-3), lambda: kp.optimizers.SOAP(1e-3)
    device, host = kp.data.DevicePatches, kp.data.PatchSequence
    runs = {
        "student, Adam, patches by NumPy": ours("student", host, adam, 1),
        "student, Adam": ours("student", device, adam, 1),
        "student, Adam, 20 steps per program": ours("student", device, adam, 20),
        "student, SOAP, 20 steps per program": ours("student", device, soap, 20),
        "stage 1, Adam, 20 steps per program": ours("stage 1", device, adam, 20),
        "stage 2, Adam, 20 steps per program": ours("stage 2", device, adam, 20),
    }
    try:
        import torch

        from torch_peer import Trainer
    except ImportError:
        return runs
    if torch.cuda.is_available():
        batch = batch_of(2 * settings.side, settings.batch_size, 2)
        for stage in ("student", "stage 1", "stage 2"):
            trainer = Trainer(stage, batch, 2, device="cuda")
            runs[f"PyTorch, {stage}, Adam"] = stage, lambda t=trainer: t.run(settings.steps)
    return runs


def main(settings):
    console, table, rates = Console(highlight=False), Table("", "steps/s", "TFLOP/s"), {}
    pixels = settings.batch_size * settings.side**2
    for name, (stage, run) in contestants(settings).items():
        run()
        start = time.perf_counter()
        run()
        rates[name] = settings.steps / (time.perf_counter() - start)
        macs = MULTIPLY_ACCUMULATES.get(stage)
        flops = f"{6 * macs * pixels * rates[name] / 1e12:.2f}" if macs else ""
        table.add_row(name, f"{rates[name]:.0f}", flops)
        console.print(name, f"{rates[name]:.0f} steps/s")
    console.print(table)
    if settings.out:
        content = {
            "side": settings.side,
            "batch_size": settings.batch_size,
            "devices": [str(device) for device in keras.distribution.list_devices()],
            "cpus": os.cpu_count(),
            "steps_per_second": rates,
        }
        settings.out.parent.mkdir(parents=True, exist_ok=True)
        settings.out.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
