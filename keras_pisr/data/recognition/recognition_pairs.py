"""Batches `(lr, {"hr": hr, "label": label})` of labelled images for `fit`."""

import numpy as np


def shuffled_batches(labels, batch_size, rng):
    """Indices of every sample once, in random order; the last batch may be smaller."""
    order = rng.permutation(len(labels))
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def class_batches(labels, classes, per_class, rng):
    """Indices of batches of `classes` classes with `per_class` images each.

    An epoch has as many batches as cover the samples once on average. A class that has fewer
    images repeats some.
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


def check_sampling(data, batch_size, per_class):
    """Refuse batches that cannot be made of whole classes."""
    if per_class is None:
        return
    classes, present = batch_size // per_class, len(np.unique(data.labels))
    if batch_size % per_class or not 1 <= classes <= present:
        raise ValueError(
            f"`batch_size` must be `per_class` times a number of classes, at most {present} here; "
            f"got {batch_size} and {per_class}."
        )


def recognition_pairs(
    data,
    *,
    lr_size,
    batch_size=64,
    per_class=None,
    training=True,
    flip=True,
    shift=4,
    resize_back=False,
    seed=0,
    first_epoch=0,
):
    """Images at two resolutions and their labels, as a `tf.data.Dataset`.

    The image is augmented once, at high resolution; the low-resolution one is made of the
    result by the antialiased bicubic `resize_tf`, rounded to 8 bits as a camera's would be. So
    the two always show the same. Runs for one epoch; each new pass over the dataset draws
    anew, and a dataset made anew with the same seed draws the same.

    Args:
        data: `LabelledImages`.
        lr_size: `(height, width)` in px of the low-resolution images.
        batch_size: Images a batch.
        per_class: For metric learning: each batch holds `batch_size / per_class` classes with
            this many images each. None shuffles all images.
        training: False for every image once, in order and unchanged; the options about draws
            are then ignored.
        flip: Mirror half of the images left to right. Not for letters.
        shift: Move each image by up to this many px of the large image; 0 does not. A large
            image of 64 px moves by a sixteenth with the default 4.
        resize_back: Enlarge the low-resolution images to the size of the others again, by the
            same kernel, for networks that need that size.
        seed: Of all draws.
        first_epoch: Epoch of the draws to start with, for a run that is continued.

    Returns:
        A dataset of `(lr, {"hr": hr, "label": label})`: float32 images in `[0, 1]`,
        `(batch, height, width, channels)`; int32 `(batch,)`. Its length is known.

    Raises:
        ValueError: If batches cannot be made of whole classes, or `lr_size` is larger than the
            images.

    Example:
        >>> data = keras_pisr.data.LabelledImages(np.zeros((4, 32, 32, 3), "uint8"), [0, 0, 1, 1])
        >>> pairs = keras_pisr.data.recognition_pairs(data, lr_size=(8, 8), batch_size=2)
        >>> lr, guide = next(iter(pairs))
        >>> lr.shape, guide["hr"].shape, guide["label"].shape
        (TensorShape([2, 8, 8, 3]), TensorShape([2, 32, 32, 3]), TensorShape([2]))
    """
    import tensorflow as tf

    from keras_pisr.data.images.resize_graph import resize_tf

    size = data.images.shape[1:3]
    if lr_size[0] > size[0] or lr_size[1] > size[1]:
        raise ValueError(f"`lr_size` {tuple(lr_size)} is larger than the images, {size}.")
    if training and shift >= min(size):
        raise ValueError(f"`shift` {shift} must be smaller than the images, {size}.")
    epochs = first_epoch

    def plan(rng):
        if not training:
            every = np.arange(len(data))
            return [every[i : i + batch_size] for i in range(0, len(every), batch_size)]
        if per_class is None:
            return shuffled_batches(data.labels, batch_size, rng)
        return class_batches(data.labels, batch_size // per_class, per_class, rng)

    def batches():
        nonlocal epochs
        epoch, epochs = epochs, epochs + 1
        rng = np.random.default_rng((seed, epoch))
        for index in plan(rng):
            images = data.images[index]
            if training:
                images = augment_batch(images, flip, shift, rng)
            yield images, data.labels[index].astype(np.int32)

    def pair(hr, label):
        lr = resize_tf(hr, tuple(lr_size))
        if resize_back:
            lr = resize_tf(lr, size)
        unit = [tf.cast(images, tf.float32) / 255.0 for images in (lr, hr)]
        return unit[0], {"hr": unit[1], "label": label}

    if training:
        check_sampling(data, batch_size, per_class)
    signature = (
        tf.TensorSpec((None, *data.images.shape[1:]), tf.uint8),
        tf.TensorSpec((None,), tf.int32),
    )
    length = len(plan(np.random.default_rng(0)))
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    dataset = dataset.map(pair, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    return dataset.apply(tf.data.experimental.assert_cardinality(length))
