"""Time and memory of the angle loss, compared with the usual form.

    python benchmarks/training/relational_losses.py                    # all cases, about 20 minutes
    python benchmarks/training/relational_losses.py --batches 64 --widths 128 --output trial.json

The usual form builds every difference of two embeddings, `(N, N, d)`, normalises it and multiplies.
It is written here in plain PyTorch and in plain TensorFlow. Ours is `keras_pisr.losses.angle_loss`
on PyTorch, TensorFlow (in a `tf.function`) and JAX (jitted).

Each case runs forward and backward in its own process, on one core. Time is that of the fastest of
at least 3 calls, after two calls to warm up. On a shared machine, slower calls measure other work
(the median is in the JSON). Memory is the growth of the process's peak above its memory before the
first call (Linux only). A case that exceeds `--memory-limit` is stopped, and recorded as such.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

FORMS = {
    "usual, PyTorch": "torch",
    "ours, PyTorch": "torch",
    "usual, TensorFlow": "tensorflow",
    "ours, TensorFlow": "tensorflow",
    "ours, JAX": "jax",
}
SECONDS_A_CASE = 10


def status(field, process="self"):
    """A field of /proc/PID/status in bytes."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


def usual_torch(target, prediction, device="cpu"):
    import torch
    from torch.nn import functional

    target = torch.tensor(target, device=device)
    prediction = torch.tensor(prediction, device=device, requires_grad=True)

    def cosines(embeddings):
        difference = embeddings[None, :, :] - embeddings[:, None, :]
        unit = functional.normalize(difference, dim=2)
        return torch.bmm(unit, unit.transpose(1, 2))

    def step():
        with torch.no_grad():
            guide = cosines(target)
        loss = functional.smooth_l1_loss(cosines(prediction), guide)
        (slope,) = torch.autograd.grad(loss, prediction)
        return loss.detach(), slope

    return step


def usual_tensorflow(target, prediction):
    import tensorflow as tf

    target, prediction = tf.constant(target), tf.constant(prediction)

    def cosines(embeddings):
        difference = embeddings[None, :, :] - embeddings[:, None, :]
        unit = tf.math.l2_normalize(difference, axis=2)
        return tf.matmul(unit, unit, transpose_b=True)

    @tf.function
    def differentiate(target, prediction):
        guide = cosines(target)
        with tf.GradientTape() as tape:
            tape.watch(prediction)
            difference = cosines(prediction) - guide
            size = tf.abs(difference)
            loss = tf.reduce_mean(tf.where(size < 1, 0.5 * difference**2, size - 0.5))
        return loss, tape.gradient(loss, prediction)

    return lambda: [x.numpy() for x in differentiate(target, prediction)]


def ours(target, prediction):
    from keras import backend, ops

    from keras_pisr.losses import angle_loss

    if backend.backend() == "torch":
        import torch

        target = torch.tensor(target)
        prediction = torch.tensor(prediction, requires_grad=True)

        def step():
            loss = ops.mean(angle_loss(target, prediction))
            (slope,) = torch.autograd.grad(loss, prediction)
            return float(loss), slope.numpy()

        return step
    if backend.backend() == "jax":
        import jax

        differentiate = jax.jit(
            jax.value_and_grad(lambda s, t: ops.mean(angle_loss(t, s)), argnums=0)
        )
        return lambda: [x.__array__() for x in differentiate(prediction, target)]
    import tensorflow as tf

    target, prediction = tf.constant(target), tf.constant(prediction)

    @tf.function
    def differentiate(target, prediction):
        with tf.GradientTape() as tape:
            tape.watch(prediction)
            loss = ops.mean(angle_loss(target, prediction))
        return loss, tape.gradient(loss, prediction)

    return lambda: [x.numpy() for x in differentiate(target, prediction)]


def prepare(form, batch, width):
    """A function that runs one forward and backward pass."""
    import numpy as np

    rng = np.random.default_rng(0)
    target, prediction = rng.normal(size=(2, batch, width)).astype("float32")
    if form.startswith("ours"):
        return ours(target, prediction)
    return (usual_torch if "PyTorch" in form else usual_tensorflow)(target, prediction)


