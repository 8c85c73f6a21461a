"""What every stage promises, whichever it is."""

import keras
import numpy as np
import pytest

from keras_pisr.distillers import Distiller
from keras_pisr.losses import LaplaceNLL
from keras_pisr.metrics import PSNR
from tests.distillers.small import STAGES, alone, fill, pairs, small_fsrcnn, stage_2
from tests.harness import array, check_distiller

pytestmark = pytest.mark.core
ON_TORCH = keras.backend.backend() == "torch"


def weights_of(model):
    return [np.array(weight) for weight in model.get_weights()]


def same(one, two):
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.fixture(params=STAGES.values(), ids=STAGES)
def distiller(request):
    return request.param()


def test_terms_in_the_logs_add_up_to_the_loss(distiller):
    distiller.compile("sgd", loss="mae", metrics=[PSNR(shave=2)])
    logs = distiller.fit(*pairs(), epochs=1, verbose=0).history
    terms = [logs[name][0] for name in distiller.term_trackers]
    assert len(terms) >= 1
    np.testing.assert_allclose(logs["loss"][0], sum(terms), rtol=1e-5)
    assert "psnr" in logs


def test_keeps_what_every_distiller_promises(distiller):
    check_distiller(distiller, *pairs())


def test_same_start_same_result(distiller):
    results = []
    start = weights_of(distiller)
    for _ in range(2):
        distiller.set_weights(start)
        distiller.compile("adam", loss="mae")
        distiller.fit(*pairs(), epochs=2, batch_size=2, shuffle=False, verbose=0)
        results.append(weights_of(distiller.student))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


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


@pytest.mark.parametrize("verb", ["fit", "evaluate"])
def test_data_without_y_are_refused(distiller, verb):
    distiller.compile("sgd", loss="mae", metrics=[PSNR(shave=1)])
    with pytest.raises(ValueError, match="learns from pairs"):
        getattr(distiller, verb)(pairs()[0], verbose=0)


@pytest.mark.parametrize("verb", ["fit", "evaluate"])
def test_swapped_images_are_refused(distiller, verb):
    distiller.compile("sgd", loss="mae", metrics=[PSNR(shave=1)])
    lr, hr = pairs()
    with pytest.raises(ValueError, match=r"\(lr, hr\), hr 2 times as large .*Swap the two"):
        getattr(distiller, verb)(hr, lr, verbose=0)
    with pytest.raises(ValueError, match="for another scale"):
        getattr(distiller, verb)(lr, hr[:, :9, :9], verbose=0)


def test_a_student_without_weights_is_refused():
    class Unbuilt(keras.Model):
        pass

    with pytest.raises(ValueError, match="student 'unbuilt' has no weights yet"):
        Distiller(Unbuilt(name="unbuilt"))


