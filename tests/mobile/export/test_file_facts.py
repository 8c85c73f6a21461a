"""The gates: each lets a sound file through and names what is wrong with another."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.mobile.export import agreement
from keras_pisr.mobile.export import file_facts as checks


@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic", "int8"])
def test_a_sound_file_is_wholly_delegated(student, files, precision):
    facts = kp.mobile.check_file(
        files(precision), precision=precision, weights=student.count_params()
    )
    assert facts.delegates == 1
    # An int8 file of float pixels converts them within its only delegate.
    assert facts.not_delegated == ()
    assert facts.operations["CONV_2D"] == 5 and facts.operations["DEPTH_TO_SPACE"] == 1
    assert facts.bytes == files(precision).stat().st_size
    assert (set(facts.float_operations) <= {"DEQUANTIZE"}) == (precision == "int8")


def test_what_runs_outside_a_delegate_is_found_from_the_graph():
    # in -> A -> t1 -> B -> t2 -> C -> out; the delegate took over A and, with it, t1.
    operations = [
        {"index": 0, "op_name": "A", "inputs": [0], "outputs": [1]},
        {"index": 1, "op_name": "B", "inputs": [1], "outputs": [2]},
        {"index": 2, "op_name": "C", "inputs": [2], "outputs": [3]},
        {"index": 3, "op_name": "DELEGATE", "inputs": [0], "outputs": [1]},
    ]
    assert sorted(checks.executed(operations, [{"index": 3}])) == ["B", "C"]
    whole = [*operations[:3], {**operations[3], "outputs": [3]}]
    assert checks.executed(whole, [{"index": 3}]) == ()


def test_int8_prelu_is_listed_or_refused(student, tmp_path):
    import tensorflow as tf

    path = tmp_path / "prelu.tflite"
    student.export(
        path,
        format="litert",
        verbose=False,
        input_signature=[keras.InputSpec(shape=(1, None, None, 1), dtype="float32")],
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=lambda: ([np.full((1, 8, 8, 1), i / 4, "f")] for i in range(5)),
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
    )
    with pytest.raises(ValueError, match="does not run 4 PRELU.*only with one slope for the layer"):
        kp.mobile.check_file(path, precision="int8")
    facts = kp.mobile.check_file(path, precision="int8", wholly_delegated=False)
    assert facts.not_delegated == ("PRELU",) * 4 and facts.delegates == 5
    assert set(facts.float_operations) == {"DEQUANTIZE"}


def test_float_arithmetic_in_an_int8_file_is_refused(files):
    with pytest.raises(ValueError, match="computes in float: .*5 CONV_2D"):
        kp.mobile.check_file(files("float32"), precision="int8")


def test_floats_around_an_8_bit_network_are_told_from_those_inside():
    types = dict.fromkeys((0, 1, 3, 5, 6), np.float32) | dict.fromkeys((2, 4), np.int8)
    inside = {"index": 2, "op_name": "PRELU", "inputs": [2], "outputs": [3]}
    colours = {"index": 5, "op_name": "CONV_2D", "inputs": [1, 5], "outputs": [6]}
    operations = [
        {"index": 0, "op_name": "MUL", "inputs": [0], "outputs": [1]},
        {"index": 1, "op_name": "CONV_2D", "inputs": [1], "outputs": [2]},
        inside,
        {"index": 3, "op_name": "CONV_2D", "inputs": [3], "outputs": [4]},
        {"index": 4, "op_name": "DEQUANTIZE", "inputs": [4], "outputs": [5]},
        colours,
    ]
    assert checks.computed_in_float(operations, types, images=True) == ("PRELU",)
    # More float convolutions than colours have are part of the network.
    first = [{"index": i, "op_name": "CONV_2D", "inputs": [0], "outputs": [0]} for i in (6, 7, 8)]
    found = checks.computed_in_float([*first, *operations], types, images=True)
    assert found.count("CONV_2D") == 4
    in_float = [operations[0], inside, colours]
    found = checks.computed_in_float(in_float, types, images=True)
    assert found == ("MUL", "PRELU", "CONV_2D")


def test_lost_weights_are_noticed_by_size(files):
    with pytest.raises(ValueError, match="the 100000 weights alone take 400000"):
        kp.mobile.check_file(files("float32"), precision="float32", weights=100_000)
    with pytest.raises(ValueError, match="at most 1000 were expected"):
        kp.mobile.check_file(files("float32"), precision="float32", max_bytes=1000)


def test_variables_are_refused(student, tmp_path):
    import tensorflow as tf

    # The call that loses a Keras 3 model's weights without a word.
    function = tf.function(student).get_concrete_function(tf.TensorSpec((1, 8, 8, 1)))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], student)
    (tmp_path / "lost.tflite").write_bytes(converter.convert())
    with pytest.raises(ValueError, match="VAR_HANDLE: weights were not converted"):
        kp.mobile.check_file(tmp_path / "lost.tflite", precision="float32")


def test_values_that_are_not_finite_are_refused(student, tmp_path):
    broken = keras.models.clone_model(student)
    broken.set_weights([w * np.nan if w.ndim == 4 else w for w in student.get_weights()])
    kp.mobile.to_tflite(broken, tmp_path / "nan.tflite")
    with pytest.raises(ValueError, match="not finite for black"):
        kp.mobile.check_file(tmp_path / "nan.tflite", precision="float32")


class Stub:
    """Stands in for a file: the student's answer and an error of known size."""

    shape, color, dtype = (1, None, None, 1), "luma", np.float32

    def __init__(self, student, error):
        self.student, self.error = student, error

    def __call__(self, luma):
        return np.asarray(self.student(luma)) * 0 + 0.5 + self.error


