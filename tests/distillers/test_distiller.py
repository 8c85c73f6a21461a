"""What every stage promises, whichever it is."""

import keras
import numpy as np
import pytest

from keras_pisr.distillers import Distiller
from keras_pisr.metrics import PSNR
from tests.distillers.small import alone, fill, pairs, small_fsrcnn, stage_2
from tests.harness import check_distiller, same, weights_of

pytestmark = pytest.mark.core


def test_keeps_what_every_distiller_promises(distiller, tmp_path):
    check_distiller(distiller, *pairs(), metrics=[PSNR(shave=2)], folder=tmp_path)


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


def test_a_student_that_is_no_keras_model_is_refused():
    with pytest.raises(ValueError, match="student must be a keras.Model, got function"):
        Distiller(lambda x: x)
