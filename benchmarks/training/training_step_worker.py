"""Runs one contestant of `training_step.py` in a separate process.

    python benchmarks/training_step_worker.py CONTESTANT PATCH BATCH SCALE CORES

The program reads lines `STAGE,STEPS` and answers each with the seconds that these steps took (on
one core, the processor time). At the end of its input it prints its peak memory in MiB. With
`check` as CONTESTANT, it compares the losses of both implementations.
"""

import itertools
import os
import resource
import sys
import time

import numpy as np

CONTESTANTS = {
    "keras_pisr, TensorFlow": "tensorflow",
    "keras_pisr, TensorFlow, XLA": "tensorflow",
    "keras_pisr, JAX": "jax",
    "keras_pisr, PyTorch": "torch",
    "PyTorch": None,
    "PyTorch, channels_last": None,
}


def batch_of(patch, batch, scale):
    rng = np.random.default_rng(0)
    sides = patch // scale, patch
    return [rng.random((batch, side, side, 1), "float32") for side in sides]


def keras_stage(stage, scale, optimizer=None, *, network="fsrcnn", **options):
    """A compiled distiller of FSRCNN, or PlainSR for `plain_sr`; Adam by default."""
    import keras

    import keras_pisr as kp

    keras.utils.set_random_seed(0)
    kinds = {
        "fsrcnn": (kp.models.FSRCNN, "expanding"),
        "plain_sr": (kp.models.PlainSR, "features"),
    }
    kind, feature = kinds[network]
    student = kind(scale=scale)
    if stage == "student":
        distiller = kp.distillers.Distiller(student, main_term="reconstruction")
    else:
        teacher = kp.models.PrivilegedTeacher(kind(scale=scale))
        distiller = kp.distillers.PrivilegedTeacherTrainer(teacher)
    if stage == "stage 2":
        distiller = kp.distillers.PrivilegedDistiller(
            teacher=teacher, student=student, feature=feature
        )
    distiller.compile(optimizer or keras.optimizers.Adam(1e-3), loss="mae", **options)
    return distiller


def feed_of(batch, steps):
    """The same batch repeatedly, in the form that suits the backend."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.data.Dataset.from_tensors(tuple(batch)).repeat(steps)

    class Same(keras.utils.PyDataset):
        def __len__(self):
            return steps

        def __getitem__(self, index):
            return tuple(batch)

    return Same()


def seconds_of_fit(distiller, batch, steps, clock):
    """Seconds of `fit` after its first step."""
    import keras

    class Start(keras.callbacks.Callback):
        seconds = None

        def on_train_batch_end(self, index, logs=None):
            if self.seconds is None:
                self.seconds = clock()

    start = Start()
    distiller.fit(feed_of(batch, steps + 1), verbose=0, callbacks=[start], shuffle=False)
    return clock() - start.seconds


def timers(contestant, batch, scale, clock):
    """A function from a stage to a function from a number of steps to seconds."""
    if CONTESTANTS[contestant]:
        # The option is explicit: Keras' "auto" means no XLA on a CPU, and always compiled on JAX.
        options = {"jit_compile": True} if contestant.endswith("XLA") else {}

        def timer(stage):
            distiller = keras_stage(stage, scale, **options)
            return lambda steps: seconds_of_fit(distiller, batch, steps, clock)
    else:
        from torch_peer import Trainer

        def timer(stage):
            trainer = Trainer(
                stage, batch, scale, channels_last=contestant.endswith("channels_last")
            )

            def seconds(steps):
                start = clock()
                trainer.run(steps)
                return clock() - start

            return seconds

    return timer


def parts_of(stage, distiller):
    """The networks of a distiller in the order of the PyTorch module's parameters."""
    if stage == "student":
        return [distiller.student]
    if stage == "stage 1":
        return [distiller.student.encoder, distiller.student.decoder]
    heads = [distiller.estimator.location, distiller.estimator.raw_scale]
    return [distiller.student, *heads, distiller.teacher.encoder, distiller.teacher.decoder]


def check(batch, scale):
    """Largest relative difference of any loss in three steps from the same weights.

    The steps are those of SGD. The two Adams place their epsilon differently, which shows if
    gradients are as small as those of the distillation heads.
    """
    import keras
    import torch

    from torch_peer import NETWORKS, STAGES, Trainer

    worst = 0
    for network, stage in itertools.product(NETWORKS, STAGES):
        distiller = keras_stage(stage, scale, keras.optimizers.SGD(0.1), network=network)
        trainer = Trainer(stage, batch, scale, network=network)
        trainer.optimizer = torch.optim.SGD(trainer.weights, 0.1)
        weights = [weight for part in parts_of(stage, distiller) for weight in part.get_weights()]
        with torch.no_grad():
            for ours, theirs in zip(weights, trainer.model.parameters(), strict=True):
                value = ours.transpose(3, 2, 0, 1) if ours.ndim == 4 else ours.reshape(-1)
                theirs.copy_(torch.from_numpy(np.ascontiguousarray(value)))
        logs = distiller.fit(feed_of(batch, 3), verbose=0, shuffle=False).history
        for name, loss in trainer.run(3).items():
            worst = max(worst, abs(logs[name][0] - loss) / abs(loss))
    return worst


def main(contestant, patch, batch_size, scale, cores):
    # This comes before all imports, because libraries choose their number of threads by the cores
    # that they may use.
    if cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    batch = batch_of(patch, batch_size, scale)
    if contestant == "check":
        print(check(batch, scale), flush=True)
        return
    clock = time.process_time if cores == 1 else time.perf_counter
    timer, stages = timers(contestant, batch, scale, clock), {}
    for line in sys.stdin:
        stage, steps = line.split(",")
        if stage not in stages:
            stages[stage] = timer(stage)
        print(stages[stage](int(steps)), flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = CONTESTANTS.get(sys.argv[1], "torch") or "torch"
    main(sys.argv[1], *map(int, sys.argv[2:]))
