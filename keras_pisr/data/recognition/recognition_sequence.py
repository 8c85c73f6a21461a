"""Batches `(lr, {"hr": hr, "label": label})` of labelled images by NumPy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from keras_pisr.data.images.resize import resize
from keras_pisr.data.recognition.recognition_batches import RecognitionBatches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keras_pisr.data.recognition.labelled_images import LabelledImages


class RecognitionSequence(keras.utils.PyDataset):
    """The batches of `recognition_pairs`, bit for bit, without TensorFlow: for JAX and PyTorch.

    Call `fit(..., shuffle=False)`: images are shuffled here, and batches are drawn in order.

    Args:
        data: `LabelledImages`.
        first_epoch: Number of the first epoch, for a run that is continued.
        **options: Those of `recognition_pairs`: `lr_size`, `batch_size`, `per_class`, `training`,
            `flip`, `shift`, `seed`.

    Raises:
        ValueError: as `recognition_pairs`.

    Example:
        >>> data = keras_pisr.data.LabelledImages(np.zeros((4, 32, 32, 3), "uint8"), [0, 0, 1, 1])
        >>> pairs = keras_pisr.data.RecognitionSequence(data, lr_size=(8, 8), batch_size=2)
        >>> lr, guide = pairs[0]
        >>> lr.shape, guide["hr"].shape, guide["label"].shape
        ((2, 8, 8, 3), (2, 32, 32, 3), (2,))
    """

    def __init__(self, data: LabelledImages, *, first_epoch: int = 0, **options: Any) -> None:
        super().__init__()
        self.drawn = RecognitionBatches(data, **options)
        self.epoch = first_epoch
        self._batches: Iterator | None = None
        self._next = 0

    def __len__(self) -> int:
        return len(self.drawn)

    def __getitem__(self, index: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        # The draws of a batch follow those of the batch before. For a batch out of order, the draws
        # start again from the first batch.
        if self._batches is None or index != self._next:
            self._batches = self.drawn.epoch(self.epoch)
            for _ in range(index):
                next(self._batches)
        hr, label = next(self._batches)
        self._next = index + 1
        lr = resize(hr, self.drawn.lr_size)
        lr, hr = (images.astype(np.float32) / np.float32(255) for images in (lr, hr))
        return lr, {"hr": hr, "label": label}

    def on_epoch_end(self) -> None:
        """Move on to the next epoch's draws if all draws of this epoch were taken."""
        self.epoch += self._next == len(self)
        self._batches, self._next = None, 0
