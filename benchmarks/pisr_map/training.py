"""Trains one trial after the other, each once, and scores them on held-out images."""

import functools
import itertools
import json
import time

import keras
from networks import NETWORKS, Fade, Guided, balanced_weight

import keras_pisr as kp
from keras_pisr.atomic import atomic_path

SCALE = 2
BATCH_SIZE, PATCH_SIZE = 8, 48  # 24 px of the LR image.
STEPS_PER_EPOCH = 250
HELD_OUT = {"T91": 10, "BSDS400": 20}  # The last ones of each; JPEG files at half their size.


class Trainer:
    """Trains trials in one folder; those that are done are read, not repeated.

    Args:
        data: Folder with `train/T91` and `train/BSDS400`.
        folder: Where trials lie, each in a folder of its own.
    """

    def __init__(self, data, folder):
        self.data = data
        self.folder = folder

    @functools.cached_property
    def sources(self):
        """Images to train on, and those held out, by source."""
        found = {}
        for name, count in HELD_OUT.items():
            pairs = kp.data.ImagePairs.from_folder(self.data / "train" / name, scale=SCALE)
            found[name] = pairs.split(-count)
        return found

    @functools.cached_property
    def held_out(self):
        """Folder of the held-out images: those of T91, and those of BSDS400 at half their size."""
        folder = self.folder / "held_out"
        for name, factor in (("T91", 1), ("BSDS400", 0.5)):
            apart = self.sources[name][1].resized(factor)
            for i in range(len(apart)):
                kp.data.write_image(folder / "HR" / f"{name}_{i:02d}.png", apart.image(i)[1])
        return folder

    @functools.lru_cache(maxsize=2)  # noqa: B019  (one trainer per process)
    def training_images(self, count, degrade):
        """So many images, spread evenly over both sources, in several sizes; 0 takes all."""
        kept = {name: pairs for name, (pairs, _) in self.sources.items()}
        total = sum(len(pairs) for pairs in kept.values())
        parts, before = [], 0
        for name, sizes in (("T91", (1, 0.8, 0.6)), ("BSDS400", (0.7, 0.5))):
            pairs = kept[name]
            chosen = {round((i + 0.5) * total / count) - before for i in range(count)}
            if count:
                images = [pairs.image(i)[1] for i in sorted(chosen) if 0 <= i < len(pairs)]
                pairs = kp.data.ImagePairs.from_images(images, scale=SCALE)
            parts += [pairs.resized(size) for size in sizes]
            before += len(kept[name])
        return kp.data.ImagePairs.join(parts).degraded(degrade or None)

    def path(self, trial):
        """Folder of a trial."""
        return self.folder / trial.key

    def model(self, trial):
        """The trained model of a trial, trained now if need be."""
        self.record(trial)
        return keras.saving.load_model(self.path(trial) / "model.keras")

    def record(self, trial):
        """What is known of a trial, which is trained now if need be."""
        done = self.path(trial) / "record.json"
        if not done.exists():
            for needed in (trial.start, trial.teacher):
                if needed is not None:
                    self.record(needed)
            self.train(trial)
        return json.loads(done.read_text())

    def train(self, trial):
        """Train a trial and write its model and record."""
        # Models of earlier trials are in their files.
        keras.utils.clear_session(free_memory=True)
        keras.utils.set_random_seed(trial.seed)
        keras.config.set_dtype_policy("mixed_bfloat16")
        start = time.perf_counter()
        model = self.started(trial)
        distiller, callbacks = self.distiller(trial, model)
        optimizer = kp.optimizers.scheduled(trial.steps, learning_rate=trial.rate, warmup_steps=500)
        distiller.compile(optimizer, loss="mae", steps_per_execution=10)
        feed = kp.data.tf_patches(
            self.training_images(trial.images, trial.degrade),
            patch=PATCH_SIZE,
            batch_size=BATCH_SIZE,
            steps_per_epoch=STEPS_PER_EPOCH,
            detail=1,
            seed=trial.seed,
        )
        if trial.share:
            weight = balanced_weight(distiller, itertools.islice(feed, 8), trial.share)
            distiller.weight.assign(weight)
        history = distiller.fit(
            feed, epochs=trial.steps // STEPS_PER_EPOCH, callbacks=callbacks, verbose=0
        )
        record = {"seconds": round(time.perf_counter() - start, 1)}
        record["loss"] = [round(loss, 6) for loss in history.history["reconstruction"]]
        if trial.share:
            record["weight"] = weight
        path = self.path(trial)
        path.mkdir(parents=True, exist_ok=True)
        with atomic_path(path / "model.keras") as temporary:
            model.save(temporary)
        keras.config.set_dtype_policy("float32")
        model = keras.saving.load_model(path / "model.keras")
        if trial.role != "teacher":
            scores = kp.evaluate(
                model, self.held_out, scale=SCALE, degrade=trial.degrade or None, progress=False
            )
            record["psnr"] = {row.name: row.psnr for row in scores.rows}
        with atomic_path(path / "record.json") as temporary:
            temporary.write_text(json.dumps(record), encoding="utf-8")

    def started(self, trial):
        """The model that a trial trains, with the weights that it starts from."""
        model = NETWORKS[trial.student](SCALE)
        upscaler = model
        if trial.role == "teacher":
            model = kp.models.PrivilegedTeacher(model)
        kp.models.start_as_bicubic(model, seed=trial.seed)
        if trial.start is not None:
            before = self.model(trial.start)
            before = before.decoder if trial.start.role == "teacher" else before
            upscaler.set_weights(before.get_weights())
        return model

    def distiller(self, trial, model):
        """`(distiller, callbacks)`."""
        if trial.role == "teacher":
            weight = trial.imitation
            return kp.distillers.PrivilegedTeacherTrainer(model, imitation_weight=weight), []
        if trial.guide == "nothing":
            return kp.distillers.Distiller(model, main_term="reconstruction"), []
        guided = Guided(
            model,
            self.model(trial.teacher),
            guide=trial.guide,
            layers=trial.layers,
            weight=trial.weight,
        )
        return guided, [Fade()] if trial.fade else []
