"""Trains one stage after the other; each stage is resumable, seeded and logged."""

import importlib.util

import keras
from rich.console import Console

import keras_pisr as kp
from runs.released import released


class Stages:
    """Trains the stages of a recipe in one folder.

    When a killed run is resumed, finished stages are loaded, not repeated. The unfinished stage
    continues after its last whole epoch, with the same batches.

    Args:
        folder: A `RunFolder`.
        settings: The recipe's settings: `seed`, `batch_size`, `learning_rate`,
            `final_learning_rate`, `warmup_steps`, `averaging`, `tensorboard`.
        placement: A `Placement`.
        steps_per_epoch: Number of steps per epoch.
        feed: Function from an epoch to the training data from that epoch on.
        validation_data: Passed on to `fit`.
        compiling: Function that makes new arguments for `compile`, without the optimizer.
        optimizer: Function that makes the optimizer from a learning rate.
    """

    def __init__(
        self,
        folder,
        settings,
        placement,
        *,
        steps_per_epoch,
        feed,
        validation_data,
        compiling,
        optimizer=keras.optimizers.Adam,
    ):
        self.folder = folder
        self.settings = settings
        self.placement = placement
        self.steps_per_epoch = steps_per_epoch
        self.feed = feed
        self.validation_data = validation_data
        self.compiling = compiling
        self.optimizer = optimizer
        self.console = Console(highlight=False)
        self.records = {}

    def train(self, name, build, epochs, *, first_epoch=0):
        """Train a stage, or load it if it is done.

        Args:
            name: Name of the stage; its product is saved as `NAME.keras`.
            build: Function that makes `(model, distiller)`: the model that is kept, and the model
                that is fitted.
            epochs: Number of epochs of the whole stage.
            first_epoch: Epoch of the data with which the stage starts.

        Returns:
            The trained model. Apart from it, only `records` of the stage stay in memory.
        """
        with released():
            return self.train_or_load(name, build, epochs, first_epoch)

    def train_or_load(self, name, build, epochs, first_epoch):
        """`train`, with all objects of a stage in this one frame, so that they can be freed."""
        settings = self.settings
        # The seed is set for each stage, so that a stage does not depend on those that ran before.
        keras.utils.set_random_seed(settings.seed)
        resumable = kp.callbacks.Resumable(self.folder / "stages" / name)
        with self.placement.scope():
            model, distiller = build()
            optimizer = kp.optimizers.scheduled(
                epochs * self.steps_per_epoch,
                optimizer=self.optimizer,
                learning_rate=settings.learning_rate,
                final_learning_rate=settings.final_learning_rate,
                warmup_steps=settings.warmup_steps,
                averaging=settings.averaging,
            )
            distiller.compile(optimizer=optimizer, **self.compiling())
            # Otherwise TensorFlow would trace a condition for each of the optimizer's variables in
            # the first step.
            optimizer.build(distiller.trainable_variables)
            epoch = resumable.restore(distiller)
        if epoch < epochs or not (self.folder / f"{name}.keras").exists():
            progress = kp.callbacks.Progress(name, self.steps_per_epoch, self.console)
            callbacks = [resumable, progress, *self.tensorboard(name)]
            try:
                distiller.fit(
                    self.feed(first_epoch + epoch),
                    epochs=epochs,
                    initial_epoch=epoch,
                    validation_data=self.validation_data,
                    validation_batch_size=settings.batch_size,
                    callbacks=callbacks if self.placement.writes else [],
                    shuffle=False,
                    verbose=0,
                )
            finally:
                progress.close()
            self.folder.save_model(name, model)
        else:
            self.console.print(f"{name}: done before")
            model.set_weights(keras.saving.load_model(self.folder / f"{name}.keras").get_weights())
        self.records[name] = {
            "epochs": epochs,
            "steps": epochs * self.steps_per_epoch,
            "seconds": sum(resumable.history.get("seconds", [])),
            "parameters": model.count_params(),
            "history": resumable.history,
        }
        return model

    def tensorboard(self, name):
        """The TensorBoard callback if it can run; otherwise prints that once."""
        if not self.settings.tensorboard:
            return []
        missing = [x for x in ("tensorflow", "tensorboard") if not importlib.util.find_spec(x)]
        if missing:
            if not self.records:
                self.console.print(f"No logs for TensorBoard: {missing[0]} is not installed.")
            return []
        return [keras.callbacks.TensorBoard(str(self.folder / "tensorboard" / name))]
