"""The recipe's batches, made on the device from images that lie there as uint8."""

import jax.numpy as jnp
import numpy as np

from keras_pisr.data.images.bicubic import bands
from keras_pisr.data.recognition.recognition_batches import RecognitionBatches


class Feed:
    """Batches of `RecognitionSequence` for several seeds at once.

    The draws are made by NumPy as the recipe makes them; images are taken, mirrored, moved and
    shrunk on the device. Batches are full: an epoch's last one is left out if it is smaller.

    Args:
        data: `LabelledImages`.
        settings: The recipe's.
        lr_size: `(height, width)` of the LR images.
        seeds: Seeds of the draws.
    """

    def __init__(self, data, settings, lr_size, seeds):
        self.images, self.labels = jnp.asarray(data.images), jnp.asarray(data.labels, "int32")
        self.batch_size, self.shift = settings.batch_size, settings.shift
        self.flip = settings.flip
        self.lr_size = lr_size
        self.drawn = [
            RecognitionBatches(
                data,
                lr_size=lr_size,
                batch_size=settings.batch_size,
                per_class=settings.per_class,
                flip=settings.flip,
                shift=settings.shift,
                seed=seed,
            )
            for seed in seeds
        ]
        self.seeds = tuple(seeds)
        plan = self.drawn[0]._plan(np.random.default_rng(0))
        self.steps_per_epoch = sum(len(batch) == self.batch_size for batch in plan)

    def draws(self, first, epochs):
        """Draws of so many epochs from the epoch `first` on.

        Returns:
            int32 `(steps, seeds, 4, batch)`: image, whether it is mirrored, its move down and to
            the right plus `shift`.
        """
        table = [
            self.draws_of_epoch(drawn, epoch)
            for drawn in self.drawn
            for epoch in range(first, first + epochs)
        ]
        steps = epochs * self.steps_per_epoch
        return np.concatenate(table).reshape(len(self.drawn), steps, 4, -1).swapaxes(0, 1)

    def draws_of_epoch(self, drawn, epoch):
        """The draws of one epoch of one seed, in the order of `RecognitionBatches.epoch`."""
        rng = np.random.default_rng((drawn.seed, epoch))
        rows = []
        for index in drawn._plan(rng):
            batch = len(index)
            row = np.zeros((4, batch), np.int32)
            row[0], row[2:] = index, self.shift
            if self.flip:
                row[1] = rng.random(batch) < 0.5
            if self.shift:
                row[2:] = rng.integers(0, 2 * self.shift + 1, (2, batch))
            if batch == self.batch_size:
                rows.append(row)
        return np.stack(rows)

    def batch(self, images, labels, draw):
        """`(lr, {"hr": hr, "label": label})` of one seed's draw `(4, batch)`, on the device."""
        index, mirrored, down, right = draw
        height, width = images.shape[1:3]
        rows = reflected(down[:, None] + jnp.arange(height) - self.shift, height)
        columns = reflected(right[:, None] + jnp.arange(width) - self.shift, width)
        columns = jnp.where(mirrored[:, None] == 1, width - 1 - columns, columns)
        hr = images[index[:, None, None], rows[:, :, None], columns[:, None, :]]
        lr = shrunk(hr, self.lr_size)
        return unit(lr), {"hr": unit(hr), "label": labels[index]}


def unit(images):
    """Pixels in `[0, 1]`."""
    return images.astype("float32") / jnp.float32(255)


def reflected(index, size):
    """Indices beyond the border, reflected at its last pixel as by `np.pad`."""
    index = jnp.abs(index)
    return jnp.where(index >= size, 2 * (size - 1) - index, index)


def shrunk(images, size):
    """`keras_pisr.data.resize` of uint8 `(batch, height, width, channels)`, bit for bit.

    In whole numbers: the sums of larger factors do not fit float32, and a GPU may round factors.
    """
    images = shrunk_axis(images, size[0], 1)
    return shrunk_axis(images, size[1], 2)


def shrunk_axis(images, n_out, axis):
    """One pass over one axis."""
    n_in = images.shape[axis]
    if n_in == n_out:
        return images
    (band,) = bands(n_in, n_out, block=n_out)
    matrix = np.zeros((n_out, n_in), np.int32)
    matrix[:, band.first : band.last] = band.weights
    pixels = jnp.expand_dims(images.astype("int32"), axis)
    shape = [1] * pixels.ndim
    shape[axis], shape[axis + 1] = matrix.shape
    sums = jnp.sum(matrix.reshape(shape) * pixels, axis=axis + 1)
    total = int(band.total[0])
    return jnp.clip((2 * sums + total) // (2 * total), 0, 255).astype("uint8")
