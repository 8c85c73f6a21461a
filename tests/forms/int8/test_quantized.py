"""The 8-bit form: what the file computes, before there is a file; and it trains."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.forms.int8.fake_quant import FakeQuant
from keras_pisr.forms.int8.quantized import (
    form_of_file,
    post_training_form,
    quantized_form,
    settle_ranges,
)
from keras_pisr.forms.phone import deployed_form
from keras_pisr.mobile.export.convert import calibration_batches, calibration_lumas
from tests.models.students import plain_student, small_student

pytestmark = pytest.mark.usefixtures("tensorflow_backend")


def residual_student(scale=2):
    model = kp.models.ResidualFSRCNN(scale, features=8, shrunk_features=8, mapping_layers=1)
    return kp.models.start_as_bicubic(model, seed=1)


def added_up(scale=2, **options):
    """A PlainSR whose residual is no longer silent."""
    model = plain_student(scale, **options)
    kernel, bias = model.get_layer("residual").get_weights()
    model.get_layer("residual").set_weights([30 * kernel, bias])
    return model


STUDENTS = {"fsrcnn": small_student, "residual": residual_student, "plain": added_up}


@pytest.fixture(scope="module")
def patches():
    lumas = calibration_lumas(residual_student(), None)
    return [luma for (luma,) in calibration_batches(lumas[:3], size=(24, 24))]


def smooth(height, width):
    rows, columns = np.mgrid[:height, :width]
    luma = 0.5 + 0.4 * np.sin(rows / 3) * np.cos(columns / 4)
    return luma[None, ..., None].astype("float32")


@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize("scale", [2, 3])
def test_the_file_computes_what_the_form_computes(kind, scale, patches, tmp_path):
    deployed = deployed_form(STUDENTS[kind](scale))
    form = form_of_file(deployed, patches, fine=True)
    kp.mobile.to_tflite(form, tmp_path / "a.tflite", precision="int8")
    facts = kp.mobile.check_file(tmp_path / "a.tflite", precision="int8")
    assert facts.delegates == 1 and facts.not_delegated == ()
    luma = smooth(17, 22)
    levels = 255 * np.asarray(form(luma)), 255 * kp.mobile.TFLiteModel(tmp_path / "a.tflite")(luma)
    # Whole numbers multiply and round in other places than floats: a level here and there.
    assert np.abs(np.subtract(*levels)).max() < 2.5
    assert np.abs(np.subtract(*levels)).mean() < 0.5


@pytest.mark.parametrize("kind", STUDENTS)
def test_the_form_is_close_to_the_student(kind, patches):
    student = STUDENTS[kind]()
    form = post_training_form(deployed_form(student), patches)
    inner = (slice(None), slice(8, -8), slice(8, -8))
    luma = smooth(16, 20)
    np.testing.assert_allclose(form(luma)[inner], student(luma)[inner], atol=0.03)


def test_a_residual_needs_no_clip_in_8_bit(tmp_path):
    kp.mobile.to_tflite(residual_student(), tmp_path / "a.tflite", precision="int8", pixels="uint8")
    operations = kp.mobile.FileFacts.of(tmp_path / "a.tflite").operations
    assert operations == {"QUANTIZE": 2, "CONV_2D": 5, "ADD": 1, "DEPTH_TO_SPACE": 1}


def test_a_sum_of_two_paths_is_one_convolution_in_8_bit(tmp_path):
    kp.mobile.to_tflite(added_up(), tmp_path / "a.tflite", precision="int8", pixels="uint8")
    operations = kp.mobile.FileFacts.of(tmp_path / "a.tflite").operations
    wanted = {"QUANTIZE": 2, "CONV_2D": 4, "ADD": 1, "CONCATENATION": 1, "DEPTH_TO_SPACE": 1}
    assert operations == wanted


def test_a_leaky_sum_of_two_paths_is_one_delegate_in_8_bit(tmp_path):
    kp.mobile.to_tflite(
        added_up(negative_slope=0.1), tmp_path / "a.tflite", precision="int8", pixels="uint8"
    )
    operations = kp.mobile.FileFacts.of(tmp_path / "a.tflite").operations
    wanted = {"QUANTIZE": 2, "CONV_2D": 5, "LEAKY_RELU": 3, "ADD": 2, "DEPTH_TO_SPACE": 1}
    assert operations == wanted


def test_an_8_bit_file_of_whole_images_is_delegated_too(tmp_path):
    kp.mobile.to_tflite(residual_student(), tmp_path / "a.tflite", precision="int8", color="rgb")
    kp.mobile.check_file(tmp_path / "a.tflite", precision="int8")


def test_ranges_are_never_worse_than_the_extremes(patches):
    model = deployed_form(residual_student())
    form = settle_ranges(quantized_form(model), model, patches)

    def error(form):
        return sum(np.square(np.asarray(form(x)) - model(x)).mean() for x in patches)

    settled = error(form)
    for layer in form.layers:
        if isinstance(layer, FakeQuant) and layer.trainable:
            name = layer.name.removesuffix("_levels")
            seen = keras.Model(model.inputs[0], model.get_layer(name).output)
            values = np.concatenate([np.ravel(seen(x)) for x in patches])
            layer.set_weights([np.minimum(values.min(), 0), values.max()])
    assert settled <= error(form)


def test_a_range_gives_up_the_rarest_values_for_finer_steps():
    # 255 levels up to 30 make 0.47 of 0.42; up to 27, 0.42. The single 30 is beyond a pixel anyway.
    inputs = keras.Input((None, None, 1))
    conv = keras.layers.Conv2D(1, 1, name="conv")
    last = keras.layers.Conv2D(1, 1, name="last")
    model = keras.Model(inputs, last(conv(inputs)))
    conv.set_weights([np.full((1, 1, 1, 1), 30.0), np.zeros(1)])
    last.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    luma = np.full((1, 100, 100, 1), 0.42 / 30, "float32")
    luma[0, 0, 0] = 1
    form = settle_ranges(quantized_form(model), model, [luma])
    low, high = form.get_layer("conv_levels").get_weights()
    assert low == 0 and high == 27


def test_pixels_keep_their_range_and_all_else_learns():
    form = quantized_form(residual_student())
    trained = {w.path.split("/")[-2] for w in form.trainable_variables}
    assert "pixels_levels" not in trained
    assert {"mapping_1_levels", "residual_levels", "mapping_1_conv"} <= trained
    assert {"expanding", "last_layer"} <= {layer.name for layer in form.layers}


def test_it_learns_with_the_teachers_guidance(patches, tmp_path):
    keras.utils.set_random_seed(0)
    teacher = kp.models.PrivilegedTeacher(residual_student())
    form = settle_ranges(
        quantized_form(residual_student()), deployed_form(residual_student()), patches
    )
    distiller = kp.distillers.PrivilegedDistiller(
        teacher=teacher, student=form, distillation_weight=1e-3, start_from_decoder=False
    )
    distiller.compile(keras.optimizers.Adam(1e-3), loss="mae")
    hr = smooth(32, 32)
    lr = hr.reshape(1, 16, 2, 16, 2, 1).mean((2, 4))
    first = form.get_layer("feature_extraction_conv").get_weights()[0].copy()
    history = distiller.fit(lr, hr, epochs=40, verbose=0).history
    assert history["reconstruction"][-1] < history["reconstruction"][0]
    assert history["distillation"][-1] < history["distillation"][0]
    assert np.abs(form.get_layer("feature_extraction_conv").get_weights()[0] - first).max() > 0
    form.save(tmp_path / "trained.keras")
    again = kp.load_student(tmp_path / "trained.keras")
    np.testing.assert_array_equal(again(lr), form(lr))


def test_layers_without_an_8_bit_form_are_named():
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, keras.layers.UpSampling2D(2)(inputs))
    with pytest.raises(ValueError, match="holds UpSampling2D, which have"):
        quantized_form(model)
    convolution = keras.layers.Conv2D(1, 3, padding="same", activation="tanh")
    with pytest.raises(ValueError, match="holds Conv2D with tanh, which have"):
        quantized_form(keras.Model(inputs, convolution(inputs)))


def test_an_8_bit_form_becomes_nothing_but_int8(tmp_path):
    form = quantized_form(residual_student())
    with pytest.raises(ValueError, match="computes in 8 bit: .* not 'float16'"):
        kp.mobile.to_tflite(form, tmp_path / "a.tflite", precision="float16")
