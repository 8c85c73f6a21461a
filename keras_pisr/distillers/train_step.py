"""The custom `train_step` and `test_step` of a distiller, one class per backend.

Each class does the same four things: it runs the guides outside the differentiated part, computes
the loss of `Distiller.compute_terms` inside it, takes one optimizer step, and updates the metrics.
The classes differ in how the backend differentiates and in where it keeps state.
"""

import functools
import itertools
from typing import Any

import keras
from keras import ops

from keras_pisr.distillers.multi_worker import MultiWorkerFit


class TensorFlowTrainStep(MultiWorkerFit):
    """Steps by `tf.GradientTape`; runs under `tf.distribute`."""

    def train_step(self, data):
        """One optimizer step on `data`, `(x, y)` or `(x, y, sample_weight)`."""
        import tensorflow as tf

        x, y, sample_weight = self.unpack(data)
        guidance = self.guidance(x, y)
        with tf.GradientTape() as tape:
            terms, y_pred = self.compute_terms(x, y, guidance, sample_weight, training=True)
            loss = sum(terms.values())
            scaled_loss = self.optimizer.scale_loss(loss)
        weights = self.trainable_weights
        gradients = tape.gradient(scaled_loss, weights)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return self.reducible(self.log(terms, x, y, y_pred, sample_weight))

    def test_step(self, data):
        """Losses and metrics on `data`; changes no weight."""
        x, y, sample_weight = self.unpack(data)
        guidance = self.guidance(x, y)
        terms, y_pred = self.compute_terms(x, y, guidance, sample_weight, training=False)
        return self.reducible(self.log(terms, x, y, y_pred, sample_weight))

    def unscale(self, loss):
        """Undo the division by the number of replicas that Keras' reductions apply."""
        return loss * self.distribute_strategy.num_replicas_in_sync


class TorchTrainStep:
    """Steps by `backward()`."""

    def train_step(self, data):
        """One optimizer step on `data`, `(x, y)` or `(x, y, sample_weight)`."""
        import torch

        x, y, sample_weight = self.unpack(data)
        with torch.no_grad():
            guidance = self.guidance(x, y)
        self.zero_grad()
        terms, y_pred = self.compute_terms(x, y, guidance, sample_weight, training=True)
        loss = sum(terms.values())
        self.optimizer.scale_loss(loss).backward()
        weights = self.trainable_weights[:]
        gradients = [weight.value.grad for weight in weights]
        with torch.no_grad():
            self.optimizer.apply(gradients, weights)
            return self.log(terms, x, y, y_pred, sample_weight)

    def test_step(self, data):
        """Losses and metrics on `data`; changes no weight."""
        x, y, sample_weight = self.unpack(data)
        guidance = self.guidance(x, y)
        terms, y_pred = self.compute_terms(x, y, guidance, sample_weight, training=False)
        return self.log(terms, x, y, y_pred, sample_weight)

    def unscale(self, loss):
        """The loss unchanged, because there is one device."""
        return loss


