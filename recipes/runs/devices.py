"""The devices of a recipe: one, all of a machine, or all of a cluster."""

import contextlib
import dataclasses
import os
from collections.abc import Callable

import keras


@dataclasses.dataclass(frozen=True)
class Placement:
    """Devices that share every batch.

    Attributes:
        scope: Function that makes the context in which models and optimizers are built.
        replicas: Number of devices that share a batch.
        writes: Whether this process writes the files of the run; only one of several workers does.
        workers: The `tf.distribute` strategy, if there are several workers.
    """

    scope: Callable = contextlib.nullcontext
    replicas: int = 1
    writes: bool = True
    workers: object = None


def place(distribute):
    """The placement that `--distribute` names.

    Call this first, because workers can connect only before TensorFlow has run anything.

    Raises:
        ValueError: If the backend has no such engine, or a worker does not know its cluster.
    """
    if distribute == "none":
        return Placement()
    backend, needed = keras.backend.backend(), "tensorflow"
    if distribute == "data_parallel":
        needed = "jax"
    if backend != needed:
        raise ValueError(f"--distribute {distribute} needs KERAS_BACKEND={needed}, not {backend}.")
    if distribute == "data_parallel":
        keras.distribution.set_distribution(keras.distribution.DataParallel())
        return Placement(replicas=len(keras.distribution.list_devices()))
    import tensorflow as tf

    if distribute == "mirrored":
        strategy = tf.distribute.MirroredStrategy()
        return Placement(strategy.scope, strategy.num_replicas_in_sync)
    if "TF_CONFIG" not in os.environ:
        raise ValueError(
            "--distribute multi_worker reads the cluster from TF_CONFIG, which is not set, e.g. "
            '{"cluster": {"worker": ["host1:12345", "host2:12345"]}, '
            '"task": {"type": "worker", "index": 0}} on host1.'
        )
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    return Placement(
        strategy.scope,
        strategy.num_replicas_in_sync,
        is_chief(strategy.cluster_resolver),
        strategy,
    )


def is_chief(resolver):
    """Whether this is the one worker that writes."""
    if "chief" in resolver.cluster_spec().jobs:
        return resolver.task_type == "chief"
    return resolver.task_type == "worker" and resolver.task_id == 0


def jax_accelerator():
    """Whether Keras runs on JAX with a GPU or TPU."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return jax.default_backend() != "cpu"