def one_thread(backend):
    if backend == "torch":
        import torch

        torch.set_num_threads(1)
    elif backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def measure(form, batch, width):
    """Run one case in this process; returns its figures."""
    one_thread(FORMS[form])
    prepare(form, 4, 4)()  # Memory of code that is loaded once, at the first call, is not counted.
    step = prepare(form, batch, width)
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # Reset the peak.
    loss, slope = step()
    step()
    times = []
    while len(times) < 5 or (sum(times) < 1 and len(times) < 50):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
        if len(times) == 3 and sum(times) > SECONDS_A_CASE:
            break
    return {
        "median_milliseconds": 1e3 * statistics.median(times),
        "fastest_milliseconds": 1e3 * min(times),
        "calls": len(times),
        "extra_bytes": status("VmHWM") - before,
        "loss": float(loss),
        "gradient_norm": float((slope**2).sum() ** 0.5),
    }


def run_case(form, batch, width, memory_limit):
    """Run one case in a separate process and watch its memory."""
    command = [sys.executable, __file__, "--case", form, str(batch), str(width)]
    environment = {
        **os.environ,
        "KERAS_BACKEND": FORMS[form],
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
    }
    child = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}),
    )
    while child.poll() is None:
        if status("VmRSS", child.pid) > memory_limit:
            child.kill()
            child.communicate()
            return {"stopped": f"over {memory_limit / 1e9:.0f} GB"}
        time.sleep(0.02)
    output, errors = child.communicate()
    if child.returncode:
        raise RuntimeError(f"{form} at batch {batch}, width {width} failed:\n{errors}")
    return json.loads(output.splitlines()[-1])


def table(cases):
    """The cases as a Markdown table, with one row per size and framework, and the ratios last."""
    found = {(c["form"], c["batch"], c["width"]): c for c in cases}
    lines = [
        "| batch | width | framework | usual: ms, MB | ours: ms, MB | faster | less memory |",
        "|---|---|---|---|---|---|---|",
    ]

    def cell(case):
        if "extra_bytes" not in case:
            return case.get("stopped", "-")
        return f"{case['fastest_milliseconds']:.1f}, {case['extra_bytes'] / 1e6:.1f}"

    for (form, batch, width), our in found.items():
        kind, framework = form.split(", ")
        if kind == "usual":
            continue
        usual = found.get((f"usual, {framework}", batch, width), {})
        ratios = " | "
        if "extra_bytes" in usual and "extra_bytes" in our:
            faster = usual["fastest_milliseconds"] / our["fastest_milliseconds"]
            # Below a megabyte of growth the ratio has no meaning.
            smaller = usual["extra_bytes"] / max(our["extra_bytes"], 1e6)
            ratios = f"{faster:.1f} | {smaller:.1f}"
        cells = f"| {batch} | {width} | {framework} | {cell(usual)} | {cell(our)} | {ratios} |"
        lines.append(cells)
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, nargs="+", default=[64, 128, 256, 512, 1024])
    parser.add_argument("--widths", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--forms", nargs="+", default=list(FORMS), choices=list(FORMS))
    parser.add_argument("--memory-limit", type=float, default=8e9, help="bytes a case may hold")
    parser.add_argument(
        "--output", type=Path, default=Path("docs/results/speed/relational_losses.json")
    )
    parser.add_argument("--case", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        form, batch, width = arguments.case
        print(json.dumps(measure(form, int(batch), int(width))))
        return
    cases = []
    for batch in arguments.batches:
        for width in arguments.widths:
            for form in arguments.forms:
                case = run_case(form, batch, width, arguments.memory_limit)
                cases.append({"form": form, "batch": batch, "width": width, **case})
                print(cases[-1], flush=True)
    machine = f"{platform.machine()}, one core of {os.cpu_count()}, shared"
    result = {"machine": machine, "memory_limit": arguments.memory_limit, "cases": cases}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=1) + "\n")
    print(table(cases))


if __name__ == "__main__":
    main()
