"""Whole images, RGB to RGB: the file does what `keras_pisr.upscale` does, borders included."""

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.cli.export import main
from keras_pisr.data.images.color import rgb_to_ycbcr
from keras_pisr.data.images.resize import upscale as bicubic
from keras_pisr.forms.int8.fake_quant import FakeQuant
from keras_pisr.forms.rgb import colour_batches
from keras_pisr.mobile.export.file_facts import FileFacts
from keras_pisr.mobile.runtime.tflite_model import TFLiteModel
from tests.models.students import plain_student, scrambled, small_student


@pytest.fixture(scope="session")
def rgb_files(tensorflow_backend, student, tmp_path_factory):
    """Path of one file per precision and type of pixels, made when first asked for."""
    folder, made = tmp_path_factory.mktemp("rgb"), set()

    def file(precision="float32", pixels="float32"):
        path = folder / f"{precision}_{pixels}.tflite"
        if path not in made:
            kp.mobile.to_tflite(
                student,
                path,
                precision=precision,
                color="rgb",
                pixels=pixels,
                # Rounding on few and small images is quick, and good enough here.
                representative=[np.random.default_rng(i).random((24, 24, 1)) for i in (0, 1)],
            )
            made.add(path)
        return path

    return file


@pytest.mark.core
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_chroma_is_the_bicubic_one_and_luma_the_networks(scale, rng):
    rgb = rng.random((2, 6, 5, 3)).astype("float32") * 0.2 + 0.4  # Nothing is clipped.
    luma = keras.Input((None, None, 1))
    flat = keras.Model(luma, keras.layers.UpSampling2D(scale)(luma * 0 + 0.3))
    got = keras.ops.convert_to_numpy(kp.forms.whole_image(flat, scale=scale)(rgb))
    y, *chroma = np.moveaxis(rgb_to_ycbcr(got), -1, 0)
    np.testing.assert_allclose(y, 0.3, atol=1e-5)
    wanted = bicubic(rgb_to_ycbcr(rgb), scale)[..., 1:]
    np.testing.assert_allclose(np.stack(chroma, -1), wanted, atol=1e-5)


@pytest.mark.core
@pytest.mark.parametrize("scale", [1, 2, 3])
def test_a_network_that_ends_in_blocks_makes_the_same(scale, rng):
    student = scrambled(plain_student(scale), rng)
    rgb = rng.random((2, 6, 5, 3)).astype("float32")
    got = keras.ops.convert_to_numpy(kp.forms.whole_image(student, scale=scale)(rgb))
    np.testing.assert_allclose(got, [kp.upscale(student, image) for image in rgb], atol=1e-5)


@pytest.mark.core
@pytest.mark.parametrize("kind", ["operations after the blocks", "pixels before them"])
def test_blocks_that_are_not_the_whole_end_are_not_taken_for_it(kind, rng):
    luma = keras.Input((None, None, 1))
    if kind == "pixels before them":
        scale, luma_4 = 4, keras.layers.UpSampling2D(2)(luma)
        large = kp.models.SubpixelResidual(2)(keras.layers.Concatenate()([luma_4] * 4))
    else:
        scale, blocks = 2, keras.layers.Concatenate()([luma] * 4)
        large = keras.ops.clip(kp.models.SubpixelResidual(2)([blocks, luma]) * 0.5, 0, 0.4)
    model, rgb = keras.Model(luma, large), rng.random((6, 5, 3)).astype("float32")
    got = keras.ops.convert_to_numpy(kp.forms.whole_image(model, scale=scale)(rgb[None]))[0]
    np.testing.assert_allclose(got, kp.upscale(model, rgb), atol=1e-5)


@pytest.mark.parametrize("make", [small_student, plain_student])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_float_file_is_upscale_at_any_size(tensorflow_backend, make, scale, tmp_path, rng):
    student = make(scale)
    kp.mobile.to_tflite(student, tmp_path / "a.tflite", color="rgb")
    file = kp.mobile.TFLiteModel(tmp_path / "a.tflite")
    for size in [(9, 14), (1, 1), (16, 5)]:
        rgb = rng.integers(0, 256, (*size, 3), "uint8") / np.float32(255)
        np.testing.assert_allclose(file(rgb[None])[0], kp.upscale(student, rgb), atol=1e-5)
    facts = kp.mobile.check_file(tmp_path / "a.tflite", precision="float32")
    assert facts.delegates == 1 and facts.not_delegated == ()


