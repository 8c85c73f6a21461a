"""PSNR and SSIM: known values, a naive loop, scikit-image, and the metric classes."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_pisr.metrics import PSNR, SSIM, psnr, ssim
from keras_pisr.metrics.image_quality import prepare, psnr_per_image, ssim_per_image

pytestmark = pytest.mark.core


def pair(height=24, width=20, channels=1, batch=2, noise=0.05, seed=0):
    """Smooth pictures and noisy copies, float32 in [0, 1]."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width] / 6.0
    clean = 0.5 + 0.4 * np.sin(rows[None, ..., None] + rng.random((batch, 1, 1, channels)) * 6)
    clean = clean * (0.8 + 0.2 * np.cos(columns))[None, ..., None]
    noisy = np.clip(clean + noise * rng.standard_normal(clean.shape), 0, 1)
    return clean.astype("float32"), noisy.astype("float32")


def numpy_of(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


def naive_ssim(x, y):
    """SSIM of two (height, width) images by a loop over windows, float64."""
    taps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    values = []
    for i in range(x.shape[0] - 10):
        for j in range(x.shape[1] - 10):
            a, b = x[i : i + 11, j : j + 11], y[i : i + 11, j : j + 11]
            ma, mb = (window * a).sum(), (window * b).sum()
            va, vb = (window * (a - ma) ** 2).sum(), (window * (b - mb) ** 2).sum()
            cov = (window * (a - ma) * (b - mb)).sum()
            values.append(
                (2 * ma * mb + 1e-4)
                * (2 * cov + 9e-4)
                / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4))
            )
    return np.mean(values)


# Known values.


def test_psnr_of_a_tenth_is_twenty_db():
    black = np.zeros((2, 4, 4, 1))
    np.testing.assert_allclose(numpy_of(psnr(black, black + [[[[0.1]]]])), [20.0, 20.0], atol=1e-4)


def test_psnr_scales_with_the_value_of_white():
    black = np.zeros((1, 4, 4, 1), "uint8")
    gray = np.full((1, 4, 4, 1), 51, "uint8")  # A fifth of white: 20 log10(5) dB.
    assert float(psnr(black, gray, max_value=255)[0]) == pytest.approx(13.9794, abs=1e-4)


def test_psnr_is_one_value_an_image():
    black = np.zeros((2, 4, 4, 1))
    grays = np.array([0.1, 0.01]).reshape(2, 1, 1, 1) * np.ones((2, 4, 4, 1))
    np.testing.assert_allclose(numpy_of(psnr(black, grays)), [20.0, 40.0], atol=1e-3)


def test_identical_images_give_the_cap_and_one():
    clean, _ = pair()
    np.testing.assert_allclose(numpy_of(psnr(clean, clean)), [100.0, 100.0], atol=1e-4)
    np.testing.assert_allclose(numpy_of(psnr(clean, clean, cap=60.0)), [60.0, 60.0], atol=1e-4)
    np.testing.assert_allclose(numpy_of(ssim(clean, clean)), [1.0, 1.0], atol=1e-6)


def test_ssim_of_two_flat_images():
    # Only the luminance term is left: (2 a b + C1) / (a^2 + b^2 + C1), C1 = 1e-4.
    a, b = np.full((1, 12, 12, 1), 0.5), np.full((1, 12, 12, 1), 0.25)
    assert float(ssim(a, b)[0]) == pytest.approx(0.2501 / 0.3126, abs=1e-5)


def test_shave_ignores_the_border():
    clean, _ = pair()
    framed = clean.copy()
    framed[:, :2], framed[:, -2:], framed[:, :, :2], framed[:, :, -2:] = 1, 1, 0, 0
    assert np.all(numpy_of(psnr(clean, framed)) < 30)
    np.testing.assert_allclose(numpy_of(psnr(clean, framed, shave=2)), 100.0, atol=1e-4)
    np.testing.assert_allclose(numpy_of(ssim(clean, framed, shave=2)), 1.0, atol=1e-6)


def test_rounding_clips_and_uses_256_levels():
    white = np.ones((1, 4, 4, 1))
    assert float(psnr(white, white * 1.4, round_to_8bit=True)[0]) == pytest.approx(100.0, abs=1e-4)
    gray = np.full((1, 4, 4, 1), 100.0 / 255)
    assert float(psnr(gray, gray + 0.4 / 255, round_to_8bit=True)[0]) > 99.9
    above = float(psnr(gray, gray + 0.6 / 255, round_to_8bit=True)[0])
    assert above == pytest.approx(20 * np.log10(255), abs=1e-3)


