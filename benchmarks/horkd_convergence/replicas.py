"""One stage of a recipe for many rows and seeds at once, in one program of the device."""

import contextlib
import threading

import jax
import jax.numpy as jnp
import keras
import numpy as np
from convolutions import convolutions

from keras_pisr.optimizers import scheduled


class Replicas:
    """Trains copies of one network that differ in seed, in weights of terms and in guide.

    The step is `HybridOrderDistiller.train_step` itself, mapped over seeds and rows. Rows of one
    seed see the same batches, as in the recipe. The schedule of the learning rate and the weights
    of the terms are inputs, so that one program serves every length of a run.

    Args:
        build: Function that makes a compiled `HybridOrderDistiller`, whose every term has weight 1
            and whose optimizer is a Keras optimizer of any learning rate.
        feed: A `Feed`.
        rows: How many rows.
        own_guide: Whether each replica has a guide of its own.
        scored: Images to score, float32 or uint8 `(images, height, width, channels)`.
        output: The output that is scored.
        steps: Steps per call of the program.
        way: See `convolutions`.
    """

    def __init__(self, build, feed, rows, *, own_guide, scored, output, steps, way):
        self.build, self.feed, self.rows = build, feed, rows
        self.own_guide, self.output, self.steps, self.way = own_guide, output, steps, way
        self.scored_count = len(scored)
        self.scored = chunks(scored)
        self.distiller = build()
        self.optimizer = self.distiller.optimizer
        self.optimizer.build(self.distiller.trainable_variables)
        guided = {id(weight) for guide in self.distiller.guides for weight in guide.weights}
        self.guiding = [id(v) in guided for v in self.distiller.non_trainable_variables]
        self.terms = tuple(self.distiller.weights_of_terms)
        self.compiled, self.compiling = None, threading.Lock()

    # === Values of variables ===

    def initial(self):
        """Values of `(trainable, own, optimizer)` variables at the start, `(seeds, rows, ...)`."""
        per_seed = []
        for seed in self.feed.seeds:
            # As the recipe starts each stage.
            keras.utils.set_random_seed(seed)
            distiller = self.build()
            distiller.optimizer.build(distiller.trainable_variables)
            per_seed.append(
                (
                    [np.asarray(v) for v in distiller.trainable_variables],
                    self.own([np.asarray(v) for v in distiller.non_trainable_variables]),
                    [np.asarray(v) for v in distiller.optimizer.variables],
                )
            )
        seeds = jax.tree.map(lambda *values: np.stack(values), *per_seed)
        return jax.tree.map(lambda value: np.repeat(value[:, None], self.rows, axis=1), seeds)

    def own(self, non_trainable):
        """Of the values of all variables that are not trained, those that are no guide's."""
        return [v for v, guide in zip(non_trainable, self.guiding, strict=True) if not guide]

    def together(self, own, guide):
        """The values of all variables that are not trained, in order."""
        guides = [id(w) for model in self.distiller.guides for w in model.weights]
        own, guide = iter(own), dict(zip(guides, guide, strict=True))
        return [
            guide[id(v)] if guiding else next(own)
            for v, guiding in zip(self.distiller.non_trainable_variables, self.guiding, strict=True)
        ]

    def places(self):
        """For each weight of the learner, in order: which list of the state holds it, and where."""
        trainable = [id(v) for v in self.distiller.trainable_variables]
        own = self.own([id(v) for v in self.distiller.non_trainable_variables])
        return [
            (0, trainable.index(id(w))) if id(w) in trainable else (1, own.index(id(w)))
            for w in self.distiller.student.weights
        ]

    def weights(self, state):
        """The learner's weights in the order of `get_weights`, each `(seeds, rows, ...)`."""
        return [state[part][place] for part, place in self.places()]

    def started_from(self, state, weights):
        """The state with the learner's weights replaced."""
        state = [list(part) for part in state]
        for (part, place), value in zip(self.places(), weights, strict=True):
            state[part][place] = value
        return tuple(state)

    # === Programs ===

    def step(self, trainable, own, optimizer, guide, rate, weights, batch):
        """The distiller's train step of one replica."""
        rate_at = [v is self.optimizer._learning_rate for v in self.optimizer.variables]
        optimizer = [
            jnp.asarray(rate, value.dtype) if is_rate else value
            for is_rate, value in zip(rate_at, optimizer, strict=True)
        ]
        metrics = [jnp.zeros(v.shape, v.dtype) for v in self.distiller.metrics_variables]
        state = trainable, self.together(own, guide), optimizer, metrics
        with self.weighted(weights):
            logs, (trainable, non_trainable, optimizer, _) = self.distiller.train_step(state, batch)
        return (trainable, self.own(non_trainable), optimizer), logs

    @contextlib.contextmanager
    def weighted(self, weights):
        """Give the distiller the weights of its terms for as long as it is traced."""
        of_terms = self.distiller.weights_of_terms
        before = dict(of_terms)
        of_terms.update({name: weights[i] for i, name in enumerate(self.terms)})
        try:
            yield
        finally:
            of_terms.update(before)

    def many_steps(self, state, guide, images, labels, draws, rates, weights):
        """`(state, mean loss of each replica)` after the steps of the tables."""
        guides = 0 if self.own_guide else None

        def of_seed(state, guide, draw, rate, weight):
            batch = self.feed.batch(images, labels, draw)
            each = jax.vmap(self.step, in_axes=(0, 0, 0, guides, 0, 0, None))
            return each(*state, guide, rate, weight, batch)

        def step(state, table):
            each = jax.vmap(of_seed, in_axes=(0, guides, 0, None, None))
            state, logs = each(state, guide, *table)
            return state, logs["loss"]

        state, losses = jax.lax.scan(step, state, (draws, rates, weights))
        return state, losses.mean(axis=0)

    def outputs(self, trainable, own, scored):
        """Outputs of every replica, `(seeds, rows, images, ...)`."""
        distiller = self.distiller
        variables = [
            *distiller.trainable_variables,
            *self.own(distiller.non_trainable_variables),
        ]

        def of_replica(trainable, own, images):
            with keras.StatelessScope(list(zip(variables, [*trainable, *own], strict=True))):
                images = images.astype("float32") / jnp.float32(255)
                return distiller.student(images, training=False)[self.output]

        def of_all(images):
            each = jax.vmap(of_replica, in_axes=(0, 0, None))
            return jax.vmap(each, in_axes=(0, 0, None))(trainable, own, images)

        parts = jnp.moveaxis(jax.lax.map(of_all, scored), 0, 2)
        return parts.reshape(*parts.shape[:2], -1, parts.shape[-1])

    def compile(self):
        """Compile both programs, once; takes long, and may be called in several threads."""
        with self.compiling:
            if self.compiled is None:
                self.compiled = self.programs()
        return self

    def programs(self):
        """The programs that train and score, compiled."""
        seeds, batch = len(self.feed.seeds), self.feed.batch_size

        def shapes(variables, lead):
            return [jax.ShapeDtypeStruct((*lead, *v.shape), v.dtype) for v in variables]

        learner = (
            self.distiller.trainable_variables,
            self.own(self.distiller.non_trainable_variables),
            self.optimizer.variables,
        )
        state = tuple(shapes(variables, (seeds, self.rows)) for variables in learner)
        lead = (seeds, self.rows) if self.own_guide else ()
        guide = [s for model in self.distiller.guides for s in shapes(model.weights, lead)]
        tables = (
            jax.ShapeDtypeStruct((self.steps, seeds, 4, batch), "int32"),
            jax.ShapeDtypeStruct((self.steps, self.rows), "float32"),
            jax.ShapeDtypeStruct((self.steps, self.rows, len(self.terms)), "float32"),
        )
        data = shape_of(self.feed.images), shape_of(self.feed.labels)
        with convolutions(self.way):
            training = jax.jit(self.many_steps, donate_argnums=0)
            training = training.lower(state, guide, *data, *tables)
            scoring = jax.jit(self.outputs).lower(*state[:2], shape_of(self.scored))
        return training.compile(), scoring.compile()

    # === Training ===

    def tables(self, settings, epochs, weights):
        """Rates `(steps, rows)` and weights of terms `(steps, rows, terms)` of a whole run.

        Args:
            settings: The recipe's.
            epochs: Epochs of the run.
            weights: For each row `(weights, fade)`: a dict from terms to weights, and whether
                those of distance and angle fall linearly to zero.
        """
        steps = epochs * self.feed.steps_per_epoch
        optimizer = scheduled(
            steps,
            optimizer=keras.optimizers.Adam,
            learning_rate=settings.learning_rate,
            final_learning_rate=settings.final_learning_rate,
            warmup_steps=settings.warmup_steps,
            averaging=0.0,
        )
        rates = jax.vmap(optimizer._learning_rate)(jnp.arange(steps, dtype="float32"))
        rates = np.repeat(np.asarray(rates, "float32")[:, None], self.rows, axis=1)
        table = np.zeros((steps, self.rows, len(self.terms)), np.float32)
        for row, (of_terms, fade) in enumerate(weights):
            for place, term in enumerate(self.terms):
                fades = fade and term in ("distance", "angle")
                share = 1 - np.arange(steps) / steps if fades else 1.0
                table[:, row, place] = share * of_terms.get(term, 0.0)
        return rates, table

    def train(self, state, guide, settings, epochs, weights, *, points, score):
        """Train a whole run.

        Args:
            state: Values as of `initial`.
            guide: Weights of the guide.
            settings: The recipe's.
            epochs: Epochs; a multiple of those of one call of the program.
            weights: See `tables`.
            points: In how many epochs the networks are scored.
            score: Called with `(epoch, outputs, losses)`, arrays of the device.

        Returns:
            The last state.
        """
        training, scoring = self.compiled
        rates, table = self.tables(settings, epochs, weights)
        each = self.steps // self.feed.steps_per_epoch
        for block in range(epochs // each):
            part = np.s_[block * self.steps : (block + 1) * self.steps]
            draws = self.feed.draws(block * each, each)
            state, losses = training(
                state, guide, self.feed.images, self.feed.labels, draws, rates[part], table[part]
            )
            epoch = (block + 1) * each
            if epoch in points:
                score(epoch, scoring(*state[:2], self.scored), losses)
        return state


def shape_of(value):
    """What `jax.jit` must know of an array."""
    return jax.ShapeDtypeStruct(value.shape, value.dtype)


def chunks(images, size=256):
    """Images in parts of one size, `(parts, size, ...)`; the last one repeats the first image."""
    size = min(size, len(images))
    spare = -len(images) % size
    images = np.concatenate([images, np.repeat(images[:1], spare, axis=0)])
    return jnp.asarray(images.reshape(-1, size, *images.shape[1:]))
