import numpy as np
import pytest

from keras_pisr.data import Degradation, degradation, downscale
from keras_pisr.data.images.blur_noise_jpeg import add_noise, gaussian_blur, jpeg
from keras_pisr.data.images.degradation import make_small


@pytest.fixture
def hr(rng):
    return rng.integers(0, 256, (18, 24, 3), dtype=np.uint8)


def test_the_steps_follow_each_other(hr):
    made = degradation("blur:1+noise:3+jpeg:50")(hr, 2, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    assert rng.uniform(1, 1) == 1
    small = downscale(gaussian_blur(hr, 1.0), 2)
    assert rng.uniform(3, 3) == 3
    small = add_noise(small, 3.0, rng)
    np.testing.assert_array_equal(made, jpeg(small, 50))


def test_bicubic_alone_is_nothing_more():
    assert degradation(None) is None and degradation("bicubic") is None
    assert degradation("bicubic+jpeg:40") == degradation("jpeg:40") == Degradation(jpeg=(40, 40))


def test_bare_names_have_ranges_and_texts_come_back():
    assert str(degradation("blur+noise+jpeg")) == "blur:0.2-2+noise:0-10+jpeg:30-95"
    for text in ("blur:0.2-1.5+jpeg:30-95@0.8", "noise:5", "noise:0-10@0.5"):
        assert str(degradation(text)) == text


def test_parameters_stay_in_their_range_and_reach_its_ends(monkeypatch, hr):
    seen = []
    module = "keras_pisr.data.images.degradation"
    monkeypatch.setattr(f"{module}.jpeg", lambda lr, quality: seen.append(quality) or lr)
    spoil, rng = degradation("jpeg:30-33@0.5"), np.random.default_rng(0)
    for _ in range(200):
        spoil.spoiled(hr, rng)
    assert set(seen) == {30, 31, 32, 33} and 70 < len(seen) < 130


def test_a_function_is_taken_as_it_is(hr):
    def half(hr, scale, rng):
        return hr[::scale, ::scale]

    assert degradation(half) is half
    np.testing.assert_array_equal(make_small(half, hr, 2, None), hr[::2, ::2])
    with pytest.raises(ValueError, match=r"make uint8 \(9, 12, 3\) of \(18, 24, 3\) at scale 2"):
        make_small(lambda hr, scale, rng: hr, hr, 2, None)
    with pytest.raises(ValueError, match="got float64"):
        make_small(lambda hr, scale, rng: hr[::2, ::2] / 255, hr, 2, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jpg", "steps of blur, bicubic, noise, jpeg"),
        ("jpeg+noise", "in this order and each once"),
        ("noise+noise", "in this order and each once"),
        ("bicubic:2", "steps of blur"),
        ("", "steps of blur"),
        ("jpeg:30-", "steps of blur"),
        ("noise:1.2.3", "Expected numbers"),
        ("jpeg:95-30", "the smaller number first.*got jpeg:95-30"),
        ("jpeg:0-30", "jpeg to range within 1 to 100"),
        ("blur:21", "blur to range within 0 to 20"),
        ("noise:5@1.5", "share within 0 to 1; got noise:5"),
        ("noise:5@0", "share within 0 to 1"),
        (3, "Expected degrade to be a function"),
    ],
)
def test_what_is_no_degradation_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        degradation(text)


def test_given_small_images_are_not_made_anew():
    assert degradation("noise+jpeg", lr_given=True) is not None
    for chosen in ("blur", lambda hr, scale, rng: hr):
        with pytest.raises(ValueError, match="leave out those"):
            degradation(chosen, lr_given=True)
