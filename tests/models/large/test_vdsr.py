import keras
import numpy as np
import pytest

from keras_pisr.data.images.resize import upscale
from keras_pisr.models import VDSR, multiply_accumulates
from tests.harness import array, check_student, random

pytestmark = pytest.mark.core


def narrow(scale=2):
    return VDSR(scale, features=4, depth=4)


def test_keeps_what_every_student_promises(tmp_path):
    check_student(narrow, scale=2, parameters=373, folder=tmp_path)


def test_costs_what_the_paper_says():
    model = VDSR(3)
    kernels = [x.kernel for x in model.layers if isinstance(x, keras.layers.Conv2D)]
    assert len(kernels) == 20 and sum(map(np.size, map(array, kernels))) == 664_704
    assert model.count_params() == 665_921
    giga = multiply_accumulates(model, (10, 10, 1)) / 900 * 1280 * 720 / 1e9
    assert giga == pytest.approx(612.6, abs=0.05)


def test_without_a_residual_it_is_the_published_enlargement():
    model, lr = narrow(), random((1, 6, 7, 1))
    model.get_layer("residual").set_weights([np.zeros((3, 3, 4, 1)), np.zeros(1)])
    expected = np.clip(upscale(lr[0], 2), 0, 1)
    np.testing.assert_allclose(array(model(lr))[0], expected, atol=1e-6)


def test_blocks_end_before_the_layer_to_distil():
    names = [layer.name for layer in narrow().layers]
    assert narrow().blocks() == ["first", "body_1"]
    assert names.index("features") > names.index("body_1")
