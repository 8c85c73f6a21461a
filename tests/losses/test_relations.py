"""What the individual, distance and angle losses have in common."""

import numpy as np
import pytest
from keras import ops

from keras_pisr.losses import (
    AngleLoss,
    DistanceLoss,
    IndividualLoss,
    LogitLoss,
    angle_loss,
    distance_loss,
    individual_loss,
)
from tests.harness import check_config, check_guided_loss
from tests.losses.autodiff import gradient
from tests.losses.naive_relations import (
    naive_angle,
    naive_distance,
    naive_gradient,
    naive_individual,
)

pytestmark = pytest.mark.core

NAIVE = {
    individual_loss: naive_individual,
    distance_loss: naive_distance,
    angle_loss: naive_angle,
}
RELATIONAL = [distance_loss, angle_loss]
WEIGHTS = np.array([1.0, 0.0, 2.0, 0.5, 3.0, 1.0])


def embeddings(batch=6, widths=(4, 4), seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(batch, width)) for width in widths]


@pytest.mark.parametrize("delta", [1.0, 0.1])
@pytest.mark.parametrize("loss", NAIVE)
def test_values_equal_the_naive_loop(loss, delta):
    target, prediction = embeddings()
    expected = NAIVE[loss](target, prediction, delta)
    np.testing.assert_allclose(loss(target, prediction, delta=delta), expected, rtol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("delta", [1.0, 0.1])
@pytest.mark.parametrize("loss", NAIVE)
def test_gradients_equal_the_naive_loop(loss, delta, compiled):
    target, prediction = embeddings()

    def weighted(x):
        return ops.sum(loss(target, x, delta=delta) * ops.convert_to_tensor(WEIGHTS, "float32"))

    expected = naive_gradient(lambda t, s: NAIVE[loss](t, s, delta), target, prediction, WEIGHTS)
    result = gradient(weighted, prediction, compiled=compiled)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", RELATIONAL)
def test_widths_may_differ(loss):
    target, prediction = embeddings(widths=(7, 3))
    expected = NAIVE[loss](target, prediction)
    np.testing.assert_allclose(loss(target, prediction), expected, rtol=1e-5)


@pytest.mark.parametrize("loss", RELATIONAL)
def test_moving_rotating_and_scaling_change_nothing(loss):
    target, prediction = embeddings()
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    np.testing.assert_allclose(loss(target, 3 * target @ rotation + 5), 0, atol=1e-6)
    moved = loss(0.1 * target - 2, prediction @ rotation)
    np.testing.assert_allclose(moved, loss(target, prediction), rtol=1e-4)


@pytest.mark.parametrize("loss", RELATIONAL)
def test_a_far_offset_costs_little(loss):
    target, prediction = (x.astype("float32") for x in embeddings())
    expected = NAIVE[loss](target, prediction)
    np.testing.assert_allclose(loss(target + 100, prediction + 100), expected, rtol=2e-3)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("loss", RELATIONAL)
def test_one_and_two_samples_have_no_relations(loss, batch):
    target, prediction = embeddings(batch)
    np.testing.assert_allclose(loss(target, prediction), np.zeros(batch), atol=1e-6)
    slope = gradient(lambda x: ops.sum(loss(target, x)), prediction)
    np.testing.assert_allclose(slope, 0, atol=1e-6)


@pytest.mark.parametrize("loss", RELATIONAL)
def test_duplicates_keep_their_place_and_leave_the_gradient_finite(loss):
    target, prediction = embeddings()
    prediction[3] = prediction[1]
    np.testing.assert_allclose(loss(target, prediction), NAIVE[loss](target, prediction), rtol=1e-5)
    slope = gradient(lambda x: ops.sum(loss(target, x)), prediction)
    assert np.abs(slope).max() < 2


@pytest.mark.parametrize("loss", RELATIONAL)
def test_nearly_equal_embeddings_have_a_bounded_gradient(loss):
    target, prediction = embeddings()
    prediction[3] = prediction[1] + 1e-6
    slope = gradient(lambda x: ops.sum(loss(target, x)), prediction)
    assert np.abs(slope).max() < 2


@pytest.mark.parametrize("loss", RELATIONAL)
def test_one_point_has_the_guides_size_as_loss_and_no_gradient(loss):
    target, _ = embeddings()
    point = np.ones((6, 4))
    np.testing.assert_allclose(loss(target, point), NAIVE[loss](target, point), rtol=1e-5)
    slope = gradient(lambda x: ops.sum(loss(target, x)), point)
    np.testing.assert_array_equal(slope, 0)


SHAPES = {
    "Pool or flatten": (np.zeros((2, 3, 3, 4)), np.zeros((2, 4))),
    "the same samples": (np.zeros((2, 4)), np.zeros((3, 4))),
}


@pytest.mark.parametrize(
    ("loss", "alone", "refused"),
    [
        (IndividualLoss(), True, {"Dense layer": (np.zeros((2, 3)), np.zeros((2, 4)))}),
        (LogitLoss(), True, {"other classes": (np.zeros((2, 3)), np.zeros((2, 4)))}),
        (DistanceLoss(), False, SHAPES),
        (AngleLoss(), False, SHAPES),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_keeps_what_every_loss_promises(loss, alone, refused):
    target, prediction = (x.astype("float32") for x in embeddings())
    check_guided_loss(loss, target, prediction, alone=alone, refused=refused)


@pytest.mark.parametrize(
    "loss",
    [
        IndividualLoss(delta=None, name="a"),
        DistanceLoss(delta=0.5, reduction="sum"),
        AngleLoss(delta=0.5, anchors=3, seed=7),
        LogitLoss(temperature=2.0),
    ],
    ids=lambda loss: loss.name,
)
def test_options_are_in_the_config(loss):
    check_config(loss)
