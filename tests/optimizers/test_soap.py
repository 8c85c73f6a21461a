import keras
import numpy as np
import pytest

from keras_pisr.optimizers import SOAP
from keras_pisr.optimizers.soap import matrix_shape, rotate

pytestmark = pytest.mark.core


def steps(optimizer, start, gradient_of, n):
    """The weight after each of `n` steps, `(n, *shape)`."""
    weight, trace = keras.Variable(start), []
    for _ in range(n):
        value = keras.ops.convert_to_numpy(weight)
        optimizer.apply([keras.ops.convert_to_tensor(gradient_of(value))], [weight])
        trace.append(keras.ops.convert_to_numpy(weight))
    return np.stack(trace)


def naive_soap(start, gradient_of, n, rate, every, *, turn_left=True, beta=0.95, epsilon=1e-8):
    """The same for a matrix, written out in float64."""
    weight = start.astype("float64")
    m, v = np.zeros_like(weight), np.zeros_like(weight)
    covariance = [np.zeros((side, side)) for side in weight.shape]
    left, right = (np.eye(side) for side in weight.shape)
    trace = []
    for t in range(1, n + 1):
        g = gradient_of(weight)
        m = beta * m + (1 - beta) * g
        v = beta * v + (1 - beta) * (left.T @ g @ right) ** 2
        u = left.T @ m @ right / (1 - beta**t)
        u = u / (np.sqrt(v / (1 - beta**t)) + epsilon)
        weight = weight - rate * left @ u @ right.T
        new = g @ g.T, g.T @ g
        covariance = [beta * c + (1 - beta) * o for c, o in zip(covariance, new, strict=True)]
        if t % every == 0:
            if turn_left:
                order = np.argsort(np.diag(left.T @ covariance[0] @ left))[::-1]
                v, left = v[order], np.linalg.qr(covariance[0] @ left[:, order])[0]
            order = np.argsort(np.diag(right.T @ covariance[1] @ right))[::-1]
            v, right = v[:, order], np.linalg.qr(covariance[1] @ right[:, order])[0]
        trace.append(weight)
    return np.stack(trace)


@pytest.fixture
def quadratic(rng):
    """A start, and the gradient of a badly conditioned quadratic bowl around 0."""
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    bowl = turn @ np.diag([1, 10, 100, 1000]) @ turn.T
    return rng.normal(size=(4, 3)).astype("float32"), lambda w: (bowl @ w).astype(w.dtype)


def test_steps_are_those_of_the_formulas(quadratic):
    start, gradient_of = quadratic
    ours = steps(SOAP(0.01, refresh_every=4), start, gradient_of, 14)
    wanted = naive_soap(start, gradient_of, 14, 0.01, every=4)
    np.testing.assert_allclose(ours, wanted, atol=2e-4)
    assert np.abs(ours[-1] - start).max() > 0.05


@pytest.mark.parametrize("shape", [(5,), (1, 1, 4), (1, 3)])
def test_a_vector_takes_the_steps_of_adam(rng, shape):
    start = rng.normal(size=shape).astype("float32")
    adam = keras.optimizers.Adam(0.01, beta_1=0.95, beta_2=0.95, epsilon=1e-8)
    ours, theirs = (steps(x, start, np.tanh, 8) for x in (SOAP(0.01), adam))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_turned_problem_gives_turned_steps(rng, quadratic):
    start, gradient_of = quadratic
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0].astype("float32")
    # Until the first refresh the basis is that of the axes: let it come at once, then compare.
    gradients = [rng.normal(size=(4, 3)).astype("float32") for _ in range(15)]
    traces = []
    for matrix in (np.eye(4, dtype="float32"), turn):
        stream, optimizer = iter(gradients), SOAP(0.01, beta_2=0.0, epsilon=1.0, refresh_every=1)
        trace = steps(optimizer, matrix @ start, lambda _, m=matrix, s=stream: m @ next(s), 15)
        traces.append(matrix.T @ (trace[1:] - trace[:-1]))
    np.testing.assert_allclose(traces[0][10:], traces[1][10:], atol=1e-4)


def test_axes_are_merged_up_to_the_longest_side():
    assert matrix_shape((3, 3, 12, 16), 128) == (108, 16)
    assert matrix_shape((5, 5, 56, 64), 128) == (25, 56, 64)
    assert matrix_shape((1, 1, 56, 12), 128) == (56, 12)
    assert matrix_shape((9, 9, 1, 56), 128) == (81, 56)
    assert matrix_shape((7,), 128) == (7,)


def test_a_side_that_is_too_long_is_not_rotated(quadratic):
    start, gradient_of = quadratic
    ours = steps(SOAP(0.01, largest_side=3, refresh_every=4), start, gradient_of, 10)
    wanted = naive_soap(start, gradient_of, 10, 0.01, every=4, turn_left=False)
    np.testing.assert_allclose(ours, wanted, atol=2e-4)


