"""Pruning and weight clustering of students with tensorflow-model-optimization.

Import this module inside functions: it imports tensorflow-model-optimization.
"""

import tensorflow as tf

from keras_pisr.mobile.tfmot.twin import student_of, twin_of
from keras_pisr.mobile.tfmot.twin_layers import WITH_KERNELS, tf_keras, tfmot


def prune(student, feed, *, steps, sparsity=0.5, schedule="polynomial", **training):
    """Train a student further while its smallest weights become 0, the same share in each kernel.

    Args:
        student: A trained luma model; see `twin_of`. It is not changed.
        feed: Batches `(lr, hr)`, at least `steps`; `keras_pisr.data.tf_patches` makes them.
        steps: Number of optimizer steps, at least 2.
        sparsity: Share of zeros, from 0 to below 1. Biases do not become zero.
        schedule: With `"polynomial"`, the share rises over the first two thirds of the steps, first
            fast and then slowly; with `"constant"`, it has its full value from the first step.
        **training: Passed on to `fit`.

    Returns:
        A model of the student's class.

    Raises:
        ValueError: If an argument is none of the above.

    Reference:
        Zhu and Gupta 2017, "To prune, or not to prune", https://arxiv.org/abs/1710.01878.
    """
    if not 0 <= sparsity < 1:
        raise ValueError(f"Expected a sparsity from 0 to below 1; got {sparsity}.")
    if steps < 2:
        raise ValueError(f"Pruning needs at least 2 steps; got {steps}.")
    sparsities = tfmot.sparsity.keras
    every = max(1, steps // 50)
    if schedule == "polynomial":
        end = max(1, steps * 2 // 3 // every) * every
        plan = sparsities.PolynomialDecay(0.0, sparsity, 0, end, frequency=every)
    elif schedule == "constant":
        plan = sparsities.ConstantSparsity(sparsity, 0, frequency=every)
    else:
        raise ValueError(f"Expected the schedule 'polynomial' or 'constant'; got {schedule!r}.")

    def wrap(layer):
        if not isinstance(layer, WITH_KERNELS):
            return layer
        return sparsities.prune_low_magnitude(layer, pruning_schedule=plan)

    twin = tf_keras.models.clone_model(twin_of(student), clone_function=wrap)
    train_twin(twin, feed, steps=steps, callbacks=[sparsities.UpdatePruningStep()], **training)
    return student_of(sparsities.strip_pruning(twin), student)


def cluster(student, feed, *, steps, clusters=16, **training):
    """Train a student further with few different values in each kernel.

    The values start at those of k-means++ and are trained.

    Args:
        student: A trained luma model; see `twin_of`. It is not changed.
        feed: Batches `(lr, hr)`, at least `steps`.
        steps: Number of optimizer steps.
        clusters: Number of values per kernel, at least 2. Biases, and kernels that do not have more
            weights than this, are not clustered.
        **training: Passed on to `fit`.

    Returns:
        A model of the student's class.

    Raises:
        ValueError: If `clusters` is below 2.

    Reference:
        Han et al. 2016, "Deep compression", https://arxiv.org/abs/1510.00149, section 3.
    """
    if clusters < 2:
        raise ValueError(f"Expected at least 2 clusters; got {clusters}.")
    clustering = tfmot.clustering.keras

    def wrap(layer):
        if not isinstance(layer, WITH_KERNELS) or tf.size(layer.kernel) <= clusters:
            return layer
        start = clustering.CentroidInitialization.KMEANS_PLUS_PLUS
        return clustering.cluster_weights(layer, clusters, start)

    twin = tf_keras.models.clone_model(twin_of(student), clone_function=wrap)
    train_twin(twin, feed, steps=steps, **training)
    return student_of(clustering.strip_clustering(twin), student)


def train_twin(
    twin,
    feed,
    *,
    steps,
    learning_rate=1e-4,
    average=False,
    callbacks=(),
    verbose=0,
):
    """Train a twin in place by mean absolute error and Adam, whose rate falls by a cosine.

    Args:
        twin: A tf_keras model.
        feed: Batches `(lr, hr)`.
        steps: Number of optimizer steps; each takes a batch of `feed`.
        learning_rate: Learning rate at the start.
        average: Whether the weights become their moving average at the end.
        callbacks: Callbacks of tf_keras.
        verbose: Passed on to tf_keras' `fit`.
    """
    rate = tf_keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=0.01)
    momentum = max(0.0, 1 - 20 / steps)
    adam = tf_keras.optimizers.Adam(rate, use_ema=average, ema_momentum=momentum)
    twin.compile(adam, loss="mae")
    twin.fit(feed, steps_per_epoch=steps, callbacks=list(callbacks), verbose=verbose)
