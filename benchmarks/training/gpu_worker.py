"""One framework's half of `gpu_training.py`, in a separate process.

`serve` answers one command at a time through a pipe: `describe`, `prepare` (compile the cases of a
list), `measure` (a case) and `profile` (a case that was measured). If an answer is
`{"error": ...}`, the case failed and the process continues.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock
from typing import NamedTuple

import numpy as np

SCALE = 2
# Number of steps in one program, as in the recipes on a GPU.
STEPS_PER_PROGRAM = 20
# Seconds for which JAX may continue compiling after the time in which it may begin.
PATIENCE = 20
NOT_BEGUN = "not begun: out of time"


class Case(NamedTuple):
    """A measurement: training if `embeddings` is 0, otherwise an angle loss of this batch size."""

    framework: str
    name: str  # Name of a network, or of a form of the angle loss.
    stage: str = ""
    optimizer: str = ""
    how: str = ""
    embeddings: int = 0


def guarded(function, *arguments):
    """The result, or the error message."""
    try:
        return function(*arguments)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def serve(connection, framework, settings):
    """Answer commands until the pipe closes or says `stop`."""
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "jax"
    worker = {"JAX": JAX, "PyTorch": PyTorch}[framework](settings)
    while True:
        command, *arguments = connection.recv()
        if command == "stop":
            return
        connection.send(guarded(getattr(worker, command), *arguments))


def relative_error(ours, image, kernel):
    """Relative error of a "valid" 5x5 convolution against float64: about 3e-4 with TF32."""
    windows = np.lib.stride_tricks.sliding_window_view(image.astype("float64"), (5, 5), (0, 1))
    exact = np.einsum("yxcij,ijco->yxo", windows, kernel.astype("float64"))
    return float(np.linalg.norm(ours - exact) / np.linalg.norm(exact))


def trial_convolution():
    """`(image, kernel)`, `(36, 36, 56)` and `(5, 5, 56, 56)`."""
    rng = np.random.default_rng(0)
    shapes = (36, 36, 56), (5, 5, 56, 56)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


class JAX:
    """`fit` of the distillers as in the recipes, and angle losses."""

    def __init__(self, settings):
        self.settings, self.ready = settings, {}
        # Keras changes classes when it builds models, which two threads must not do at once.
        self.building = Lock()

    def describe(self):
        """Cut the first patches; returns versions, the card, and the error of a convolution."""
        import jax
        import keras

        import keras_pisr as kp

        pairs = kp.data.ImagePairs.from_samples("train", scale=SCALE)
        self.patches = kp.data.DevicePatches(
            pairs,
            patch=SCALE * self.settings.side,
            batch_size=self.settings.batch_size,
            # The first program of a `fit` is not timed.
            steps_per_epoch=STEPS_PER_PROGRAM + self.settings.steps,
        )
        batch = self.patches[0]

        class Same(keras.utils.PyDataset):
            """A batch that stays on the device."""

            def __init__(self, steps):
                super().__init__()
                self.steps = steps

            def __len__(self):
                return self.steps

            def __getitem__(self, index):
                return batch

        self.same = Same
        image, kernel = trial_convolution()
        product = jax.lax.conv_general_dilated(
            image[None], kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return {
            "card": jax.devices()[0].device_kind,
            "versions": {"jax": jax.__version__, "keras": keras.__version__},
            "convolution_error": relative_error(np.asarray(product[0]), image, kernel),
        }

    def prepare(self, cases, until):
        """Compile cases, several at a time; none is begun after `until`, seconds of `time.time`.

        The wait for started cases ends `PATIENCE` after that.
        """
        pool = ThreadPoolExecutor(self.settings.compilers)
        work = {case: pool.submit(guarded, self.prepare_one, case, until) for case in cases}
        wait(work.values(), max(0, until - time.time()) + PATIENCE)
        late = {"error": "still compiling while other cases were measured"}
        told = {case: job.result() if job.done() else late for case, job in work.items()}
        pool.shutdown(wait=False, cancel_futures=True)
        return told

    def prepare_one(self, case, until):
        """Compile a case; returns `{"seconds": ..., "gflop": of a step}`."""
        start = time.time()
        if start > until:
            return {"error": NOT_BEGUN}
        told = {}
        if case.embeddings:
            from gpu_angle import jax_angle

            self.ready[case] = jax_angle(case.name, case.embeddings)
        else:
            with self.building:
                distiller = self.distiller(case)
            self.ready[case] = distiller
            distiller.fit(self.same(STEPS_PER_PROGRAM), shuffle=False, verbose=0)
            told["gflop"] = self.operations(distiller, case) / 1e9
        return {**told, "seconds": time.time() - start}

    def distiller(self, case):
        """A compiled distiller."""
        import keras

        import keras_pisr as kp
        from training_step_worker import keras_stage

        optimizer = {
            "Adam": lambda: keras.optimizers.Adam(1e-3),
            "SOAP": lambda: kp.optimizers.SOAP(1e-3, refresh_every=20),
        }
        return keras_stage(
            case.stage,
            SCALE,
            optimizer[case.optimizer](),
            network=case.name,
            steps_per_execution=STEPS_PER_PROGRAM,
            jit_compile=True,
        )

    def operations(self, distiller, case):
        """Floating-point operations of a step's convolutions; backward counts as two forwards."""
        from keras_pisr.models import multiply_accumulates

        small = self.settings.side
        lr, hr = (small, small, 1), (SCALE * small, SCALE * small, 1)
        if case.stage == "stage 1":
            teacher = distiller.student
            trained = multiply_accumulates(teacher.encoder, hr)
            trained += multiply_accumulates(teacher.decoder, lr)
            return 6 * trained * self.settings.batch_size
        operations = 6 * multiply_accumulates(distiller.student, lr)
        if case.stage == "stage 2":
            kernels = [w for w in distiller.estimator.weights if len(w.shape) == 4]
            operations += 6 * small**2 * sum(int(np.prod(kernel.shape)) for kernel in kernels)
            frozen = multiply_accumulates(distiller.teacher.encoder, hr)
            operations += 2 * (frozen + multiply_accumulates(distiller.tapped_decoder, lr))
        return operations * self.settings.batch_size

    def measure(self, case):
        """Steps per second of a training case; milliseconds and bytes of an angle loss."""
        ready = self.ready[case._replace(how="")]
        if case.embeddings:
            from gpu_angle import timed

            return timed(*ready)
        import jax
        import keras

        class Start(keras.callbacks.Callback):
            """Reads the clock when the first program has ended."""

            seconds = None

            def on_train_batch_end(self, index, logs=None):
                if self.seconds is None:
                    jax.block_until_ready(logs)
                    self.seconds = time.perf_counter()

        start, feed = Start(), self.patches
        if case.how == "same batch":
            feed = self.same(STEPS_PER_PROGRAM + self.settings.steps)
        ready.fit(feed, shuffle=False, verbose=0, callbacks=[start])
        seconds = time.perf_counter() - start.seconds
        return {"steps_per_second": self.settings.steps / seconds}

    def profile(self, case):
        """The kernels of a training case on one batch."""
        from gpu_profile import jax_profile

        ready, feed = self.ready[case._replace(how="")], self.same(STEPS_PER_PROGRAM)
        return jax_profile(lambda: ready.fit(feed, shuffle=False, verbose=0), STEPS_PER_PROGRAM)


