"""Batches of patches by NumPy alone, for JAX and PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    import numpy as np

    from keras_pisr.data.pairs.image_pairs import ImagePairs
    from keras_pisr.data.pairs.streamed_pairs import StreamedPairs


class PatchSequence(keras.utils.PyDataset):
    """The batches of `tf_patches`, bit for bit, without TensorFlow.

    `fit` trains epochs `first_epoch`, `first_epoch + 1`, ...; the next `fit` with the same feed
    continues from there. An epoch counts when its last batch has been taken, so a batch that Keras
    takes to build a model does not count. (Keras takes one such batch on JAX and PyTorch, and two
    on JAX with an accelerator. If an epoch has no more batches than these, they count as an epoch.)
    Under `tf.distribute` use `tf_patches`.

    Call `fit(..., shuffle=False)`: the patches are shuffled here, and Keras would otherwise put the
    batches in an order of its own that a resumed run does not repeat. `workers` cannot be set: the
    workers of Keras run ahead of the epoch, and would later give out batches that they had cut
    before it began.

    Args:
        pairs: `ImagePairs` or `StreamedPairs`.
        patch: Side of the high-resolution patch in px, a multiple of the scale; by default 24 px of
            the low-resolution image.
        batch_size: Patches per batch.
        steps_per_epoch: Batches per epoch; by default 100.
        detail: Prefer patches with detail; see `PatchSampler`.
        augment: Flip up-down, flip left-right and transpose, each with probability 1/2.
        shuffle: Shuffle the images of each pass.
        seed: Whole number, 0 or more.
        first_epoch: Number of the first epoch, for a resumed run.

    Raises:
        ValueError: as `PatchSampler`.

    Example:
        >>> model.fit(PatchSequence(pairs, patch=96), epochs=10, shuffle=False)  # doctest: +SKIP
    """

    def __init__(
        self,
        pairs: ImagePairs | StreamedPairs,
        *,
        patch: int | None = None,
        batch_size: int = 16,
        steps_per_epoch: int | None = None,
        detail: float = 0.0,
        augment: bool = True,
        shuffle: bool = True,
        seed: int = 0,
        first_epoch: int = 0,
    ) -> None:
        super().__init__()
        self.sampler = pairs.sampler(
            patch=patch,
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            detail=detail,
            augment=augment,
            shuffle=shuffle,
            seed=seed,
        )
        self.epoch = first_epoch
        self._begun = self._complete = False

    def __len__(self) -> int:
        return self.sampler.steps_per_epoch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        self._complete |= index == len(self) - 1
        return self._batch(index)

    def _batch(self, index):
        return self.sampler.batch(self.epoch, index)

    def on_epoch_begin(self) -> None:
        """Keras calls this before each epoch, and before it takes a batch to build a model."""
        self._begun = True

    def on_epoch_end(self) -> None:
        """Move on to the next epoch's patches if all patches of this epoch were taken."""
        # Keras also calls this before the first epoch, after it has taken some batches or none to
        # build a model. On TensorFlow it takes them before it has begun an epoch.
        self.epoch += self._begun and self._complete
        self._begun = self._complete = False
