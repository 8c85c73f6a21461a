"""Batches `(lr, {"hr": hr, "label": label})` of labelled images, as a `tf.data.Dataset`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_pisr.data.images.resize_graph import resize_tf
from keras_pisr.data.recognition.recognition_batches import RecognitionBatches

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_pisr.data.recognition.labelled_images import LabelledImages


def recognition_pairs(
    data: LabelledImages,
    *,
    lr_size: tuple[int, int],
    batch_size: int = 64,
    per_class: int | None = None,
    training: bool = True,
    flip: bool = True,
    shift: int = 4,
    seed: int = 0,
    first_epoch: int = 0,
) -> tf.data.Dataset:
    """Images at two resolutions and their labels, as a `tf.data.Dataset`.

    The image is augmented once, at high resolution. The low-resolution image is made from the
    result by the antialiased bicubic `resize_tf` and rounded to 8 bits like an image of a camera,
    so both images show the same. One pass over the dataset is one epoch. Each pass has new draws,
    and a new dataset with the same seed repeats them. Without TensorFlow, `RecognitionSequence`
    gives the same batches.

    Args:
        data: `LabelledImages`.
        lr_size: `(height, width)` in px of the low-resolution images.
        batch_size: Number of images per batch.
        per_class: For metric learning: each batch holds `batch_size / per_class` classes with
            this many images each. None shuffles all images.
        training: False gives every image once, in order and unchanged, and ignores the other
            options of the draws.
        flip: Mirror half of the images left to right. Turn this off for letters.
        shift: Move each image by up to this many px of the large image; 0 does not move it. With
            the default of 4, a large image of 64 px moves by up to a sixteenth of its side.
        seed: Makes all draws repeatable.
        first_epoch: First epoch of the draws, for a run that is continued.

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

    drawn = RecognitionBatches(
        data,
        lr_size=lr_size,
        batch_size=batch_size,
        per_class=per_class,
        training=training,
        flip=flip,
        shift=shift,
        seed=seed,
    )
    epochs = first_epoch

    def batches():
        nonlocal epochs
        epoch, epochs = epochs, epochs + 1
        yield from drawn.epoch(epoch)

    def pair(hr, label):
        lr = resize_tf(hr, drawn.lr_size)
        unit = [tf.cast(images, tf.float32) / 255.0 for images in (lr, hr)]
        return unit[0], {"hr": unit[1], "label": label}

    signature = (
        tf.TensorSpec((None, *data.images.shape[1:]), tf.uint8),
        tf.TensorSpec((None,), tf.int32),
    )
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    dataset = dataset.map(pair, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(drawn)))