def test_the_reference_is_not_rounded():
    gray = np.full((1, 4, 4, 1), 100.4 / 255)
    score = float(psnr(gray, gray, round_to_8bit=True)[0])
    assert score == pytest.approx(20 * np.log10(255 / 0.4), abs=1e-2)


def test_a_prediction_that_is_not_a_number_is_not_perfect():
    clean, noisy = pair()
    noisy[0, 5, 5, 0] = np.nan
    scores = numpy_of(psnr(clean, noisy, round_to_8bit=True))
    assert np.isnan(scores[0]) and np.isfinite(scores[1])
    assert np.isnan(numpy_of(ssim(clean, noisy))[0])


# Naive loop and scikit-image.


def test_ssim_equals_a_loop_over_windows():
    clean, noisy = pair(height=14, width=12)
    wanted = [naive_ssim(c[..., 0], n[..., 0]) for c, n in zip(clean, noisy, strict=True)]
    np.testing.assert_allclose(numpy_of(ssim(clean, noisy)), wanted, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("noise", [0.3, 0.02, 0.001])
def test_scores_equal_scikit_image(channels, noise):
    metrics = pytest.importorskip("skimage.metrics")
    clean, noisy = pair(height=40, width=33, channels=channels, noise=noise)
    for i, (c, n) in enumerate(zip(clean.astype("float64"), noisy.astype("float64"), strict=True)):
        wanted = metrics.peak_signal_noise_ratio(c, n, data_range=1)
        assert float(psnr(clean, noisy)[i]) == pytest.approx(wanted, abs=1e-4)
        wanted = metrics.structural_similarity(
            c,
            n,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1,
            channel_axis=-1,
        )
        assert float(ssim(clean, noisy)[i]) == pytest.approx(wanted, abs=1e-5)


def test_float32_is_accurate_on_a_bright_image_of_photograph_size():
    # Bright and nearly flat is where squares cancel; 0.3 million pixels is where sums drift.
    clean, noisy = pair(height=512, width=600, batch=1, noise=0.004)
    clean, noisy = 0.95 + 0.05 * clean, np.clip(0.95 + 0.05 * noisy, 0, 1)
    c, n = clean.astype("float64"), noisy.astype("float64")
    wanted = psnr_per_image(np, c, n, max_value=1.0, cap=100.0)
    np.testing.assert_allclose(numpy_of(psnr(clean, noisy)), wanted, atol=1e-4)
    wanted = ssim_per_image(np, c, n, max_value=1.0)
    np.testing.assert_allclose(numpy_of(ssim(clean, noisy)), wanted, atol=1e-5)


def test_numpy_and_the_backend_agree():
    clean, noisy = pair(channels=3)
    options = {"shave": 2, "max_value": 1.0, "round_to_8bit": True}
    c, n = prepare(np, clean.astype("float64"), noisy.astype("float64"), **options)
    wanted = psnr_per_image(np, c, n, max_value=1.0, cap=100.0)
    np.testing.assert_allclose(numpy_of(psnr(clean, noisy, **options)), wanted, atol=1e-4)
    wanted = ssim_per_image(np, c, n, max_value=1.0)
    np.testing.assert_allclose(numpy_of(ssim(clean, noisy, **options)), wanted, atol=1e-5)


# Properties.


def test_ssim_is_symmetric_and_falls_with_noise():
    clean, noisy = pair()
    _, noisier = pair(noise=0.2)
    forth, back = numpy_of(ssim(clean, noisy)), numpy_of(ssim(noisy, clean))
    np.testing.assert_allclose(forth, back, atol=1e-6)
    assert np.all(numpy_of(ssim(clean, noisier)) < forth)


@pytest.mark.parametrize("function", [psnr, ssim])
def test_scores_survive_rotation(function):
    clean, noisy = pair()
    turned = function(np.rot90(clean, axes=(1, 2)).copy(), np.rot90(noisy, axes=(1, 2)).copy())
    np.testing.assert_allclose(numpy_of(turned), numpy_of(function(clean, noisy)), atol=1e-4)


def test_half_precision_is_compared_in_float32():
    clean, noisy = pair()
    half = ops.cast(ops.convert_to_tensor(noisy), "float16")
    score = psnr(clean, half)
    assert keras.backend.standardize_dtype(score.dtype) == "float32"
    wanted = psnr(clean, noisy.astype("float16").astype("float32"))
    np.testing.assert_allclose(numpy_of(score), numpy_of(wanted), atol=1e-4)


# Errors.


@pytest.mark.parametrize("function", [psnr, ssim])
def test_shapes_that_differ_are_refused(function):
    with pytest.raises(ValueError, match=r"one shape.*\(1, 16, 16, 1\) and \(1, 16, 15, 1\)"):
        function(np.zeros((1, 16, 16, 1)), np.zeros((1, 16, 15, 1)))
    with pytest.raises(ValueError, match=r"batch, height, width, channels"):
        function(np.zeros((16, 16, 1)), np.zeros((16, 16, 1)))


def test_images_too_small_are_refused():
    small = np.zeros((1, 14, 14, 1))
    with pytest.raises(ValueError, match="at least 15 px per side .11 px after shaving 2"):
        ssim(small, small, shave=2)
    with pytest.raises(ValueError, match="at least 15 px per side .1 px after shaving 7"):
        psnr(small, small, shave=7)
    with pytest.raises(ValueError, match="shave >= 0"):
        psnr(small, small, shave=-1)


# Metric classes.


@pytest.mark.parametrize(("cls", "function"), [(PSNR, psnr), (SSIM, ssim)])
def test_metric_is_the_mean_over_images_of_uneven_batches(cls, function):
    clean, noisy = pair(batch=3)
    metric = cls(shave=2)
    metric.update_state(clean[:2], noisy[:2])
    metric.update_state(clean[2:], noisy[2:])
    wanted = numpy_of(function(clean, noisy, shave=2)).mean()
    assert float(metric.result()) == pytest.approx(wanted, abs=1e-4)
    metric.reset_state()
    assert float(metric.result()) == 0.0


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 1, 1, 1)])
def test_metric_weights_images(shape):
    black = np.zeros((3, 4, 4, 1))
    grays = np.array([0.1, 0.01, 0.001]).reshape(3, 1, 1, 1) + black  # 20, 40 and 60 dB.
    metric = PSNR()
    metric.update_state(black, grays, sample_weight=np.array([3.0, 1.0, 0.0]).reshape(shape))
    assert float(metric.result()) == pytest.approx(25.0, abs=1e-3)