def test_pixels_of_8_bit_are_upscales_but_for_ties(student, rgb_files, rng):
    file = kp.mobile.TFLiteModel(rgb_files("float32", "uint8"))
    rgb = rng.integers(0, 256, (21, 34, 3), "uint8")
    index = file.interpreter.get_input_details()[0]["index"]
    file.fill(rgb[None] / np.float32(255))
    np.testing.assert_array_equal(file.interpreter.get_tensor(index)[0], rgb)
    got = np.rint(file(rgb[None] / np.float32(255))[0] * 255).astype(int)
    difference = np.abs(got - kp.upscale(student, rgb).astype(int))
    assert difference.max() <= 1 and (difference > 0).mean() < 1e-3


def test_a_fixed_size_and_batch_is_kept(student, tmp_path, rng):
    path = tmp_path / "a.tflite"
    kp.mobile.to_tflite(student, path, color="rgb", size=(7, 11), batch=2)
    file, rgb = kp.mobile.TFLiteModel(path), rng.random((2, 7, 11, 3)).astype("float32")
    assert file.shape == (2, 7, 11, 3)
    wanted = [kp.upscale(student, image) for image in rgb]
    np.testing.assert_allclose(file(rgb), wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("float16", 8e-3), ("dynamic", 0.1), ("int8", 0.1)]
)
def test_smaller_files_stay_close(student, rgb_files, precision, tolerance):
    file = kp.mobile.TFLiteModel(rgb_files(precision, "uint8"))
    # Smooth and in every colour: what 8 bit costs on noise says little.
    rows, columns = np.indices((24, 24)) / np.float32(23)
    rgb = np.stack([rows, columns, 1 - rows], -1)
    np.testing.assert_allclose(file(rgb[None])[0], kp.upscale(student, rgb), atol=tolerance)


def test_the_8_bit_network_inside_keeps_its_own_ranges(tensorflow_backend, tmp_path):
    form = kp.mobile.quantized_form(small_student())
    for i, layer in enumerate(x for x in form.layers if isinstance(x, FakeQuant) and x.trainable):
        layer.set_weights([np.float32(-0.5 - i / 10), np.float32(1.5 + i / 10)])
    paths = tmp_path / "luma.tflite", tmp_path / "rgb.tflite"
    for path in paths:
        kp.mobile.to_tflite(form, path, precision="int8", color=path.stem)
    scales = [
        {
            tuple(np.atleast_1d(t["quantization"][0]).round(9))
            for t in TFLiteModel(path).interpreter.get_tensor_details()
            if t["dtype"] == np.int8 and len(t["shape"]) == 4 and t["shape"][0] == 1
        }
        for path in paths
    ]
    assert len(scales[0]) >= 4 and scales[0] <= scales[1]
    rows, columns = np.indices((24, 24)) / np.float32(23)
    rgb = np.stack([rows, columns, 1 - rows], -1)
    difference = TFLiteModel(paths[1])(rgb[None])[0] - kp.upscale(form, rgb)
    assert np.abs(difference).mean() < 3 / 255


@pytest.mark.parametrize(("scale", "pixels"), [(2, "float32"), (2, "uint8"), (3, "uint8")])
def test_whole_images_lose_in_8_bit_as_little_as_luma(tensorflow_backend, tmp_path, scale, pixels):
    model = kp.models.PlainSR.from_preset(f"plain_sr_x{scale}_small")
    path = tmp_path / "a.tflite"
    kp.mobile.to_tflite(model, path, precision="int8", color="rgb", pixels=pixels)
    facts = kp.mobile.check_file(path, precision="int8")
    assert facts.delegates == 1 and set(facts.not_delegated) <= {"CAST"}
    found = kp.mobile.check_agreement(model, TFLiteModel(path), scale=scale, precision="int8")
    assert found.loss < 0.03


