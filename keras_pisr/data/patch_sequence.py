"""Batches of patches by NumPy alone, for JAX and PyTorch."""

import keras

from keras_pisr.data.patches import PatchSampler


class PatchSequence(keras.utils.PyDataset):
    """The batches of `tf_patches`, bit for bit, without TensorFlow.

    Epoch `k` of a `fit` gives epoch `first_epoch + k`. Call `fit(..., shuffle=False)`: the patches
    are shuffled here, and Keras would otherwise put the batches in an order of its own that a
    resumed run does not repeat.

    Args:
        pairs: `ImagePairs`.
        patch: Side of the high-resolution patch in px, a multiple of the scale.
        batch_size: Patches a batch.
        steps_per_epoch: Batches an epoch. By default as many as cover the area of the set once.
        augment: Flip up-down, flip left-right and transpose, each with probability 1/2.
        shuffle: Shuffle the images of each pass.
        seed: Whole number, 0 or more.
        first_epoch: Number of the first epoch, for a resumed run.
        **options: Those of `keras.utils.PyDataset`, such as `workers=2`.

    Raises:
        ValueError: as `PatchSampler`.

    Example:
        >>> model.fit(PatchSequence(pairs, patch=96), epochs=10, shuffle=False)  # doctest: +SKIP
    """

    def __init__(
        self,
        pairs,
        *,
        patch=96,
        batch_size=16,
        steps_per_epoch=None,
        augment=True,
        shuffle=True,
        seed=0,
        first_epoch=0,
        **options,
    ):
        super().__init__(**options)
        self.sampler = PatchSampler(
            pairs,
            patch=patch,
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            augment=augment,
            shuffle=shuffle,
            seed=seed,
        )
        self.epoch = first_epoch

    def __len__(self):
        return self.sampler.steps_per_epoch

    def __getitem__(self, index):
        return self.sampler.batch(self.epoch, index)

    def on_epoch_end(self):
        """Move on to the next epoch's patches."""
        self.epoch += 1