def test_a_kernel_takes_the_steps_of_its_matrix(rng):
    start = rng.normal(size=(3, 3, 2, 5)).astype("float32")
    pull = rng.normal(size=(18, 18)).astype("float32")

    def gradient_of(w):
        return (pull @ pull.T @ w.reshape(18, 5)).reshape(w.shape)

    kernel, matrix = (
        steps(SOAP(0.01, refresh_every=3), w, gradient_of, 8) for w in (start, start.reshape(18, 5))
    )
    np.testing.assert_allclose(kernel.reshape(matrix.shape), matrix, atol=1e-5)


def test_a_kernel_of_three_sides_is_rotated_on_each(rng):
    # With no memory and one refresh per step, the basis of a side is that of its last covariance.
    options = {"beta_1": 0.0, "beta_2": 0.0, "covariance_beta": 0.0, "epsilon": 1.0}
    start = np.zeros((4, 1, 5, 3), "float32")
    gradients = [rng.normal(size=start.shape).astype("float32") for _ in range(2)]
    stream = iter(gradients)
    optimizer = SOAP(1.0, largest_side=5, refresh_every=1, **options)
    trace = steps(optimizer, start, lambda _: next(stream), 2)
    first, second = (g.reshape(4, 5, 3).astype("float64") for g in gradients)
    bases = []
    for axis in range(3):
        unfolded = np.moveaxis(first, axis, 0).reshape(first.shape[axis], -1)
        covariance = unfolded @ unfolded.T
        order = np.argsort(np.diag(covariance))[::-1]
        bases.append(np.linalg.qr(covariance[:, order])[0])
    rotated = np.einsum("abc,ai,bj,ck->ijk", second, *bases)
    update = np.einsum("ijk,ai,bj,ck->abc", rotated / (np.abs(rotated) + 1), *bases)
    np.testing.assert_allclose((trace[0] - trace[1]).reshape(4, 5, 3), update, atol=1e-4)


def test_half_precision_weights_are_refused():
    weight = keras.Variable(np.zeros((2, 2)), dtype="float16")
    with pytest.raises(ValueError, match="SOAP needs weights of float32; .* is float16"):
        SOAP().build([weight])


def test_training_goes_on_from_saved_weights(tmp_path, rng):
    x, y = rng.random((8, 6)).astype("float32"), rng.random((8, 2)).astype("float32")

    def model():
        keras.utils.set_random_seed(0)
        made = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4), keras.layers.Dense(2)])
        made.compile(SOAP(0.01, refresh_every=2), loss="mse")
        return made

    def fit(made, epochs):
        made.fit(x, y, epochs=epochs, batch_size=4, shuffle=False, verbose=0)
        return made

    unbroken, first, second = fit(model(), 4), fit(model(), 2), model()
    first.save_weights(tmp_path / "first.weights.h5")
    second.optimizer.build(second.trainable_variables)
    second.load_weights(tmp_path / "first.weights.h5")
    for ours, wanted in zip(fit(second, 2).get_weights(), unbroken.get_weights(), strict=True):
        np.testing.assert_allclose(ours, wanted, atol=1e-6)
    assert np.abs(unbroken.get_weights()[0] - first.get_weights()[0]).max() > 1e-3


def test_rotation_and_back_changes_nothing(rng):
    bases = [np.linalg.qr(rng.normal(size=(n, n)))[0].astype("float32") for n in (3, 4, 5)]
    tensor = rng.normal(size=(3, 4, 5)).astype("float32")
    turned = rotate(tensor, [bases[0], None, bases[2]])
    wanted = np.einsum("abc,ai,ck->ibk", tensor, bases[0], bases[2])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(turned), wanted, atol=1e-5)
    again = rotate(turned, [bases[0], None, bases[2]], back=True)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(again), tensor, atol=1e-5)


@pytest.mark.parametrize("parts", [2, 3])
def test_equal_gradients_accumulated_take_the_steps_of_one(quadratic, parts):
    start, gradient_of = quadratic
    once = steps(SOAP(0.01, refresh_every=4), start, gradient_of, 14)
    optimizer = SOAP(0.01, refresh_every=4, gradient_accumulation_steps=parts)
    accumulated = steps(optimizer, start, gradient_of, 14 * parts)
    np.testing.assert_allclose(accumulated[parts - 1 :: parts], once, atol=1e-5)


def test_nothing_to_train_is_no_error():
    optimizer = SOAP()
    optimizer.apply([], [])
    assert not optimizer.built


def test_a_zero_gradient_moves_nothing():
    start = np.ones((3, 2), "float32")
    trace = steps(SOAP(0.1, refresh_every=1), start, np.zeros_like, 4)
    np.testing.assert_array_equal(trace[-1], start)


def test_every_argument_survives_its_config():
    made = SOAP(
        0.02, beta_1=0.8, covariance_beta=0.7, refresh_every=3, largest_side=9, clipnorm=1.0
    )
    again = keras.optimizers.deserialize(keras.optimizers.serialize(made))
    assert isinstance(again, SOAP)
    assert again.get_config() == made.get_config()