class PyTorch:
    """Trainers of `torch_peer.py` on one batch that stays on the card, and angle losses."""

    def __init__(self, settings):
        import torch

        self.settings, self.ready = settings, {}
        self.device = "cuda" if torch.cuda.is_available() else "cpu"

    def describe(self, tf32):
        """Set the arithmetic of float32; returns versions and the error of a convolution."""
        import torch

        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True
        image, kernel = trial_convolution()
        product = torch.nn.functional.conv2d(
            torch.tensor(image, device=self.device).permute(2, 0, 1)[None],
            torch.tensor(kernel, device=self.device).permute(3, 2, 0, 1),
        )
        product = product[0].permute(1, 2, 0).cpu().numpy()
        return {
            "versions": {"torch": torch.__version__},
            "convolution_error": relative_error(product, image, kernel),
        }

    def prepare(self, cases, until):
        """Compile one case after the other, like `JAX.prepare`."""
        return {case: guarded(self.prepare_one, case, until) for case in cases}

    def prepare_one(self, case, until):
        """Make and warm up a case; returns `{"seconds": ...}`."""
        start = time.time()
        if start > until:
            return {"error": NOT_BEGUN}
        if case.embeddings:
            return {"seconds": 0}  # Nothing is compiled, and the memory is kept free.
        self.ready[case] = trainer = self.trainer(case)
        trainer.run(3)  # A CUDA graph is recorded in the second call, and replayed in the third.
        return {"seconds": time.time() - start}

    def trainer(self, case):
        """A trainer, channels last."""
        from torch_peer import GraphTrainer, Trainer
        from training_step_worker import batch_of

        kind = GraphTrainer if case.how == "whole step as a CUDA graph" else Trainer
        return kind(
            case.stage,
            batch_of(SCALE * self.settings.side, self.settings.batch_size, SCALE),
            SCALE,
            network=case.name,
            channels_last=True,
            device=self.device,
            compiled=case.how == "torch.compile",
        )

    def measure(self, case):
        """Like `JAX.measure`."""
        if case.embeddings:
            from gpu_angle import timed, torch_angle

            return timed(*torch_angle(case.embeddings, self.device))
        trainer = self.ready[case]
        trainer.run(2)
        start = time.perf_counter()
        trainer.run(self.settings.steps)
        return {"steps_per_second": self.settings.steps / (time.perf_counter() - start)}

    def profile(self, case):
        """Like `JAX.profile`."""
        from gpu_profile import torch_profile

        return torch_profile(lambda: self.ready[case].run(STEPS_PER_PROGRAM), STEPS_PER_PROGRAM)
