import keras
import numpy as np
import pytest

from keras_pisr.data.images.resize import resize
from keras_pisr.models import (
    CARN,
    FSRCNN,
    IDN,
    VDSR,
    PlainSR,
    PrivilegedTeacher,
    ResidualFSRCNN,
    bicubic_start,
    start_as_bicubic,
)

pytestmark = pytest.mark.core


def smooth_image(height, width):
    """An image between 0.2 and 0.8, far from what a PReLU could bend."""
    rows, columns = np.mgrid[:height, :width]
    return (0.5 + 0.3 * np.sin(rows / 3) * np.cos(columns / 4)).astype("float32")


@pytest.mark.parametrize(
    ("kind", "scale", "apart"),
    [(FSRCNN, 2, 1e-5), (FSRCNN, 3, 0.02), (FSRCNN, 4, 0.02)]
    + [(kind, scale, 1e-5) for kind in (PlainSR, ResidualFSRCNN) for scale in (2, 3, 4)],
)
def test_student_starts_as_bicubic_upscaling(kind, scale, apart, monkeypatch):
    monkeypatch.setattr(bicubic_start, "NEARLY_SILENT", 0.0)
    lr = smooth_image(16, 15)
    model = start_as_bicubic(kind(scale=scale))
    out = keras.ops.convert_to_numpy(model(lr[None, :, :, None]))[0, :, :, 0]
    expected = resize(lr, (16 * scale, 15 * scale))
    inner = (slice(6 * scale, -6 * scale),) * 2
    np.testing.assert_allclose(out[inner], expected[inner], atol=apart)


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 5])
def test_taps_of_a_sub_pixel_add_up_to_one(scale):
    taps = bicubic_start.upscaling_taps(scale)
    for phase in range(scale):
        assert taps[phase::scale].sum() == pytest.approx(1)


def test_taps_for_x2_are_those_of_bicubic():
    # Keys' kernel at 1.75, 1.25, 0.75 and 0.25 px.
    half = [-0.0234375, -0.0703125, 0.2265625, 0.8671875]
    np.testing.assert_allclose(bicubic_start.upscaling_taps(2), [0, *half, *half[::-1]])


def test_taps_for_x3_are_those_of_bicubic_raised_to_add_up_to_one():
    # Keys' kernel is 7/9, 3/9, -2/27 and -1/27 at 1/3, 2/3, 4/3 and 5/3 px; three are reached.
    wanted = np.array([-5, -7, 0, 25, 62, 81, 61, 26, 0]) / 81
    np.testing.assert_allclose(bicubic_start.upscaling_taps(3), wanted, atol=1e-12)


def test_encoder_starts_as_bicubic_downscaling(monkeypatch):
    monkeypatch.setattr(bicubic_start, "NEARLY_SILENT", 0.0)
    hr = smooth_image(32, 30)
    teacher = start_as_bicubic(PrivilegedTeacher(FSRCNN(scale=2)))
    code = keras.ops.convert_to_numpy(teacher.encoder(hr[None, :, :, None]))[0, :, :, 0]
    expected = resize(hr, (16, 15))
    np.testing.assert_allclose(code[4:-4, 4:-4], expected[4:-4, 4:-4], atol=1e-5)


@pytest.mark.parametrize(
    ("model", "apart"),
    [
        (VDSR(2, features=4, depth=4), 1e-6),
        (IDN(3, features=16, block_count=1), 1e-6),
        (CARN(2, features=8), 0.02),
        (CARN(3, features=8, mobile=True), 0.02),
        (CARN(4, features=8, mobile=True), 0.02),
    ],
    ids=lambda model: getattr(model, "name", ""),
)
def test_a_large_student_starts_as_bicubic_upscaling(model, apart, monkeypatch):
    monkeypatch.setattr(bicubic_start, "NEARLY_SILENT", 0.0)
    lr = smooth_image(12, 11)
    start_as_bicubic(model)
    out = keras.ops.convert_to_numpy(model(lr[None, :, :, None]))[0, :, :, 0]
    expected = resize(lr, (12 * model.scale, 11 * model.scale))
    inner = (slice(3 * model.scale, -3 * model.scale),) * 2
    np.testing.assert_allclose(out[inner], expected[inner], atol=apart)


def test_a_large_student_starts_nearly_silent_beside_bicubic():
    lr = smooth_image(12, 11)[None, :, :, None]
    one, two = (
        keras.ops.convert_to_numpy(start_as_bicubic(CARN(2), seed=seed)(lr)) for seed in (0, 1)
    )
    assert 0 < np.abs(one - two).max() < 0.02


def test_same_seed_same_weights():
    one, two = (start_as_bicubic(FSRCNN(scale=2), seed=3).get_weights() for _ in range(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_model_too_narrow_to_carry_bicubic_is_refused():
    with pytest.raises(ValueError, match="4 channels"):
        start_as_bicubic(ResidualFSRCNN(scale=4, features=3))


def test_a_foreign_model_is_refused():
    with pytest.raises(ValueError, match="Sequential"):
        start_as_bicubic(keras.Sequential([keras.Input((8, 8, 1))]))


def test_no_relu_of_a_plain_sr_is_off_because_an_image_is_bright():
    model = start_as_bicubic(PlainSR(2, features=4, body_layers=1))
    kernel, bias = model.get_layer("first_conv").get_weights()
    np.testing.assert_allclose(kernel.sum(axis=(0, 1)), 0, atol=1e-6)
    assert not bias.any() and np.abs(kernel).max() > 0.1
