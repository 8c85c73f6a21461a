import keras
import numpy as np
import pytest

from keras_pisr.data import (
    ImagePairs,
    PatchSampler,
    paired_folder,
    paired_samples,
    tf_patches,
    write_image,
)

tf = pytest.importorskip("tensorflow")

RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, (16 + 2 * i, 20, 3), dtype=np.uint8) for i in range(3)]
OPTIONS = {"patch": 12, "batch_size": 4, "steps_per_epoch": 5, "seed": 7}


@pytest.fixture(scope="module")
def pairs():
    return ImagePairs.from_images([*IMAGES, IMAGES[0][..., 0]], scale=2)


def values(dataset):
    return [tuple(part.numpy() for part in batch) for batch in dataset]


def assert_same(batches, expected):
    assert len(batches) == len(expected)
    for batch, other in zip(batches, expected, strict=True):
        for part, wanted in zip(batch, other, strict=True):
            np.testing.assert_array_equal(part, wanted)


def test_iterations_are_the_samplers_epochs(pairs):
    sampler, dataset = PatchSampler(pairs, **OPTIONS), tf_patches(pairs, **OPTIONS)
    for epoch in range(3):
        assert_same(values(dataset), [sampler.batch(epoch, step) for step in range(5)])


def test_shapes_and_length_are_known(pairs):
    dataset = tf_patches(pairs, **OPTIONS)
    assert dataset.cardinality() == 5
    lr, hr = dataset.element_spec
    assert lr == tf.TensorSpec((4, 6, 6, 1), tf.float32)
    assert hr == tf.TensorSpec((4, 12, 12, 1), tf.float32)


def test_a_resumed_dataset_goes_on_as_the_first_would_have(pairs):
    dataset = tf_patches(pairs, **OPTIONS)
    whole = [values(dataset) for _ in range(3)]
    assert_same(values(tf_patches(pairs, first_epoch=2, **OPTIONS)), whole[2])


def test_repeat_goes_through_the_epochs(pairs):
    dataset = tf_patches(pairs, **OPTIONS)
    expected = values(dataset) + values(dataset)
    assert_same(values(tf_patches(pairs, **OPTIONS).repeat(2)), expected)


def test_an_abandoned_iteration_does_not_disturb_the_next(pairs):
    dataset = tf_patches(pairs, **OPTIONS)
    next(iter(dataset))
    assert_same(values(dataset), values(tf_patches(pairs, first_epoch=1, **OPTIONS)))


def trained_epochs(pairs, **options):
    """First pixels of the batches that two epochs of a `fit` on this backend train with."""
    seen = []

    class Spy(keras.Sequential):
        def train_step(self, *arguments):
            seen.append(keras.ops.convert_to_numpy(arguments[-1][0]))
            return super().train_step(*arguments)

    model = Spy([keras.layers.UpSampling2D(2), keras.layers.Conv2D(1, 1)])
    model.compile("sgd", "mae", run_eagerly=True, jit_compile=False)
    model.fit(tf_patches(pairs, **options), epochs=2, shuffle=False, verbose=0)
    return seen


def test_fit_trains_the_epochs_the_docstring_says(pairs):
    look = keras.backend.backend() != "tensorflow"
    sampler = PatchSampler(pairs, **OPTIONS)
    for first in (0, 3):
        wanted = [sampler.batch(first + look + k, step)[0] for k in range(2) for step in range(5)]
        seen = trained_epochs(pairs, first_epoch=first, **OPTIONS)
        assert len(seen) == 10
        for batch, other in zip(seen, wanted, strict=True):
            np.testing.assert_array_equal(batch, other)


def test_one_line_from_a_folder_and_from_the_samples(tmp_path):
    for index, image in enumerate(IMAGES):
        write_image(tmp_path / f"{index}.png", image)
    dataset = paired_folder(tmp_path, scale=2, **OPTIONS)
    assert_same(
        values(dataset), values(tf_patches(ImagePairs.from_images(IMAGES, scale=2), **OPTIONS))
    )
    lr, hr = next(iter(paired_samples("validation", scale=3, patch=12, batch_size=2)))
    assert lr.shape == (2, 4, 4, 1) and hr.shape == (2, 12, 12, 1)
