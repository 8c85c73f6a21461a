r"""Compares two workers over loopback with one, and estimates the time of many workers.

    python benchmarks/training/scale_out.py

1. Speed: one process with one core, and two processes with one core each, which share every batch
   by `MultiWorkerMirroredStrategy`, take turns. The total batch is the same.
2. A killed worker: `recipes/pisr_x2.py --stream --distribute multi_worker` on photographs of
   scikit-image runs to its end. The same run is killed on one worker, stopped on the other and
   resumed on both. The students of both runs are compared.
3. Estimate: the time of an all-reduce among 8 to 1,024 devices, from the bytes of a network by the
   usual models of a ring and of a tree, beside the time of a step. This part measures nothing.

The program needs TensorFlow and two quiet cores, and takes a few minutes.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tyro

from keras_pisr.atomic import atomic_path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
ENVIRONMENT |= {"TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Bytes per second and seconds per message of a link, as round figures from data sheets.
LINKS = {"25 Gbit/s Ethernet": (25e9 / 8, 20e-6), "100 Gbit/s InfiniBand": (100e9 / 8, 3e-6)}
NETWORKS = {"PlainSR small": 12_696, "ResNet-18": 11_689_512}


def clusters(count, port):
    """The environment of each worker; a single worker has no cluster."""
    if count == 1:
        return [ENVIRONMENT]
    workers = [f"127.0.0.1:{port + i}" for i in range(count)]
    tasks = [{"type": "worker", "index": i} for i in range(count)]
    return [
        ENVIRONMENT | {"TF_CONFIG": json.dumps({"cluster": {"worker": workers}, "task": task})}
        for task in tasks
    ]


def start(commands, environments, **options):
    """Start one process per command, each on a separate core."""
    processes = []
    for core, (command, environment) in enumerate(zip(commands, environments, strict=True)):
        on_core = ["taskset", "-c", str(core), *command]
        env = os.environ | environment
        processes.append(subprocess.Popen(on_core, env=env, cwd=ROOT, text=True, **options))
    return processes


def worker(batch_size, steps):
    """Print the steps per second of PlainSR on this worker's share of the batches."""
    import keras
    import numpy as np
    import tensorflow as tf

    import keras_pisr as kp

    strategy = tf.distribute.get_strategy()
    if "TF_CONFIG" in os.environ:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        student = kp.models.start_as_bicubic(kp.models.PlainSR(2))
        distiller = kp.distillers.Distiller(student, main_term="reconstruction")
        distiller.compile(keras.optimizers.Adam(1e-4), loss="mae")
    hr = np.random.default_rng(0).random((batch_size, 64, 64, 1), "float32")
    data = tf.data.Dataset.from_tensors((hr[:, ::2, ::2], hr)).repeat(steps)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    data = data.unbatch().batch(batch_size, drop_remainder=True).cache().with_options(options)
    data = data.apply(tf.data.experimental.assert_cardinality(steps))
    distiller.fit(data, epochs=2, verbose=0)
    begin = time.perf_counter()
    distiller.fit(data, epochs=1, verbose=0)
    print(steps / (time.perf_counter() - begin))


def speed(batch_size, steps, rounds, port):
    """Steps per second of one and of two processes, in turns."""
    found = {1: [], 2: []}
    for turn in range(rounds):
        for count in found:
            command = [sys.executable, __file__, "--worker", str(batch_size), str(steps)]
            environments = clusters(count, port + 10 * turn)
            processes = start([command] * count, environments, stdout=subprocess.PIPE)
            outputs = [process.communicate(timeout=600)[0] for process in processes]
            found[count].append(float(outputs[0].split()[-1]))
    ratios = [two / one for one, two in zip(found[1], found[2], strict=True)]
    return {
        "batch_size": batch_size,
        "steps_per_second": {str(n): [round(v, 1) for v in values] for n, values in found.items()},
        "speed_of_two": round(statistics.median(ratios), 2),
    }


def killed_worker(port):
    """Whether a streamed run of two workers, killed and resumed, ends like one that is not."""
    import numpy as np

    import keras_pisr as kp

    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        for name, image in kp.data.sample_images("train").items():
            kp.data.write_image(place / "photos" / f"{name}.png", image)

        def run(name, port, *more):
            command = [sys.executable, "recipes/pisr_x2.py", "--stream", "--no-pisr"]
            command += ["--controls", "one_stage", "--hr-dir", place / "photos", "--epochs", 4]
            command += ["--steps-per-epoch", 40, "--distribute", "multi_worker", "--no-tensorboard"]
            command = [*map(str, command), "--out", str(place / name), *more]
            return start([command] * 2, clusters(2, port), stdout=subprocess.DEVNULL)

        for process in run("whole", port):
            process.wait(timeout=900)
        broken = run("killed", port + 2)
        second_epoch = place / "killed" / "stages" / "one_stage" / "epoch_00002.weights.h5"
        while not second_epoch.exists() and broken[0].poll() is None:
            time.sleep(0.05)
        broken[1].send_signal(signal.SIGKILL)
        time.sleep(1)
        broken[0].kill()
        for process in broken:
            process.wait()
        was_finished = (place / "killed" / "one_stage.keras").exists()
        for process in run("killed", port + 4, "--resume"):
            process.wait(timeout=900)
        students = [kp.load_student(place / n / "one_stage.keras") for n in ("whole", "killed")]
        pairs = zip(*(student.get_weights() for student in students), strict=True)
        return {
            "finished_before_it_was_killed": was_finished,
            "largest_difference_of_weights": float(max(np.abs(a - b).max() for a, b in pairs)),
        }


def all_reduce_seconds(bytes_, devices, link):
    """Seconds of an all-reduce, by the faster of a ring and of a tree up and down."""
    bandwidth, latency = link
    ring = 2 * (devices - 1) * (bytes_ / devices / bandwidth + latency)
    rounds = (devices - 1).bit_length()
    tree = 2 * rounds * (bytes_ / bandwidth + latency)
    return min(ring, tree)


def estimate():
    """Milliseconds per all-reduce of float32 gradients, by network, link and devices."""
    return {
        f"{name}, {link}": {
            str(n): round(1e3 * all_reduce_seconds(4 * count, n, LINKS[link]), 4)
            for n in (8, 64, 256, 1024)
        }
        for name, count in NETWORKS.items()
        for link in LINKS
    }


def main(
    batch_size: int = 32,
    steps: int = 100,
    rounds: int = 3,
    port: int = 23450,
    out: Path = Path("docs/results/speed/scale_out.json"),
):
    """Measure, kill and resume, estimate; write `--out`.

    Args:
        batch_size: Number of patches of 32 LR px per step, on all workers together.
        steps: Number of steps per turn.
        rounds: Number of turns.
        port: First of the loopback ports that are used.
        out: Results file.
    """
    results = {"estimated_all_reduce_ms": estimate()}
    results["killed_and_resumed"] = killed_worker(port + 500)
    print(results, flush=True)
    results["speed"] = speed(batch_size, steps, rounds, port)
    with atomic_path(out) as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(*map(int, sys.argv[2:]))
    else:
        tyro.cli(main, description=__doc__)