class JAXTrainStep:
    """Steps by a stateless `value_and_grad`; runs under `keras.distribution`.

    State goes in and out as tuples of arrays, in the order of Keras' own JAX trainer. With
    `steps_per_execution` above 1, this number of steps is one program of the device. Keras itself
    starts each step from Python, which takes longer on a GPU than a step of a small network.
    """

    def make_train_function(self, force=False):
        """Compile the step, or a program of `steps_per_execution` steps."""
        if self.train_function is not None and not force:
            return
        super().make_train_function(force)
        compiled = self.jit_compile and not self.run_eagerly
        shared = keras.distribution.distribution() is not None
        if self.steps_per_execution > 1 and compiled and not shared:
            self.train_function = self.many_steps(self.train_function)

    def many_steps(self, one_by_one):
        """A `train_function` that runs many steps in one program.

        `one_by_one` runs the remainder at the end: too few batches, or a smaller last batch.
        """
        import jax

        @functools.partial(jax.jit, donate_argnums=0)
        def run(state, batches):
            def step(state, batch):
                logs, state = self.train_step(state, batch)
                return state, logs

            stacked = jax.tree.map(lambda *parts: jax.numpy.stack(parts), *batches)
            state, logs = jax.lax.scan(step, state, stacked)
            return jax.tree.map(lambda values: values[-1], logs), state

        def train_function(state, iterator):
            batches = list(itertools.islice(iterator, self.steps_per_execution))
            shapes = {tuple(part.shape for part in jax.tree.leaves(batch)) for batch in batches}
            if len(batches) < self.steps_per_execution or len(shapes) > 1:
                return one_by_one(state, iter(batches))
            return run(state, batches)

        return train_function

    def train_step(self, state, data):
        """One optimizer step on `data`; returns `(logs, new_state)`."""
        import jax

        trainable, non_trainable, optimizer_variables, metrics_variables = state
        x, y, sample_weight = self.unpack(data)
        guidance = self.stateless_guidance(trainable, non_trainable, x, y)

        def loss_of(trainable, non_trainable):
            terms, y_pred, non_trainable = self.stateless_terms(
                trainable, non_trainable, x, y, guidance, sample_weight, training=True
            )
            loss = sum(terms.values())
            with keras.StatelessScope(
                list(zip(self.optimizer.variables, optimizer_variables, strict=True))
            ):
                loss = self.optimizer.scale_loss(loss)
            return loss, (terms, y_pred, non_trainable)

        gradients, (terms, y_pred, non_trainable) = jax.grad(loss_of, has_aux=True)(
            trainable, non_trainable
        )
        trainable, optimizer_variables = self.optimizer.stateless_apply(
            optimizer_variables, gradients, trainable
        )
        logs, metrics_variables = self.stateless_log(
            metrics_variables, terms, x, y, y_pred, sample_weight
        )
        return logs, (trainable, non_trainable, optimizer_variables, metrics_variables)

    def test_step(self, state, data):
        """Losses and metrics on `data`; returns `(logs, state)` with only metrics changed."""
        trainable, non_trainable, metrics_variables = state
        x, y, sample_weight = self.unpack(data)
        guidance = self.stateless_guidance(trainable, non_trainable, x, y)
        terms, y_pred, _ = self.stateless_terms(
            trainable, non_trainable, x, y, guidance, sample_weight, training=False
        )
        logs, metrics_variables = self.stateless_log(
            metrics_variables, terms, x, y, y_pred, sample_weight
        )
        return logs, (trainable, non_trainable, metrics_variables)

    def weights_scope(self, trainable, non_trainable):
        """A scope in which the model's variables have the given values."""
        variables = self.trainable_variables + self.non_trainable_variables
        values = [*trainable, *non_trainable]
        # `collect_losses` collects the losses of layers' `add_loss` and activity regularizers.
        return keras.StatelessScope(list(zip(variables, values, strict=True)), collect_losses=True)

    def stateless_guidance(self, trainable, non_trainable, x, y):
        """`Distiller.guidance` at the given weights."""
        with self.weights_scope(trainable, non_trainable):
            return self.guidance(x, y)

    def stateless_terms(self, trainable, non_trainable, *args, **kwargs):
        """`Distiller.compute_terms` at the given weights, and the state it leaves."""
        with self.weights_scope(trainable, non_trainable) as scope:
            terms, y_pred = self.compute_terms(*args, **kwargs)
        return terms, y_pred, self.values_after(scope, self.non_trainable_variables, non_trainable)

    def stateless_log(self, metrics_variables, *args):
        """`Distiller.log` at the given metric state, and the state it leaves."""
        variables = self.metrics_variables
        with keras.StatelessScope(list(zip(variables, metrics_variables, strict=True))) as scope:
            logs = self.log(*args)
        return logs, self.values_after(scope, variables, metrics_variables)

    @staticmethod
    def values_after(scope, variables, before):
        """The values that `scope` assigned to `variables`, otherwise those of `before`."""
        after = [scope.get_current_value(variable) for variable in variables]
        return [
            old if new is None else ops.cast(new, old.dtype)
            for new, old in zip(after, before, strict=True)
        ]

    def unscale(self, loss):
        """The loss unchanged: the batch is one global batch, even if it is sharded."""
        return loss


STEPS = {
    "tensorflow": TensorFlowTrainStep,
    "jax": JAXTrainStep,
    "torch": TorchTrainStep,
}
backend = keras.backend.backend()
if backend not in STEPS:
    raise ValueError(
        f"Training runs on {', '.join(STEPS)}; the Keras backend is {backend!r}. "
        "Set the environment variable KERAS_BACKEND before the first import."
    )
TrainStep: Any = STEPS[backend]
