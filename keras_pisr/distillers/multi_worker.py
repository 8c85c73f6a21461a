"""What Keras' `fit` lacks for `tf.distribute.MultiWorkerMirroredStrategy`."""

import keras


class MultiWorkerFit:
    """Mixed into the TensorFlow steps: two repairs of Keras 3.15's TensorFlow trainer.

    Both concern `MultiWorkerMirroredStrategy` alone, with which `fit` of any Keras 3 model
    stops: https://github.com/keras-team/keras/issues/20585. Where Keras mends its trainer,
    these do no harm.
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Look at the shapes of one replica's share of a batch.

        Keras takes the mean of the batch over all replicas for that, and hands the strategy
        the whole structure `(x, y, ...)`, where it accepts single values only.
        """
        if self._distribute_strategy is not None and iterator is not None:
            local = self._distribute_strategy.experimental_local_results
            _, _, batches = next(iter(iterator))
            data_batch = keras.tree.map_structure(lambda v: local(v)[0], next(batches))
            iterator = None
        super()._maybe_symbolic_build(iterator, data_batch)

    def reducible(self, logs):
        """Give scalar logs the axis over which Keras averages them across workers."""
        import tensorflow as tf

        if isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy):
            return {name: tf.reshape(value, (1,)) for name, value in logs.items()}
        return logs
