"""VDSR, IDN and CARN as `.tflite` files of open size."""

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.models import bicubic_start
from tests.harness import array, random
from tests.models.large.students import LARGE

pytestmark = pytest.mark.usefixtures("tensorflow_backend")


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_float32_is_exact_and_runs_whole(make, tmp_path):
    model, luma = make(), random((1, 7, 9, 1))
    kp.mobile.to_tflite(model, tmp_path / "a.tflite")
    facts = kp.mobile.check_file(
        tmp_path / "a.tflite", precision="float32", weights=model.count_params()
    )
    assert facts.delegates == 1 and not facts.not_delegated
    got = kp.mobile.TFLiteModel(tmp_path / "a.tflite")(luma)
    np.testing.assert_allclose(got, array(model(luma)), atol=1e-5)


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_int8_runs_whole(make, tmp_path, monkeypatch):
    # XNNPACK adds no two tensors of which one is a thousand times as loud, as at the very start.
    monkeypatch.setattr(bicubic_start, "NEARLY_SILENT", 0.01)
    model = kp.models.start_as_bicubic(make())
    luma = 0.2 + 0.6 * random((1, 12, 12, 1))
    options = {"precision": "int8", "pixels": "uint8", "representative": [luma[0]]}
    kp.mobile.to_tflite(model, tmp_path / "a.tflite", **options)
    assert kp.mobile.check_file(tmp_path / "a.tflite", precision="int8").delegates == 1
    file = kp.mobile.TFLiteModel(tmp_path / "a.tflite")
    scale, zero = file.interpreter.get_output_details()[0]["quantization"]
    assert zero == 0 and scale == pytest.approx(1 / 255, rel=1e-5)
    np.testing.assert_allclose(file(luma), array(model(luma)), atol=0.05)