def test_metric_refuses_weights_of_pixels():
    black = np.zeros((3, 4, 4, 1))
    with pytest.raises(ValueError, match="weights whole images"):
        PSNR().update_state(black, black, sample_weight=np.ones((3, 4, 4, 1)))


@pytest.mark.parametrize("cls", [PSNR, SSIM])
def test_metric_survives_a_config_round_trip(cls):
    metric = cls(shave=3, max_value=255.0, round_to_8bit=True, name="score")
    config = keras.saving.serialize_keras_object(metric)
    assert config["registered_name"] == f"keras_pisr>{cls.__name__}"
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, cls)
    assert again.get_config() == metric.get_config()


def test_metrics_work_in_fit_and_their_best_is_the_largest():
    keras.utils.set_random_seed(0)
    clean, noisy = pair(batch=4, height=16, width=16)
    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(1, 1)])
    model.compile("sgd", loss="mae", metrics=[PSNR(shave=2), SSIM(shave=2)])
    stop = keras.callbacks.EarlyStopping("val_psnr", patience=5)
    history = model.fit(
        noisy, clean, batch_size=2, epochs=2, validation_data=(noisy, clean), callbacks=[stop],
        verbose=0,
    )  # fmt: skip
    assert stop.monitor_op(2.0, 1.0)  # Rising is better.
    prediction = model.predict(noisy, verbose=0)
    wanted = numpy_of(psnr(clean, prediction, shave=2)).mean()
    assert history.history["val_psnr"][-1] == pytest.approx(wanted, abs=1e-3)
    wanted = numpy_of(ssim(clean, prediction, shave=2)).mean()
    assert history.history["val_ssim"][-1] == pytest.approx(wanted, abs=1e-4)


def test_functions_are_reachable_whatever_was_imported_first():
    import keras_pisr as kp

    assert callable(kp.metrics.psnr) and callable(kp.metrics.ssim)
    assert kp.metrics.PSNR is PSNR
