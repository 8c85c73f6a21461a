import keras
import numpy as np
import pytest

from keras_pisr.distillers import PrivilegedDistiller
from keras_pisr.losses import GaussianNLL, LaplaceNLL, laplace_nll
from keras_pisr.models import PlainSR
from tests.distillers.small import fill, pairs, small_fsrcnn, small_teacher, stage_1, stage_2

pytestmark = pytest.mark.core


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def logs_of(distiller, lr, hr):
    distiller.compile("sgd", loss="mae")
    return distiller.evaluate(lr, hr, verbose=0, return_dict=True)


def test_stage_1_is_reconstruction_plus_weighted_imitation():
    trainer = stage_1(imitation_weight=0.25)
    lr, hr = pairs()
    code = numpy(trainer.student.encoder(hr))
    logs = logs_of(trainer, lr, hr)
    np.testing.assert_allclose(logs["imitation"], 0.25 * np.abs(code - lr).mean(), rtol=1e-5)
    out = numpy(trainer.student(hr))
    np.testing.assert_allclose(logs["reconstruction"], np.abs(out - hr).mean(), rtol=1e-5)


def test_stage_1_without_imitation_does_not_look_at_lr():
    trainer = stage_1(imitation_weight=0)
    lr, hr = pairs()
    assert logs_of(trainer, lr, hr)["loss"] == logs_of(trainer, 0 * lr, hr)["loss"]


def test_stage_2_is_reconstruction_plus_weighted_likelihood():
    distiller = stage_2(distillation_weight=0.5)
    lr, hr = pairs()
    logs = logs_of(distiller, lr, hr)
    code = distiller.teacher.encoder(hr)
    target = distiller.tapped_decoder(code)["expanding"]
    feature = distiller.tapped_student(lr)["expanding"]
    nll = numpy(laplace_nll(target, *distiller.estimator(feature))).mean()
    np.testing.assert_allclose(logs["distillation"], 0.5 * nll, rtol=1e-4)
    out = numpy(distiller.student(lr))
    np.testing.assert_allclose(logs["reconstruction"], np.abs(out - hr).mean(), rtol=1e-5)


@pytest.mark.parametrize("loss", [LaplaceNLL(), GaussianNLL()])
def test_likelihoods_train_the_heads_too(loss):
    distiller = stage_2(feature_loss=loss)
    distiller.compile("adam", loss="mae")
    before = [np.array(weight) for weight in distiller.estimator.get_weights()]
    distiller.fit(*pairs(), verbose=0)
    moved = [
        not np.array_equal(a, b)
        for a, b in zip(before, distiller.estimator.get_weights(), strict=True)
    ]
    assert all(moved)


@pytest.mark.parametrize(
    ("loss", "distance"),
    [
        (keras.losses.MeanAbsoluteError(), np.abs),
        (keras.losses.MeanSquaredError(), np.square),
    ],
)
def test_l1_and_l2_compare_the_features_themselves(loss, distance):
    distiller = stage_2(feature_loss=loss, distillation_weight=2.0)
    lr, hr = pairs()
    target = numpy(distiller.tapped_decoder(distiller.teacher.encoder(hr))["expanding"])
    feature = numpy(distiller.tapped_student(lr)["expanding"])
    expected = 2 * distance(target - feature).mean()
    np.testing.assert_allclose(logs_of(distiller, lr, hr)["distillation"], expected, rtol=1e-4)
    assert distiller.estimator is None