@pytest.fixture
def flat(monkeypatch):
    """One gray image and a model that answers 0.5, whatever it sees."""
    image = np.full((32, 32, 1), 128, "uint8")
    monkeypatch.setattr(agreement, "sample_images", lambda split: {"gray": image})
    return lambda luma: np.full((1, luma.shape[1] * 2, luma.shape[2] * 2, 1), 0.5, "float32")


def test_agreement_is_the_psnr_between_the_outputs(flat):
    file = Stub(flat, 0.01)
    result = kp.mobile.check_agreement(flat, file, scale=2, precision="int8")
    assert result.agreement == pytest.approx(40, abs=1e-3)  # -20 log10 0.01
    assert result.images == 1
    # 0.5 rounds to 128 as the image is: no error, 100 dB. 0.51 rounds to 130: 20 log10(255 / 2).
    assert result.keras_psnr == 100
    assert result.file_psnr == pytest.approx(42.11, abs=0.01)
    assert result.loss == result.keras_psnr - result.file_psnr


@pytest.mark.parametrize(
    ("precision", "error", "passes"),
    [
        ("int8", 10 ** (-36 / 20), True),
        ("int8", 10 ** (-34 / 20), False),
        ("float32", 1e-4, False),
        ("float16", 5e-4, True),
        ("float16", np.nan, False),
    ],
)
def test_each_precision_has_its_floor(flat, precision, error, passes):
    file = Stub(flat, error)
    if passes:
        kp.mobile.check_agreement(flat, file, scale=2, precision=precision)
    else:
        with pytest.raises(ValueError, match="does not compute the same as the model"):
            kp.mobile.check_agreement(flat, file, scale=2, precision=precision)


def test_a_loss_beyond_what_is_allowed_is_refused(flat):
    with pytest.raises(ValueError, match="at most 0.1 was allowed"):
        kp.mobile.check_agreement(flat, Stub(flat, 0.01), scale=2, precision="int8", max_loss=0.1)


def test_photographs_fit_a_fixed_size(monkeypatch, rng):
    image = rng.integers(0, 255, (20, 40, 3), "uint8")
    monkeypatch.setattr(agreement, "sample_images", lambda split: {"a": image})
    ((lr, hr),) = agreement.photographs(None, 2, (16, 8))
    assert lr.shape == (16, 8, 3) and hr.shape == (32, 16, 3)
    np.testing.assert_array_equal(lr[10:], lr[9:3:-1])
    np.testing.assert_array_equal(hr[:20], image[:, :16])
