"""Batches of patches as a `tf.data.Dataset`."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from keras_pisr.data.pairs.image_pairs import ImagePairs

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    import tensorflow as tf

    from keras_pisr.data.pairs.streamed_pairs import StreamedPairs


def tf_patches(
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
) -> tf.data.Dataset:
    """Batches `(lr, hr)` for `fit`: one iteration is one epoch, and every epoch has other patches.

    Iteration number `k` over the dataset gives epoch `first_epoch + k`, a function of the seed
    alone: a run that is resumed at epoch 7 passes `first_epoch=7`. On TensorFlow `fit` iterates
    once per epoch and trains `first_epoch`, `first_epoch + 1`, ...

    If Keras takes one batch before the first epoch, this counts as an iteration, and `fit` trains
    `first_epoch + 1`, `first_epoch + 2`, ... Under `tf.distribute` this happens in every `fit`,
    except that of a distiller. On JAX and PyTorch it happens in the first `fit` after `compile`;
    use `PatchSequence` there, which does not count this batch. A resumed run is shifted by the same
    one epoch, so it equals a run that was not stopped.

    NumPy cuts the patches in a background thread, by the code of `PatchSequence`, so the bits are
    the same.

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
        first_epoch: Epoch of the first iteration.

    Returns:
        `tf.data.Dataset` of known length, prefetched: float32 luma in [0, 1], shapes
        `(batch_size, patch / scale, patch / scale, 1)` and `(batch_size, patch, patch, 1)`.

    Raises:
        ValueError: as `PatchSampler`.

    Example:
        >>> pairs = ImagePairs.from_samples("train", scale=2)
        >>> lr, hr = next(iter(tf_patches(pairs, patch=32, batch_size=4)))
        >>> lr.shape, hr.shape
        (TensorShape([4, 16, 16, 1]), TensorShape([4, 32, 32, 1]))
    """
    import tensorflow as tf

    sampler = pairs.sampler(
        patch=patch,
        batch_size=batch_size,
        steps_per_epoch=steps_per_epoch,
        detail=detail,
        augment=augment,
        shuffle=shuffle,
        seed=seed,
    )
    hr_side = sampler.side * pairs.scale
    steps, epochs = sampler.steps_per_epoch, itertools.count(first_epoch)

    def batch(epoch, step):
        lr, hr = tf.numpy_function(sampler.batch, [epoch, step], (tf.float32, tf.float32))
        lr.set_shape((batch_size, sampler.side, sampler.side, 1))
        hr.set_shape((batch_size, hr_side, hr_side, 1))
        return lr, hr

    # The generator is started again for each iteration; its starts are counted to number the
    # iterations.
    dataset = tf.data.Dataset.from_generator(
        lambda: [next(epochs)], output_signature=tf.TensorSpec((), tf.int64)
    )
    dataset = dataset.flat_map(
        lambda epoch: tf.data.Dataset.range(steps).map(lambda step: (epoch, step))
    )
    # The prefetch has one thread, because a second one mostly waits for the interpreter lock.
    dataset = dataset.map(batch)
    options = tf.data.Options()
    # There are no files to shard, so under tf.distribute each worker takes its share of the
    # elements.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return dataset.prefetch(4).with_options(options)


def paired_folder(
    hr_dir: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    scale: int,
    lr_dir: str | os.PathLike[str] | None = None,
    sizes: Sequence[float] = (1.0,),
    border: str = "replicate",
    degrade: str | Callable[..., Any] | None = None,
    **options: Any,
) -> tf.data.Dataset:
    """`tf_patches` of a folder of images.

    Args:
        hr_dir: Folder of images, or several in a list; see `ImagePairs.from_folder`.
        scale: Whole number, 2 or more.
        lr_dir: Folder of their low-resolution files; made by `downscale` by default.
        sizes: Sizes in which the images are trained on, as factors of their sides. Each gives a
            copy of the set (see `ImagePairs.resized`). Shrinking JPEG photographs removes part of
            what compression left: `(1, 0.7, 0.5)` helps most if there are few photographs.
        border: See `resize`; used for the images in size 1.
        degrade: Degradation of low-resolution patches beyond bicubic, drawn anew in every epoch,
            e.g. `"noise:0-10+jpeg:30-95"`; see `ImagePairs.degraded`.
        **options: Options of `tf_patches`.

    Returns:
        `tf.data.Dataset` of `(lr, hr)` batches.

    Example:
        >>> pairs = paired_folder("DIV2K/HR", scale=2, patch=96)  # doctest: +SKIP
        >>> distiller.fit(pairs, epochs=100)  # doctest: +SKIP
    """
    pairs = ImagePairs.from_folder(
        hr_dir, scale=scale, lr_dir=lr_dir, border=border, degrade=degrade
    )
    return tf_patches(ImagePairs.join([pairs.resized(size) for size in sizes]), **options)


def paired_samples(split: str = "train", *, scale: int, **options: Any) -> tf.data.Dataset:
    """`tf_patches` of the photographs that need no download.

    Args:
        split: See `sample_images`.
        scale: Whole number, 2 or more.
        **options: Those of `tf_patches`.

    Returns:
        `tf.data.Dataset` of `(lr, hr)` batches.
    """
    return tf_patches(ImagePairs.from_samples(split, scale=scale), **options)


def paired_tfds(
    name: str,
    *,
    split: str = "train",
    scale: int,
    data_dir: str | os.PathLike[str] | None = None,
    **options: Any,
) -> tf.data.Dataset:
    """`tf_patches` of a TensorFlow Datasets set.

    Args:
        name: Name of the set, e.g. `"div2k/bicubic_x2"`; see `ImagePairs.from_tfds`.
        split: Part of the set, e.g. `"train"`.
        scale: Upscaling factor of the set.
        data_dir: Folder in which TensorFlow Datasets keeps its files.
        **options: Those of `tf_patches`.

    Returns:
        `tf.data.Dataset` of `(lr, hr)` batches.
    """
    pairs = ImagePairs.from_tfds(name, split=split, scale=scale, data_dir=data_dir)
    return tf_patches(pairs, **options)
