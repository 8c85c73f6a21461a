"""The base of every training stage: a student, frozen guides, named loss terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from keras_pisr.distillers.copy_weights import check_built
from keras_pisr.distillers.data_check import check_pair, check_sizes, check_weight
from keras_pisr.distillers.train_step import TrainStep

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence


class Distiller(TrainStep, keras.Model):
    """A Keras model that trains a student with the outputs of frozen guides.

    A subclass may define three methods:

    - `guidance(x, y)`: the outputs of the guides, in inference mode and never differentiated;
    - `streams(x, y, training)`: the outputs of the trained networks, once per step, with the
      prediction under the name `"output"`;
    - `terms(outputs, guidance, x, sample_weight)`: the loss terms beside the compiled loss.

    The rest is Keras as usual: `compile(optimizer, loss, metrics)`, `fit`, `evaluate`,
    callbacks, `steps_per_execution` (not on PyTorch), `jit_compile`, mixed precision,
    gradient clipping and moving averages in the optimizer, `tf.distribute` on TensorFlow,
    `keras.distribution` on JAX. `sample_weight` has one value per sample, `(batch,)`, or, where
    `y` are images, one per pixel of them: a mask, `(batch, height, width)`.

    The logs hold the compiled loss under `main_term`, each term of `terms` under its name,
    already multiplied by its weight, and their sum as `loss`.

    Args:
        student: The model that is trained and, in the end, deployed.
        guides: Keras models that guide the student. They are frozen (`trainable = False`).
        term_names: Names of the loss terms of `terms`.
        main_term: Name of the compiled loss in the logs.
        **kwargs: Passed on to `keras.Model`.
    """

    def __init__(
        self,
        student: keras.Model,
        *,
        guides: Sequence[keras.Model] = (),
        term_names: Sequence[str] = (),
        main_term: str = "task",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for role, model in [("student", student), *(("guide", guide) for guide in guides)]:
            if not isinstance(model, keras.Model):
                raise ValueError(f"The {role} must be a keras.Model, got {type(model).__name__}.")
            check_built(role, model)
        owned = {id(weight) for weight in student.weights}
        for guide in guides:
            if any(id(weight) in owned for weight in guide.weights):
                raise ValueError(
                    f"The student {student.name!r} shares weights with its guide {guide.name!r}, "
                    "which is frozen. Build a model of its own for the student."
                )
            guide.trainable = False
        self.student = student
        self.scale = getattr(student, "scale", None)
        self.guides = list(guides)
        self.main_term = main_term
        self.term_trackers = {
            name: keras.metrics.Mean(name=name) for name in (main_term, *term_names)
        }
        self.built = True

    # === Methods for subclasses ===

    def guidance(self, x: Any, y: Any) -> Any:
        """Outputs of the frozen guides; by default none.

        Args:
            x: What the phone will see, a batch.
            y: What only training sees, a batch.

        Returns:
            Any structure of tensors; it is passed to `terms`.
        """
        return {}

    def streams(self, x: Any, y: Any, training: bool) -> Any:
        """Outputs of the trained networks; by default `student(x)`.

        Args:
            x: What the phone will see, a batch.
            y: What only training sees, a batch.
            training: Whether layers run in training mode.

        Returns:
            A dict of tensors with the prediction under `"output"`.
        """
        return {"output": self.student(x, training=training)}

    def terms(self, outputs: Any, guidance: Any, x: Any, sample_weight: Any) -> dict[str, Any]:
        """The loss terms beside the compiled loss; by default none.

        Args:
            outputs: The result of `streams`.
            guidance: The result of `guidance`.
            x: What the phone will see, a batch.
            sample_weight: `(batch,)`, for images also `(batch, height, width)`, or None.

        Returns:
            A dict from the names in `term_names` to weighted scalars.
        """
        return {}

    # === Shared by the train steps ===

    def call(self, x: Any, training: bool = False) -> Any:
        """Output of the student."""
        return self.student(x, training=training)

    def make_train_function(self, force: bool = False) -> Any:
        """Raise a `ValueError` if the student is frozen, as a former guide of a distiller is."""
        if not self.student.trainable_weights:
            raise ValueError(
                f"{self.student.name!r} has no weight to train. A model that became the guide of "
                "another distiller is frozen: set its `trainable = True`, or finish this stage "
                "before the next one is made."
            )
        return super().make_train_function(force)

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Train as `keras.Model.fit` does.

        A `tf.data.Dataset` has its own order. Keras cannot shuffle it and would warn, so it is not
        asked to.
        """
        if type(x).__module__.startswith("tensorflow."):
            kwargs.setdefault("shuffle", False)
        return super().fit(x, *args, **kwargs)

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True, **kwargs: Any) -> None:
        """Save the student alone: what `ModelCheckpoint("best.keras")` writes can be deployed.

        The whole distiller (student, guides, heads and, once compiled, the optimizer's state)
        is kept by `save_weights("all.weights.h5")` and read by `load_weights` of a distiller
        that was made and compiled in the same way.
        """
        self.student.save(filepath, overwrite=overwrite, **kwargs)

    def load_weights(self, filepath: str | os.PathLike[str], **kwargs: Any) -> None:
        """Load what `save_weights` wrote, into the optimizer too if this distiller is compiled."""
        if self.compiled:
            self.optimizer.build(self.trainable_variables)
        super().load_weights(filepath, **kwargs)

    def unpack(self, data: Any) -> Any:
        """`(x, y, sample_weight)` of a batch, checked."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        check_pair(self, x, y)
        check_sizes(x, y, self.scale)
        return x, y, sample_weight

    def _symbolic_build(self, iterator=None, data_batch=None):
        """Check the data before Keras runs them on the backend."""
        loss = self._compile_loss
        if data_batch is None and loss is not None and not loss.built:
            # Keras takes a batch to build the model under the same condition.
            for _, _, data in iterator:
                data_batch = data[0] if isinstance(data, list | tuple) else next(data)
                break
        if data_batch is not None:
            self.unpack(data_batch)
        super()._symbolic_build(iterator, data_batch)

    def compute_terms(
        self, x: Any, y: Any, guidance: Any, sample_weight: Any, training: bool
    ) -> tuple[dict[str, Any], Any]:
        """Every loss term, the compiled loss first, and the prediction.

        Returns:
            `(terms, y_pred)`: a dict of scalars that sum to the loss, and `outputs["output"]`.
        """
        outputs = self.streams(x, y, training)
        y_pred = outputs["output"]
        main = self.compute_loss(x, y, y_pred, sample_weight, training)
        return {self.main_term: main, **self.terms(outputs, guidance, x, sample_weight)}, y_pred

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The compiled loss; `sample_weight` may have the shape `(batch,)` for images, too."""
        check_weight(sample_weight, y)
        sample_weight = self.spread_over_pixels(sample_weight, y_pred)
        return super().compute_loss(x, y, y_pred, sample_weight, training=training)

    @staticmethod
    def spread_over_pixels(sample_weight: Any, y_pred: Any) -> Any:
        """Give `sample_weight` the rank of a per-pixel loss: Keras does not broadcast it."""
        if sample_weight is None or not hasattr(y_pred, "shape"):
            return sample_weight
        if len(sample_weight.shape) > 1:
            size = ops.shape(y_pred)
            return ops.reshape(sample_weight, (-1, size[1], size[2]))
        return ops.reshape(sample_weight, (-1,) + (1,) * (len(y_pred.shape) - 2))

    def log(
        self, terms: dict[str, Any], x: Any, y: Any, y_pred: Any, sample_weight: Any
    ) -> dict[str, Any]:
        """Update every tracker and metric; returns the logs of the step."""
        batch = ops.shape(keras.tree.flatten(x)[0])[0]
        for name, value in terms.items():
            self.term_trackers[name].update_state(self.unscale(value), sample_weight=batch)
        self._loss_tracker.update_state(self.unscale(sum(terms.values())), sample_weight=batch)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)
