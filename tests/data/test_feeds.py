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
    """Learns nothing; its loss names the batches that it saw."""

    def __init__(self):
        super().__init__()
        self.scale = keras.layers.Conv2D(1, 1, trainable=False)
        self.up = keras.layers.UpSampling2D(2)

    def call(self, x):
        return self.up(self.scale(x))


@pytest.mark.parametrize("feed", [PatchSequence, DevicePatches])
def test_fit_accepts_the_feed(pairs, feed):
    model = Recorder()
    model.compile("sgd", "mae")
    losses = model.fit(feed(pairs, **OPTIONS), epochs=2, shuffle=False, verbose=0).history["loss"]
    assert len(losses) == 2 and losses[0] != losses[1]


def test_sets_beyond_32_bit_are_refused(pairs, monkeypatch):
    class Large:
        def __len__(self):
            return 2**31

    sampler_pairs = ImagePairs.from_images([np.zeros((16, 16), np.uint8)], scale=2)
    monkeypatch.setattr(PatchSampler, "__init__", lambda self, *args, **options: None)
    sampler_pairs.lr = Large()
    with pytest.raises(ValueError, match="32 bit"):
        DevicePatches(sampler_pairs)
