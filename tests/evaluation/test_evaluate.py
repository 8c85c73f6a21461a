"""Evaluation follows the protocol step by step, and says what is wrong with a folder."""

import csv
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import keras_pisr as kp
from keras_pisr.data import downscale, rgb_to_y, upscale
from keras_pisr.data.images.blur_noise_jpeg import jpeg
from keras_pisr.evaluation.evaluate import bicubic_luma, evaluate
from tests.conftest import SHARED

BENCHMARKS = SHARED / "sr" / "benchmarks"
PUBLISHED = {
    "Set5": {2: 33.67, 3: 30.40, 4: 28.43},
    "Set14": {2: 30.23, 3: 27.54, 4: 26.00},
    "B100": {2: 29.56, 3: 27.21, 4: 25.96},
}


def picture(height, width, channels=3, seed=0):
    """A smooth uint8 image with some noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width, 0:channels][:2] / 5.0
    image = 128 + 90 * np.sin(rows) * np.cos(columns) + rng.normal(0, 6, (height, width, channels))
    return np.clip(image, 0, 255).astype("uint8")


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(path)


def nearest(luma):
    """A model: every pixel four times."""
    return luma.repeat(2, axis=1).repeat(2, axis=2)


@pytest.fixture
def folder(tmp_path):
    """Two images, one gray and one of odd size, with their LR images under both namings."""
    for name, image in {"a": picture(26, 32), "b": picture(31, 27, 1, seed=1)}.items():
        save(tmp_path / "set" / "HR" / f"{name}.png", image)
        lr_name = f"{name}x2" if name == "a" else name
        save(tmp_path / "set" / "LR_bicubic" / "X2" / f"{lr_name}.png", downscale(image, 2))
    return tmp_path / "set"


def by_hand(hr, sr, scale):
    """PSNR of luma, written out."""
    height, width = sr.shape[:2]
    y = hr[..., 0] / 255.0
    if hr.shape[2] == 3:
        y = (16 + (hr.astype("float64") / 255) @ [65.481, 128.553, 24.966]) / 255
    error = y[:height, :width] - np.floor(np.clip(sr[..., 0], 0, 1) * 255 + 0.5) / 255
    return -10 * np.log10(np.mean(error[scale:-scale, scale:-scale] ** 2))


def test_scores_equal_those_computed_by_hand(folder):
    result = evaluate(nearest, folder, scale=2, progress=False)
    assert [row.name for row in result.rows] == ["a.png", "b.png"]
    for row, hr in zip(result.rows, (picture(26, 32), picture(31, 27, 1, seed=1)), strict=True):
        sr = nearest(rgb_to_y(downscale(hr, 2))[None])[0]
        assert row.psnr == pytest.approx(by_hand(hr, sr, 2), abs=1e-4)
        assert (row.height, row.width) == sr.shape[:2]
    assert result.psnr == pytest.approx(np.mean([row.psnr for row in result.rows]))
    assert result.ssim == pytest.approx(np.mean([row.ssim for row in result.rows]))


def test_ssim_equals_scikit_image(folder):
    metrics = pytest.importorskip("skimage.metrics")
    hr = picture(26, 32)
    y = rgb_to_y(hr)[2:-2, 2:-2, 0].astype("float64")
    sr = np.floor(nearest(rgb_to_y(downscale(hr, 2))[None])[0, 2:-2, 2:-2, 0] * 255 + 0.5) / 255
    wanted = metrics.structural_similarity(
        y, sr, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1
    )
    row = evaluate(nearest, folder, scale=2, progress=False).rows[0]
    assert row.ssim == pytest.approx(wanted, abs=1e-6)


def test_a_model_sees_luma_and_a_perfect_one_reaches_the_rounding(folder):
    seen = []
    truths = iter([rgb_to_y(picture(26, 32)), rgb_to_y(picture(31, 27, 1, seed=1))[:30, :26]])

    def oracle(luma):
        seen.append(luma)
        return next(truths)[None]

    colour, gray = evaluate(oracle, folder, scale=2, progress=False).rows
    assert [(luma.shape, luma.dtype) for luma in seen] == [
        ((1, 13, 16, 1), np.float32),
        ((1, 15, 13, 1), np.float32),
    ]
    # Rounding to 8 bit alone: an error uniform in half a level, 58.9 dB. Gray files lose nothing.
    assert colour.psnr == pytest.approx(20 * np.log10(255 * np.sqrt(12)), abs=0.3)
    assert gray.psnr == 100.0
    assert gray.ssim == pytest.approx(1.0)


def test_lr_images_are_made_where_none_are_published(folder, tmp_path):
    published = evaluate("bicubic", folder, scale=2, progress=False)
    assert published.lr == "LR_bicubic/X2"
    plain = evaluate("bicubic", folder / "HR", scale=2, progress=False)
    assert plain.lr == "made by bicubic downscaling"
    assert plain.rows == published.rows
    assert evaluate("bicubic", folder, scale=3, progress=False).lr == plain.lr


def test_degraded_images_are_scored_the_same_each_time(folder):
    images = [picture(26, 32), picture(31, 27, 1, seed=1)]
    result = evaluate(nearest, folder, scale=2, degrade="jpeg:40", progress=False)
    assert result.lr == "LR_bicubic/X2, then jpeg:40"
    for row, hr in zip(result.rows, images, strict=True):
        sr = nearest(rgb_to_y(jpeg(downscale(hr, 2), 40))[None])[0]
        assert row.psnr == pytest.approx(by_hand(hr, sr, 2), abs=1e-4)
    noisy = [
        evaluate(nearest, folder, scale=2, degrade="noise:20", limit=n, progress=False).rows[0]
        for n in (1, 2)
    ]
    assert noisy[0] == noisy[1] and noisy[0].psnr < result.rows[0].psnr
    blurred = evaluate(nearest, folder, scale=2, degrade="blur:1.5", progress=False)
    assert blurred.lr == "made of HR by blur:1.5"
    with pytest.raises(ValueError, match="steps of blur"):
        evaluate(nearest, folder, scale=2, degrade="fog")


def test_bicubic_clips_colours_before_luma():
    image = np.array([[[0, 0, 0], [255, 255, 255]] * 4] * 8, "uint8")
    luma = bicubic_luma(image, 2)
    assert luma.shape == (16, 16, 1)
    assert luma.min() == pytest.approx(16 / 255) and luma.max() == pytest.approx(235 / 255)
    assert upscale(rgb_to_y(image), 2).max() > 236 / 255


@pytest.mark.core
def test_a_keras_model_is_scored_like_the_same_function(folder):
    keras = pytest.importorskip("keras")
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, keras.layers.UpSampling2D(2)(inputs), name="repeat")
    result = evaluate(model, folder, scale=2, progress=False)
    wanted = evaluate(nearest, folder, scale=2, progress=False)
    assert result.model == "repeat"
    for row, other in zip(result.rows, wanted.rows, strict=True):
        assert row.psnr == pytest.approx(other.psnr, abs=1e-6)
    versions = result.to_dict()["versions"]
    assert versions["backend"] == keras.backend.backend()
    # A callable that returns the backend's tensors is scored, too.
    tensors = evaluate(lambda x: model(keras.ops.convert_to_tensor(x)), folder, scale=2, limit=1)
    assert tensors.rows[0].psnr == pytest.approx(wanted.rows[0].psnr, abs=1e-6)


def test_a_name_stands_for_the_preset(folder):
    result = evaluate("fsrcnn_x2", folder, scale=2, progress=False, limit=1)
    wanted = evaluate(kp.from_preset("fsrcnn_x2"), folder, scale=2, progress=False, limit=1)
    assert (result.model, result.rows) == ("fsrcnn_x2", wanted.rows)


def test_json_csv_and_table_agree(folder, tmp_path):
    result = evaluate(nearest, folder, scale=2, progress=False, name="repeat")
    result.to_json(tmp_path / "new" / "scores.json")
    written = json.loads((tmp_path / "new" / "scores.json").read_text())
    assert written == result.to_dict()
    assert written["psnr"] == result.psnr and written["ssim"] == result.ssim
    assert (written["model"], written["folder"], written["scale"]) == ("repeat", "set", 2)
    assert written["images"]["b.png"] == {
        "psnr": result.rows[1].psnr,
        "ssim": result.rows[1].ssim,
        "height": 30,
        "width": 26,
    }
    assert {"lr", "protocol", "versions"} <= written.keys()
    result.to_csv(tmp_path / "scores.csv")
    with open(tmp_path / "scores.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["name"] for line in lines] == ["a.png", "b.png", "mean"]
    assert float(lines[-1]["psnr"]) == result.psnr
    from rich.console import Console

    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(result.table())
    text = console.export_text()
    assert "a.png" in text and f"{result.psnr:.2f}" in text and "repeat on set, x2" in text


def test_pictures_are_drawn_one_an_image(folder, tmp_path):
    evaluate(nearest, folder, scale=2, progress=False, pictures=tmp_path / "crops")
    assert sorted(path.name for path in (tmp_path / "crops").iterdir()) == ["a_x2.png", "b_x2.png"]
    with Image.open(tmp_path / "crops" / "a_x2.png") as four:
        assert four.width == 8 + 4 * (32 * 4 + 8)  # LR, bicubic, model, HR.
    evaluate("bicubic", folder, scale=2, progress=False, pictures=tmp_path / "three", limit=1)
    with Image.open(tmp_path / "three" / "a_x2.png") as three:
        assert three.width == 8 + 3 * (32 * 4 + 8)


def test_limit_takes_the_first_by_name(folder):
    result = evaluate("bicubic", folder, scale=2, limit=1, progress=False)
    assert [row.name for row in result.rows] == ["a.png"]


def test_a_missing_or_foreign_lr_image_is_named(folder):
    lr = folder / "LR_bicubic" / "X2"
    save(lr / "b.png", picture(15, 12, 1))
    with pytest.raises(ValueError, match=r"b.png .15, 12, 1. is not .*b.png .31, 27, 1. shrunk"):
        evaluate("bicubic", folder, scale=2, progress=False)
    save(lr / "b.png", picture(15, 13, 3))
    with pytest.raises(ValueError, match=r"\(15, 13, 3\) is not"):
        evaluate("bicubic", folder, scale=2, progress=False)
    (lr / "b.png").unlink()
    with pytest.raises(ValueError, match="has no bx2 or b for .*b.png"):
        evaluate("bicubic", folder, scale=2, progress=False)


def test_what_cannot_be_scored_is_refused_with_its_name(folder, tmp_path):
    with pytest.raises(ValueError, match=r"a.png: The model made \(1, 26, 32, 1\).*for scale 3"):
        evaluate(lambda x: np.zeros((1, 26, 32, 1)), folder, scale=3, progress=False)
    with pytest.raises(ValueError, match="Did you mean fsrcnn_x"):
        evaluate("fsrcnn", folder, scale=2)
    with pytest.raises(ValueError, match="not a folder"):
        evaluate("bicubic", tmp_path / "absent", scale=2)
    with pytest.raises(ValueError, match="limit"):
        evaluate("bicubic", folder, scale=2, limit=0)
    with pytest.raises(ValueError, match="scale"):
        evaluate("bicubic", folder, scale=0)
    save(tmp_path / "small" / "tiny.png", picture(12, 12))
    with pytest.raises(ValueError, match="tiny.png: Expected images of at least 15 px"):
        evaluate("bicubic", tmp_path / "small", scale=2, progress=False)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "x.png").write_bytes(b"not an image")
    with pytest.raises(ValueError, match="x.png"):
        evaluate("bicubic", tmp_path / "broken", scale=2, progress=False)


@pytest.mark.parametrize(
    ("name", "scale"),
    [(name, scale) for name, scales in PUBLISHED.items() for scale in scales],
)
def test_bicubic_gives_the_published_figures(name, scale):
    if not (BENCHMARKS / name).is_dir():
        pytest.skip(f"{BENCHMARKS / name} is absent: benchmark images may not be redistributed")
    result = evaluate("bicubic", BENCHMARKS / name, scale=scale, progress=False)
    assert result.psnr == pytest.approx(PUBLISHED[name][scale], abs=0.005)


def test_the_documented_bicubic_table_is_the_measured_one():
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location(
        "bicubic_baseline", root / "benchmarks" / "data" / "bicubic_baseline.py"
    )
    baseline = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(baseline)
    results = json.loads((root / "docs" / "results" / "bicubic.json").read_text())
    assert baseline.markdown(results) in (root / "docs" / "evaluation.md").read_text()
    for name, scales in PUBLISHED.items():
        for scale, wanted in scales.items():
            assert results["scores"][name][f"x{scale}"]["psnr"] == pytest.approx(wanted, abs=0.005)


def test_a_model_that_keeps_the_size_is_given_the_enlarged_image(folder):
    kept = evaluate(lambda luma: luma, folder, scale=2, progress=False)
    bicubic = evaluate("bicubic", folder, scale=2, progress=False)
    assert kept.psnr == pytest.approx(bicubic.psnr, abs=1e-4)
    assert evaluate(nearest, folder, scale=2, progress=False).psnr != kept.psnr
