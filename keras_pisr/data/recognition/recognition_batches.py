"""Batches of labelled images, drawn the same way for every backend."""

import numpy as np


def shuffled_batches(labels, batch_size, rng):
    """Indices of every sample once, in random order; the last batch may be smaller."""
    order = rng.permutation(len(labels))
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def class_batches(labels, classes, per_class, rng):
    """Indices of batches of `classes` classes with `per_class` images each.

    An epoch has enough batches to cover the samples once on average. A class with fewer than
    `per_class` images repeats some of them.
    """
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    batches = []
    for _ in range(max(1, len(labels) // (classes * per_class))):
        batch = []
        for which in rng.permutation(len(members))[:classes]:
            enough = len(members[which]) >= per_class
            batch.append(rng.choice(members[which], per_class, replace=not enough))
        batches.append(np.concatenate(batch))
    return batches


def augment_batch(images, flip, shift, rng):
    """Mirror half of the images and move each by up to `shift` px; borders are reflected.

    Args:
        images: uint8 `(batch, height, width, channels)`.
        flip: Whether to mirror left and right.
        shift: Largest move in px, each way, on each axis.
        rng: A NumPy generator.

    Returns:
        A new array of the same shape.
    """
    batch, height, width, _ = images.shape
    if flip:
        mirrored = rng.random(batch) < 0.5
        images = np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)
    if shift:
        padding = ((0, 0), (shift, shift), (shift, shift), (0, 0))
        padded = np.pad(images, padding, mode="reflect")
        tops, lefts = rng.integers(0, 2 * shift + 1, (2, batch))
        rows = tops[:, None] + np.arange(height)
        columns = lefts[:, None] + np.arange(width)
        index = np.arange(batch)[:, None, None], rows[:, :, None], columns[:, None, :]
        images = padded[index]
    return images


class RecognitionBatches:
    """Draws batches of labelled images that depend only on the seed and the epoch.

    Args:
        data, lr_size, batch_size, per_class, training, flip, shift, seed: See `recognition_pairs`.

    Raises:
        ValueError: as `recognition_pairs`.
    """

    def __init__(
        self,
        data,
        *,
        lr_size,
        batch_size=64,
        per_class=None,
        training=True,
        flip=True,
        shift=4,
        seed=0,
    ):
        size = data.images.shape[1:3]
        if lr_size[0] > size[0] or lr_size[1] > size[1]:
            raise ValueError(f"`lr_size` {tuple(lr_size)} is larger than the images, {size}.")
        if training and shift >= min(size):
            raise ValueError(f"`shift` {shift} must be smaller than the images, {size}.")
        if training and per_class is not None:
            classes, present = batch_size // per_class, len(np.unique(data.labels))
            if batch_size % per_class or not 1 <= classes <= present:
                raise ValueError(
                    "`batch_size` must be `per_class` times a number of classes, at most "
                    f"{present} here; got {batch_size} and {per_class}."
                )
        self.data = data
        self.lr_size = tuple(lr_size)
        self.batch_size = batch_size
        self.per_class = per_class
        self.training = training
        self.flip = flip
        self.shift = shift
        self.seed = seed

    def __len__(self):
        return len(self._plan(np.random.default_rng(0)))

    def epoch(self, number):
        """The batches of an epoch, one after the other.

        Yields:
            `(images, labels)`: uint8 `(batch, height, width, channels)` at high resolution; int32
            `(batch,)`.
        """
        rng = np.random.default_rng((self.seed, number))
        for index in self._plan(rng):
            images = self.data.images[index]
            if self.training:
                images = augment_batch(images, self.flip, self.shift, rng)
            yield images, self.data.labels[index].astype(np.int32)

    def _plan(self, rng):
        labels, size = self.data.labels, self.batch_size
        if not self.training:
            every = np.arange(len(labels))
            return [every[i : i + size] for i in range(0, len(every), size)]
        if self.per_class is None:
            return shuffled_batches(labels, size, rng)
        return class_batches(labels, size // self.per_class, self.per_class, rng)