def test_student_starts_from_the_decoder_unless_told_otherwise():
    teacher = fill(small_teacher(), 1)
    student = fill(small_fsrcnn(), 2)
    own = student.get_weights()[0]
    PrivilegedDistiller(teacher=teacher, student=student, start_from_decoder=False)
    np.testing.assert_array_equal(student.get_weights()[0], own)
    PrivilegedDistiller(teacher=teacher, student=student)
    for a, b in zip(student.get_weights(), teacher.decoder.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def count_calls(layer):
    calls = []
    original = layer.call

    def counted(*args, **kwargs):
        calls.append(1)
        return original(*args, **kwargs)

    layer.call = counted
    return calls


def test_one_student_pass_a_step():
    distiller = stage_2()
    distiller.compile("sgd", loss="mae", run_eagerly=True, jit_compile=False)
    lr, hr = pairs(2)
    distiller.fit(lr, hr, batch_size=2, verbose=0)
    student_calls = count_calls(distiller.student.get_layer("last_layer"))
    distiller.fit(lr, hr, batch_size=2, verbose=0)
    assert len(student_calls) == 1


def test_the_teacher_runs_up_to_its_feature_and_no_further():
    distiller = stage_2()
    distiller.compile("sgd", loss="mae", run_eagerly=True, jit_compile=False)
    decoder = distiller.teacher.decoder
    feature, last = (count_calls(decoder.get_layer(n)) for n in ("expanding", "last_layer"))
    distiller.fit(*pairs(2), batch_size=2, verbose=0)
    assert len(feature) == 1
    assert last == []


def test_without_distillation_the_teacher_does_not_run():
    distiller = stage_2(distillation_weight=0)
    distiller.compile("sgd", loss="mae", run_eagerly=True, jit_compile=False)
    calls = count_calls(distiller.teacher.encoder.get_layer("code"))
    history = distiller.fit(*pairs(), verbose=0).history
    assert calls == []
    assert "distillation" not in history


def test_another_layer_can_be_distilled():
    distiller = stage_2(feature="mapping_1", teacher_feature="shrinking")
    lr, hr = pairs()
    assert distiller.estimator.channels == 4
    assert np.isfinite(logs_of(distiller, lr, hr)["distillation"])


def test_the_layer_to_distil_has_a_default_or_is_asked_for():
    student = PlainSR(scale=2, features=3, body_layers=1)
    distiller = PrivilegedDistiller(
        teacher=small_teacher(), student=student, start_from_decoder=False
    )
    assert (distiller.feature, distiller.teacher_feature) == ("features", "expanding")
    inputs = keras.Input((None, None, 1))
    image = keras.layers.Conv2DTranspose(1, 2, 2, name="enlarged")(inputs)
    with pytest.raises(ValueError, match="pass `feature=`.*enlarged"):
        PrivilegedDistiller(
            teacher=small_teacher(),
            student=keras.Model(inputs, image),
            start_from_decoder=False,
        )


def test_heads_map_to_a_teacher_of_another_width():
    teacher = fill(small_teacher(), 1)
    student = small_fsrcnn(features=9)
    distiller = PrivilegedDistiller(teacher=teacher, student=student, start_from_decoder=False)
    assert distiller.estimator.channels == 6
    assert np.isfinite(logs_of(distiller, *pairs())["distillation"])


def test_l1_refuses_another_width():
    with pytest.raises(ValueError, match="equal width.*9 channels.*6"):
        PrivilegedDistiller(
            teacher=small_teacher(),
            student=small_fsrcnn(features=9),
            feature_loss=keras.losses.MeanAbsoluteError(),
            start_from_decoder=False,
        )


def test_a_student_that_cannot_start_from_the_decoder_is_refused():
    with pytest.raises(ValueError, match="start_from_decoder=False"):
        PrivilegedDistiller(teacher=small_teacher(), student=small_fsrcnn(features=9))


def test_any_image_to_image_model_can_be_the_student():
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(5, 3, padding="same", activation="relu", name="body")(inputs)
    x = keras.layers.UpSampling2D(2)(x)
    student = keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same")(x))
    distiller = PrivilegedDistiller(
        teacher=fill(small_teacher(), 1),
        student=student,
        feature="body",
        teacher_feature="expanding",
        start_from_decoder=False,
    )
    assert np.isfinite(logs_of(distiller, *pairs())["distillation"])


def test_the_teachers_own_decoder_cannot_be_the_student():
    teacher = small_teacher()
    with pytest.raises(ValueError, match="shares weights"):
        PrivilegedDistiller(teacher=teacher, student=teacher.decoder)


def test_fit_does_not_warn_that_a_dataset_is_not_shuffled(tensorflow_backend, recwarn):
    lr, hr = np.zeros((4, 6, 6, 1), "float32"), np.zeros((4, 12, 12, 1), "float32")
    import tensorflow as tf

    distiller = stage_1()
    distiller.compile("adam", loss="mae")
    distiller.fit(tf.data.Dataset.from_tensor_slices((lr, hr)).batch(2), verbose=0)
    assert not [x for x in recwarn if "shuffle" in str(x.message)]
