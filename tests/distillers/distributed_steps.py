"""A few steps of both stages on two devices, as a process of its own.

    python -m tests.distillers.distributed_steps ENGINE OUT.npz

Devices are set up before anything wakes the backend, which a test cannot do for itself.
"""

import contextlib
import sys

import keras
import numpy as np

from keras_pisr.metrics import PSNR
from tests.distillers.small import pairs, stage_1, stage_2


def few_steps(scope=contextlib.nullcontext):
    """By stage, every log and all weights after four steps of SGD with sample weights."""
    result = {}
    for stage, build in {"stage_1": stage_1, "stage_2": stage_2}.items():
        with scope():
            distiller = build()
            optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
            distiller.compile(optimizer, loss="mae", metrics=[PSNR(shave=2)])
        lr, hr = pairs(8)
        history = distiller.fit(
            lr,
            hr,
            sample_weight=np.linspace(0.2, 1.6, 8),
            epochs=2,
            batch_size=4,
            shuffle=False,
            validation_data=pairs(4, seed=1),
            verbose=0,
        ).history
        result |= {f"{stage}/{name}": values for name, values in history.items()}
        result[f"{stage}/predict"] = distiller.predict(lr, verbose=0)
        for index, weight in enumerate(distiller.get_weights()):
            result[f"{stage}/weight {index}"] = weight
    return result


def scope_of(engine):
    """What builds a model on both devices of an engine."""
    if engine == "data_parallel":
        keras.distribution.set_distribution(keras.distribution.DataParallel())
        devices, scope = len(keras.distribution.list_devices()), contextlib.nullcontext
    else:
        import tensorflow as tf

        if engine == "mirrored":
            half = tf.config.LogicalDeviceConfiguration()
            cpu = tf.config.list_physical_devices("CPU")[0]
            tf.config.set_logical_device_configuration(cpu, [half, half])
            strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        else:
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
        devices, scope = strategy.num_replicas_in_sync, strategy.scope
    if devices != 2:
        sys.exit(f"{engine} runs on {devices} devices, not on two")
    return scope


if __name__ == "__main__":
    engine, out = sys.argv[1:]
    np.savez(out, **few_steps(scope_of(engine)))