def test_a_network_without_a_form_of_its_own_makes_a_file_in_8_bit_throughout(
    tensorflow_backend, tmp_path
):
    luma = keras.Input((None, None, 1))
    features = keras.layers.Conv2D(8, 3, padding="same", activation="tanh")(luma)
    residual = keras.layers.Conv2D(4, 3, padding="same")(features)
    model = keras.Model(luma, kp.models.SubpixelResidual(2)([residual, luma]))
    path = tmp_path / "a.tflite"
    kp.mobile.to_tflite(model, path, precision="int8", color="rgb")
    facts = kp.mobile.check_file(path, precision="int8", wholly_delegated=False)
    assert facts.float_operations == () and facts.not_delegated.count("QUANTIZE") == 2
    rows, columns = np.indices((24, 24)) / np.float32(23)
    rgb = np.stack([rows, columns, 1 - rows], -1)
    np.testing.assert_allclose(TFLiteModel(path)(rgb[None])[0], kp.upscale(model, rgb), atol=0.1)


def test_a_float_file_of_whole_images_is_no_8_bit_file(rgb_files):
    with pytest.raises(ValueError, match="computes in float: .* CONV_2D"):
        kp.mobile.check_file(rgb_files(), precision="int8")


@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic", "int8"])
@pytest.mark.parametrize("pixels", ["float32", "uint8"])
def test_only_casts_of_pixels_stay_outside_the_delegate(rgb_files, precision, pixels):
    facts = kp.mobile.check_file(rgb_files(precision, pixels), precision=precision)
    # Weights of 16 bit are widened before the cast, by a delegate of their own.
    assert facts.delegates == (2 if (precision, pixels) == ("float16", "uint8") else 1)
    assert set(facts.not_delegated) <= {"CAST", "QUANTIZE", "DEQUANTIZE"}


def test_calibration_shows_the_network_the_same_luma_and_every_corner_of_the_cube(rng):
    lumas = [[rng.uniform(16 / 255, 235 / 255, (2, 32, 32, 1)).astype("float32")]]
    (gray,), (corners,) = colour_batches(iter(lumas))
    np.testing.assert_allclose(kp.data.rgb_to_y(gray), lumas[0][0], atol=1e-6)
    assert corners.shape == (2, 32, 32, 3)
    assert len(np.unique(corners.reshape(-1, 3), axis=0)) == 8


def test_luma_is_refused_by_a_file_of_whole_images(rgb_files):
    file = kp.mobile.TFLiteModel(rgb_files())
    assert file.color == "rgb"
    with pytest.raises(ValueError, match=r"takes rgb \(1, 'any', 'any', 3\), got \(1, 4, 4, 1\)"):
        file(np.zeros((1, 4, 4, 1)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"color": "yuv"}, "got 'yuv'"),
        ({"pixels": "uint8"}, "need precision 'int8'"),
        ({"color": "rgb", "pixels": "int8"}, "uint8 or float32"),
        ({"color": "rgb", "pixels": "int8", "precision": "int8"}, "uint8 or float32"),
    ],
)
def test_wrong_arguments_are_refused(student, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        kp.mobile.to_tflite(student, tmp_path / "a.tflite", **arguments)


@pytest.mark.parametrize("pixels", ["float32", "uint8"])
def test_the_command_makes_whole_images(student, tmp_path, monkeypatch, capsys, pixels):
    monkeypatch.chdir(tmp_path)
    student.save("student.keras")
    size = ["--size", "40", "48"]
    assert (
        main(["student.keras", "--out", "a.tflite", "--color", "rgb", "--pixels", pixels, *size])
        == 0
    )
    assert "against Keras" in capsys.readouterr().out
    assert kp.mobile.TFLiteModel("a.tflite").shape == (1, 40, 48, 3)
    # In float16, a cast of pixels stands between the widened weights and the rest.
    assert FileFacts.of("a.tflite").delegates == (1 if pixels == "float32" else 2)
