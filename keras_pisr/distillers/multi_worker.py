"""Adds to Keras' `fit` what `tf.distribute.MultiWorkerMirroredStrategy` needs."""


class MultiWorkerFit:
    """A mixin for the TensorFlow steps with two repairs of Keras 3.15's TensorFlow trainer.

    Without them, `fit` of any Keras 3 model stops under `MultiWorkerMirroredStrategy`:
    https://github.com/keras-team/keras/issues/20585. They do no harm if Keras repairs its trainer.
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Learn the shapes of the data from the data set itself.

        Keras takes a batch for this and averages it over all replicas. It passes the whole
        structure `(x, y, ...)` to the strategy, which accepts only single values if there are
        several workers. If no batch is taken, a data set that counts its iterations, as
        `tf_patches` does, also stays at the epoch for which it was made.
        """
        import tensorflow as tf

        if self._distribute_strategy is not None and iterator is not None:
            dataset = iterator.data_adapter.get_tf_dataset()
            if isinstance(dataset, tf.data.Dataset):
                data_batch, iterator = dataset.element_spec, None
            elif isinstance(dataset, tf.distribute.DistributedDataset):
                # Each worker has one data set, and each of its devices a share of it.
                data_batch, iterator = _of_one_device(dataset.element_spec), None
        super()._maybe_symbolic_build(iterator, data_batch)

    def reducible(self, logs):
        """Give scalar logs the axis over which Keras averages them across workers."""
        import tensorflow as tf

        if isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy):
            return {name: tf.reshape(value, (1,)) for name, value in logs.items()}
        return logs


def _of_one_device(specs):
    """Specifications of the tensors that one device gets."""
    import tensorflow as tf

    return tf.nest.map_structure(
        lambda spec: tf.nest.flatten(spec, expand_composites=True)[0], specs
    )
