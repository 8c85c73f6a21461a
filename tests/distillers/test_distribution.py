"""Two devices that share a batch take the step that one takes on the whole of it."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.distillers.distributed_steps import few_steps
from tests.distillers.small import pairs, stage_1

pytestmark = pytest.mark.core
ROOT = Path(__file__).resolve().parents[2]
BACKEND = keras.backend.backend()


def engine(name, backend):
    skip = pytest.mark.skipif(backend != BACKEND, reason=f"{name} is an engine of {backend}")
    return pytest.param(name, marks=skip, id=name)


ENGINES = [
    engine("mirrored", "tensorflow"),
    engine("multi_worker", "tensorflow"),
    engine("data_parallel", "jax"),
]


def free_ports(n):
    """Held all at once, so that no two are the same."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def environments(name):
    """Of each process of an engine: two devices in one, or one in each of two."""
    if name == "mirrored":
        return [{}]
    if name == "data_parallel":
        flags = os.environ.get("XLA_FLAGS", "")
        return [{"XLA_FLAGS": f"{flags} --xla_force_host_platform_device_count=2"}]
    workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
    return [
        {
            "TF_CONFIG": json.dumps(
                {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
            )
        }
        for index in range(2)
    ]


def steps_on_two_devices(name, folder):
    """What each process of an engine computed."""
    on_cpu = {"KERAS_BACKEND": BACKEND, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    script = [sys.executable, "-m", "tests.distillers.distributed_steps", name]
    processes = [
        subprocess.Popen(
            [*script, str(folder / f"{index}.npz")],
            cwd=ROOT,
            env={**os.environ, **on_cpu, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for index, environment in enumerate(environments(name))
    ]
    try:
        outputs = [process.communicate(timeout=300)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, output in zip(processes, outputs, strict=True):
        assert process.returncode == 0, output
    return [np.load(folder / f"{index}.npz") for index in range(len(processes))]


@pytest.fixture(scope="module")
def one_device():
    return few_steps()


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_two_devices_log_and_learn_what_one_does(name, one_device, tmp_path):
    for steps in steps_on_two_devices(name, tmp_path):
        assert set(steps) == set(one_device)
        for key, expected in one_device.items():
            np.testing.assert_allclose(steps[key], expected, atol=1e-5, err_msg=key)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.distribute is TensorFlow's")
def test_fit_takes_nothing_from_the_data_but_its_epochs():
    import tensorflow as tf

    iterations = []

    def epoch():
        iterations.append(1)
        yield pairs(4)

    shapes = [tf.TensorSpec((4, side, side, 1)) for side in (6, 12)]
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        trainer = stage_1()
        trainer.compile("sgd", loss="mae")
    dataset = tf.data.Dataset.from_generator(epoch, output_signature=tuple(shapes))
    one_batch = tf.data.experimental.assert_cardinality(1)
    trainer.fit(dataset.apply(one_batch), epochs=3, shuffle=False, verbose=0)
    assert len(iterations) == 3
