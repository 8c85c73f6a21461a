import keras
import numpy as np
import pytest

from keras_pisr.data import DevicePatches, ImagePairs, PatchSampler, PatchSequence

pytestmark = pytest.mark.core

RNG = np.random.default_rng(0)
OPTIONS = {"patch": 12, "batch_size": 4, "steps_per_epoch": 3, "seed": 7}


@pytest.fixture(scope="module")
def pairs():
    images = [RNG.integers(0, 256, (16 + 2 * i, 20, 3), dtype=np.uint8) for i in range(3)]
    return ImagePairs.from_images([*images, images[0][..., 0]], scale=2)


def epochs_of(sequence, count):
    result = []
    for _ in range(count):
        sequence.on_epoch_begin()
        result.append([[np.array(part) for part in sequence[i]] for i in range(len(sequence))])
        sequence.on_epoch_end()
    return result


def assert_same(batches, expected, atol=0.0):
    assert len(batches) == len(expected)
    for batch, other in zip(batches, expected, strict=True):
        for part, wanted in zip(batch, other, strict=True):
            np.testing.assert_allclose(part, wanted, rtol=0, atol=atol)


def test_sequence_gives_the_samplers_batches_and_moves_on(pairs):
    sampler = PatchSampler(pairs, **OPTIONS)
    epochs = epochs_of(PatchSequence(pairs, **OPTIONS), 2)
    for epoch in range(2):
        assert_same(epochs[epoch], [sampler.batch(epoch, step) for step in range(3)])
    assert (epochs[0][0][0] != epochs[1][0][0]).any()


@pytest.mark.parametrize("feed", [PatchSequence, DevicePatches])
def test_a_resumed_feed_goes_on_as_the_first_would_have(pairs, feed):
    whole = epochs_of(feed(pairs, **OPTIONS), 3)
    assert_same(epochs_of(feed(pairs, first_epoch=2, **OPTIONS), 1)[0], whole[2])


@pytest.mark.parametrize("scale", [2, 3])
def test_patches_cut_on_the_device_are_the_same(pairs, scale):
    images = [pairs.image(i)[1] for i in range(len(pairs))]
    pairs = ImagePairs.from_images(images, scale=scale)
    expected = epochs_of(PatchSequence(pairs, **OPTIONS), 2)
    batches = epochs_of(DevicePatches(pairs, **OPTIONS), 2)
    for epoch in range(2):
        assert_same(batches[epoch], expected[epoch], atol=1e-6)


def test_device_batches_are_tensors_of_the_backend(pairs):
    lr, hr = DevicePatches(pairs, **OPTIONS)[0]
    assert keras.ops.is_tensor(lr) and keras.ops.is_tensor(hr)
    assert lr.shape == (4, 6, 6, 1) and hr.shape == (4, 12, 12, 1)


class Recorder(keras.Model):
    """Learns nothing, and keeps the batches that `fit` gave it."""

    def __init__(self):
        super().__init__()
        self.batches = []
        self.scale = keras.layers.Conv2D(1, 1, trainable=False)
        self.up = keras.layers.UpSampling2D(2)

    def call(self, x):
        return self.up(self.scale(x))

    def train_step(self, *arguments):
        lr, hr = arguments[-1]  # JAX passes its state before the data.
        self.batches.append([keras.ops.convert_to_numpy(part) for part in (lr, hr)])
        return super().train_step(*arguments)


def recorder(built):
    model = Recorder()
    # Not compiled: a traced step would see no values.
    model.compile("sgd", "mae", metrics=["mse"], run_eagerly=True, jit_compile=False)
    if built:
        # Keras then has nothing to build, and looks at no batch before the first epoch.
        model.fit(np.zeros((1, 4, 4, 1)), np.zeros((1, 8, 8, 1)), verbose=0)
        model.batches.clear()
    return model


@pytest.mark.parametrize("feed", [PatchSequence, DevicePatches])
@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("first_epoch", [0, 5])
def test_fit_trains_the_first_epoch_and_those_after_it(pairs, feed, built, first_epoch):
    options = {**OPTIONS, "patch": 8}
    sampler, model = PatchSampler(pairs, **options), recorder(built)
    train = feed(pairs, first_epoch=first_epoch, **options)
    model.fit(train, epochs=2, shuffle=False, verbose=0)
    model.fit(train, initial_epoch=2, epochs=3, shuffle=False, verbose=0)
    wanted = [sampler.batch(first_epoch + k, step) for k in range(3) for step in range(3)]
    assert_same(model.batches, wanted, atol=1e-6)


def test_validation_does_not_disturb_the_epochs(pairs):
    sampler, model = PatchSampler(pairs, **OPTIONS), recorder(built=False)
    validation = PatchSequence(pairs, **{**OPTIONS, "seed": 1})
    train = PatchSequence(pairs, **OPTIONS)
    model.fit(train, validation_data=validation, epochs=2, shuffle=False, verbose=0)
    assert_same(model.batches, [sampler.batch(k, step) for k in range(2) for step in range(3)])


def test_an_epoch_longer_than_fits_goes_on_in_the_next(pairs):
    options = {**OPTIONS, "steps_per_epoch": 4}
    sampler, model = PatchSampler(pairs, **options), recorder(built=False)
    train = PatchSequence(pairs, **options)
    model.fit(train, steps_per_epoch=2, epochs=4, shuffle=False, verbose=0)
    assert_same(model.batches, [sampler.batch(k, step) for k in range(2) for step in range(4)])


def test_sets_beyond_32_bit_are_refused(pairs, monkeypatch):
    class Large:
        def __len__(self):
            return 2**31

    sampler_pairs = ImagePairs.from_images([np.zeros((16, 16), np.uint8)], scale=2)
    monkeypatch.setattr(PatchSampler, "__init__", lambda self, *args, **options: None)
    sampler_pairs.lr = Large()
    with pytest.raises(ValueError, match="32 bit"):
        DevicePatches(sampler_pairs)