def test_weights_keep_the_whole_distiller(tmp_path):
    ours, theirs = stage_2(), stage_2()
    for distiller in (ours, theirs):
        distiller.compile(keras.optimizers.Adam(0.01), loss="mae")
    ours.fit(*pairs(), verbose=0)
    ours.save_weights(tmp_path / "all.weights.h5")
    theirs.load_weights(tmp_path / "all.weights.h5")
    assert same(weights_of(ours), weights_of(theirs))
    for distiller in (ours, theirs):
        distiller.fit(*pairs(), verbose=0, shuffle=False)
    for a, b in zip(weights_of(ours), weights_of(theirs), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_checkpoint_is_the_student_alone(tmp_path):
    distiller = stage_2()
    distiller.compile("sgd", loss="mae")
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras")
    distiller.fit(*pairs(), verbose=0, callbacks=[checkpoint])
    student = keras.saving.load_model(tmp_path / "best.keras")
    assert not student.compiled
    assert same(weights_of(student), weights_of(distiller.student))


def test_predict_is_the_student():
    distiller = stage_2()
    lr, _ = pairs()
    np.testing.assert_allclose(
        distiller.predict(lr, verbose=0), distiller.student.predict(lr, verbose=0), atol=1e-6
    )


def test_alone_is_what_keras_does(distiller_epochs=2):
    lr, hr = pairs()
    ours, plain = alone(), fill(small_fsrcnn(), 1)
    for model in (ours, plain):
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss="mae")
        model.fit(lr, hr, epochs=distiller_epochs, batch_size=2, shuffle=False, verbose=0)
    for a, b in zip(ours.student.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_gradient_clipping_bounds_the_step():
    distiller = stage_2()
    distiller.compile(keras.optimizers.SGD(1.0, clipvalue=1e-4), loss="mae")
    before = weights_of(distiller.student)
    distiller.fit(*pairs(), batch_size=4, verbose=0)
    moved = [
        np.abs(a - b).max() for a, b in zip(before, distiller.student.get_weights(), strict=True)
    ]
    assert 0 < max(moved) <= 1.001e-4


def test_moving_average_is_what_is_kept_after_fit():
    distiller = stage_2()
    lr, hr = pairs()
    distiller.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), loss="mae")
    distiller.fit(lr, hr, batch_size=2, shuffle=False, verbose=0)
    averaged = distiller.student.get_weights()[0]

    plain, stepped = stage_2(), []
    plain.compile(keras.optimizers.SGD(0.1), loss="mae")
    for half in (slice(0, 2), slice(2, 4)):
        plain.fit(lr[half], hr[half], batch_size=2, verbose=0)
        stepped.append(np.array(plain.student.get_weights()[0]))
    # Keras starts the average at the weights after the first step.
    np.testing.assert_allclose(averaged, 0.5 * stepped[0] + 0.5 * stepped[1], atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_trains_under_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    try:
        distiller = stage_2(distillation_weight=1e-6)
        distiller.compile("adam", loss="mae")
        if policy == "mixed_float16":
            assert isinstance(distiller.optimizer, keras.optimizers.LossScaleOptimizer)
        history = distiller.fit(*pairs(), epochs=4, batch_size=2, verbose=0).history
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(history["loss"]).all()
    assert history["reconstruction"][-1] < history["reconstruction"][0]


@pytest.mark.skipif(ON_TORCH, reason="Keras on PyTorch takes one step an execution")
@pytest.mark.parametrize("batch_size", [1, 3])
def test_several_steps_an_execution_change_nothing(batch_size):
    results = []
    # With 3 some steps, and in batches of 3 samples, are left over at the end.
    for steps in (1, 2, 3):
        distiller = stage_2()
        distiller.compile(keras.optimizers.SGD(0.1), loss="mae", steps_per_execution=steps)
        distiller.fit(*pairs(), batch_size=batch_size, shuffle=False, verbose=0)
        results.append(weights_of(distiller.student))
    for one, *others in zip(*results, strict=True):
        for other in others:
            np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.skipif(ON_TORCH, reason="compiling on PyTorch needs a C++ toolchain and a minute")
@pytest.mark.parametrize("jit_compile", [False, True])
def test_compiled_or_not_the_result_is_the_same(jit_compile):
    results = []
    for jit in (False, jit_compile):
        distiller = stage_2()
        distiller.compile(keras.optimizers.SGD(0.1), loss="mae", jit_compile=jit)
        distiller.fit(*pairs(), batch_size=2, shuffle=False, verbose=0)
        results.append(weights_of(distiller.student))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_callbacks_see_every_term(tmp_path):
    distiller = stage_2()
    distiller.compile("adam", loss="mae")
    log = tmp_path / "log.csv"
    distiller.fit(
        *pairs(),
        validation_data=pairs(seed=1),
        epochs=2,
        verbose=0,
        callbacks=[
            keras.callbacks.CSVLogger(str(log)),
            keras.callbacks.ModelCheckpoint(
                str(tmp_path / "best.weights.h5"),
                monitor="val_reconstruction",
                mode="min",
                save_best_only=True,
                save_weights_only=True,
            ),
        ],
    )
    columns = log.read_text().splitlines()[0].split(",")
    assert {"loss", "distillation", "val_reconstruction"} <= set(columns)
    assert (tmp_path / "best.weights.h5").exists()


@pytest.mark.parametrize("make", [alone, stage_2])
def test_a_frozen_model_is_not_trained_in_silence(make):
    distiller = make()
    distiller.student.trainable = False
    distiller.compile("adam", loss="mae")
    with pytest.raises(ValueError, match="no weight to train"):
        distiller.fit(*pairs(), verbose=0)


def test_losses_that_layers_add_count_as_in_plain_keras():
    def student():
        inputs = keras.Input((None, None, 1))
        x = keras.layers.Conv2D(4, 3, padding="same", activity_regularizer="l2")(inputs)
        x = keras.layers.UpSampling2D(2)(x)
        return fill(keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same")(x)), 3)

    lr, hr = pairs()
    plain, ours = student(), Distiller(student(), main_term="reconstruction")
    histories = []
    for model in (plain, ours):
        model.compile(keras.optimizers.SGD(0.01), loss="mae")
        histories.append(
            model.fit(lr, hr, epochs=2, batch_size=2, shuffle=False, verbose=0).history["loss"]
        )
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-5)
    for a, b in zip(ours.student.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_full_checkpoints_are_the_student(tmp_path):
    distiller = stage_2()
    distiller.compile("adam", loss="mae")
    checkpoint = keras.callbacks.ModelCheckpoint(str(tmp_path / "best.keras"))
    lr, hr = pairs()
    distiller.fit(lr, hr, verbose=0, callbacks=[checkpoint])
    again = keras.saving.load_model(tmp_path / "best.keras")
    np.testing.assert_allclose(
        again.predict(lr, verbose=0), distiller.student.predict(lr, verbose=0), atol=1e-6
    )


def test_a_student_that_is_no_keras_model_is_refused():
    with pytest.raises(ValueError, match="student must be a keras.Model, got function"):
        Distiller(lambda x: x)
