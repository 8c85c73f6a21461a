import keras
import numpy as np
import pytest
from keras import ops

from keras_pisr.losses import AngleLoss, angle_blocks, angle_loss, sample_anchors
from tests.losses.autodiff import gradient
from tests.losses.naive_relations import naive_angle

pytestmark = pytest.mark.core


def embeddings(batch, seed=0):
    return np.random.default_rng(seed).normal(size=(2, batch, 5)).astype("float32")


def gram_form(target, prediction):
    """The loss with all cosines at once and the backend's own gradient."""

    def cosines(e):
        e = ops.convert_to_tensor(e)
        difference = e[None, :, :] - e[:, None, :]
        length = ops.sum(difference**2, axis=-1) + ops.eye(len(e))
        unit = difference * ops.rsqrt(length)[:, :, None]
        return ops.einsum("ijd,ikd->ijk", unit, unit)

    return ops.mean(keras.losses.huber(cosines(target), cosines(prediction)), axis=1)


def test_a_right_and_a_flat_angle_by_hand():
    right = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    flat = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    # Cosine 0 against -1 at the vertex, 45 degrees against none at the ends; each angle
    # stands twice among the 9 pairs of ends.
    end = (1 - 0.5**0.5) ** 2 / 2
    expected = [2 * 0.5 / 9, 2 * end / 9, 2 * end / 9]
    np.testing.assert_allclose(angle_loss(right, flat), expected, rtol=1e-5)


@pytest.mark.parametrize("triplets", [1, 200, 700, 10**6])
def test_the_size_of_blocks_changes_nothing(monkeypatch, triplets):
    monkeypatch.setattr(angle_blocks, "CPU_BLOCK", triplets)
    monkeypatch.setattr(angle_blocks, "ACCELERATOR_BLOCK", triplets)
    target, prediction = embeddings(10)
    np.testing.assert_allclose(
        angle_loss(target, prediction), naive_angle(target, prediction), rtol=1e-4
    )
    expected = gradient(lambda x: ops.sum(gram_form(target, x)), prediction)
    for compiled in (False, True):
        slope = gradient(lambda x: ops.sum(angle_loss(target, x)), prediction, compiled=compiled)
        np.testing.assert_allclose(slope, expected, atol=2e-6)


def test_chosen_anchors_stand_for_all():
    target, prediction = embeddings(6)
    everyone = ops.convert_to_numpy(angle_loss(target, prediction))
    expected = np.zeros(6)
    expected[[1, 4]] = 3 * everyone[[1, 4]]
    result = angle_loss(target, prediction, anchors=np.array([4, 1]))
    np.testing.assert_allclose(result, expected, rtol=1e-5)


def test_drawn_anchors_are_right_on_average():
    target, prediction = embeddings(4)
    draws = np.array([[i, j] for i in range(4) for j in range(4) if i != j])
    # Every draw of two is equally likely, so the mean over all of them is the expectation.
    values = [angle_loss(target, prediction, anchors=draw) for draw in draws]
    values = np.mean([ops.convert_to_numpy(value) for value in values], axis=0)
    np.testing.assert_allclose(values, angle_loss(target, prediction), rtol=1e-5)
    slopes = [
        gradient(lambda x, d=draw: ops.sum(angle_loss(target, x, anchors=d)), prediction)
        for draw in draws
    ]
    expected = gradient(lambda x: ops.sum(angle_loss(target, x)), prediction)
    np.testing.assert_allclose(np.mean(slopes, axis=0), expected, atol=1e-6)


def test_every_sample_is_drawn_equally_often():
    seed = keras.random.SeedGenerator(0)
    draws = [ops.convert_to_numpy(sample_anchors(5, 2, seed)) for _ in range(200)]
    assert all(len(set(draw)) == 2 for draw in draws)
    counts = np.bincount(np.concatenate(draws), minlength=5)
    assert counts.sum() == 400 and counts.min() > 55 and counts.max() < 105


def test_more_anchors_than_samples_are_all_samples():
    assert sorted(ops.convert_to_numpy(sample_anchors(3, 8, seed=0))) == [0, 1, 2]


def test_a_draw_works_in_a_compiled_step():
    target, prediction = embeddings(6)
    loss = AngleLoss(anchors=2, seed=0, reduction="sum")
    slope = gradient(lambda x: loss(target, x), prediction, compiled=True)
    possible = [
        gradient(
            lambda x, d=(i, j): ops.sum(angle_loss(target, x, anchors=np.array(d))), prediction
        )
        for i in range(6)
        for j in range(i)
    ]
    assert min(np.abs(slope - other).max() for other in possible) < 1e-6


def test_a_model_learns_the_angles_by_fit():
    x = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6)])
    model.compile(keras.optimizers.Adam(0.02), loss=AngleLoss())
    history = model.fit(x, x, batch_size=8, epochs=20, verbose=0).history["loss"]
    assert history[-1] < 0.3 * history[0]
