"""Weights of samples and masks of pixels, in every stage."""

import keras
import numpy as np
import pytest

from keras_pisr.losses import LaplaceNLL
from tests.distillers.small import alone, pairs, stage_2
from tests.harness import array, weights_of

pytestmark = pytest.mark.core


def test_weights_of_samples_count_as_copies(distiller):
    lr, hr = pairs(2)
    distiller.compile("sgd", loss="mae")
    twice = distiller.evaluate(
        lr[[0, 0, 1]], hr[[0, 0, 1]], verbose=0, return_dict=True, batch_size=3
    )
    weighted = distiller.evaluate(
        lr, hr, sample_weight=np.array([2.0, 1.0]), verbose=0, return_dict=True, batch_size=2
    )
    for name in distiller.term_trackers:
        np.testing.assert_allclose(3 * twice[name], 2 * weighted[name], rtol=1e-4)


def test_a_sample_of_weight_zero_teaches_nothing(distiller):
    lr, hr = pairs(2)
    start = weights_of(distiller)
    results = []
    for other in (0.0, 1.0):
        distiller.set_weights(start)
        distiller.compile(keras.optimizers.SGD(0.1), loss="mae")
        hr[1] = other
        lr[1] = other
        distiller.fit(lr, hr, sample_weight=np.array([1.0, 0.0]), verbose=0, batch_size=2)
        results.append(weights_of(distiller.student))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_masked_pixel_teaches_nothing():
    lr, hr = pairs(2)
    results, mask = [], np.ones((2, 12, 12))
    mask[:, 8:] = 0
    for other in (0.0, 1.0):
        distiller = alone()
        distiller.compile(keras.optimizers.SGD(0.1), loss="mae")
        hr[:, 8:] = other
        distiller.fit(lr, hr, sample_weight=mask, verbose=0, batch_size=2)
        results.append(weights_of(distiller.student))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_mask_weighs_each_place_of_a_feature(rng):
    """Both losses of stage 2 against their formula, place by place."""
    lr, hr = pairs(2)
    mask = rng.random((2, 12, 12)).astype("float32")
    places = mask.reshape(2, 6, 2, 6, 2).mean((2, 4))
    for loss in (LaplaceNLL(), keras.losses.MeanAbsoluteError()):
        distiller = stage_2(feature_loss=loss, distillation_weight=1.0)
        distiller.compile("sgd", loss="mae")
        logs = distiller.evaluate(
            lr, hr, sample_weight=mask, verbose=0, return_dict=True, batch_size=2
        )
        theirs = array(distiller.guidance(lr, hr)["feature"])
        ours = distiller.streams(lr, hr, training=False)["feature"]
        if distiller.estimator is None:
            value = np.abs(theirs - array(ours)).mean(-1)
        else:
            location, scale = map(array, ours)
            value = (np.log(2 * scale) + np.abs(theirs - location) / scale).mean(-1)
        np.testing.assert_allclose(logs["distillation"], (places * value).mean(), rtol=1e-4)


def test_a_constant_mask_is_a_weight_of_the_sample(distiller):
    weights, logs = np.array([2.0, 0.5]), []
    for sample_weight in (weights, np.ones((2, 12, 12)) * weights[:, None, None]):
        distiller.compile("sgd", loss="mae")
        options = {"verbose": 0, "return_dict": True, "batch_size": 2}
        logs.append(distiller.evaluate(*pairs(2), sample_weight=sample_weight, **options))
    for name in distiller.term_trackers:
        np.testing.assert_allclose(logs[0][name], logs[1][name], rtol=1e-5)


@pytest.mark.parametrize("shape", [(4, 6, 6), (4, 12), (4, 12, 12, 3)])
def test_sample_weights_of_another_shape_are_refused(shape):
    distiller = alone()
    distiller.compile("sgd", loss="mae")
    with pytest.raises(ValueError, match="one value per sample.* one per pixel"):
        distiller.fit(*pairs(), sample_weight=np.ones(shape), verbose=0)
