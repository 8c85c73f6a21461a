"""What a run trains on, holds out and scores."""

import json

import numpy as np
import pytest

import keras_pisr as kp
from pisr import run as pisr
from tests.recipes.pisr.small import settings

pytestmark = pytest.mark.slow


def test_streamed_images_are_trained_on(tmp_path, photographs):
    with pytest.raises(ValueError, match="--stream is for folders, without --drawings"):
        settings(tmp_path, hr_dir=(photographs,), stream=True, drawings=0.1).resolved()
    with pytest.raises(ValueError, match="--stream needs --hr-dir"):
        settings(tmp_path, stream=True).resolved()
    out, changes = tmp_path / "run", {"student": "residual_fsrcnn", "epochs": 1}
    changes |= {"pisr": False, "controls": ("one_stage",), "sizes": (1, 0.8), "detail": 1}
    pisr.run(settings(out, hr_dir=(photographs,), stream=True, **changes))
    results = json.loads((out / "results.json").read_text())
    assert results["training_images"] == 2
    assert np.isfinite(results["stages"]["one_stage"]["history"]["loss"]).all()


def test_images_are_copied_in_the_sizes_asked_for_once_some_are_held_out(tmp_path, rng):
    for folder, n in (("clean", 4), ("jpeg", 3), ("photo", 2)):
        for index in range(n):
            image = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
            kp.data.write_image(tmp_path / folder / f"{folder}{index}.png", image)
    training, held_out = pisr.load_images(
        settings(
            tmp_path,
            hr_dir=(tmp_path / "clean",),
            sizes=(1.0, 0.8),
            jpeg_dir=(tmp_path / "jpeg",),
            jpeg_sizes=(0.5,),
            photo_dir=(tmp_path / "photo",),
            photo_sizes=(1.0, 1.0),
            validation_images=1,
        ).resolved()
    )
    clean, jpeg = (
        [f"{folder}{i}.png" for i in range(n)] for folder, n in (("clean", 3), ("jpeg", 2))
    )
    assert training.names == (*clean, *clean, *jpeg, "photo0.png", "photo0.png")
    assert (training.heights * 2).tolist() == [40] * 3 + [32] * 3 + [20] * 2 + [40] * 2
    assert held_out.names == ("clean3.png", "jpeg2.png", "photo1.png")
    assert (held_out.heights * 2).tolist() == [40, 20, 40]


def test_drawings_join_the_images_trained_on_only(tmp_path):
    few, _ = pisr.load_images(settings(tmp_path).resolved())
    training, held_out = pisr.load_images(settings(tmp_path, drawings=0.5).resolved())
    assert training.names == (*few.names, "text 0", "shapes 1")
    images = list(kp.data.draw_images(2).values())
    np.testing.assert_array_equal(training.image(len(few))[1], images[0])
    # The second as a screen shows it: drawn in LR pixels.
    lr, hr = training.image(len(few) + 1)
    np.testing.assert_array_equal(lr, images[1])
    np.testing.assert_array_equal(hr, lr.repeat(2, 0).repeat(2, 1))
    assert set(held_out.names) == {"coins", "rocket"}


def test_screens_are_text_and_shapes_in_lr_pixels(tmp_path):
    few, _ = pisr.load_images(settings(tmp_path).resolved())
    training, _ = pisr.load_images(settings(tmp_path, screens=0.5).resolved())
    assert training.names == (*few.names, "text 0", "shapes 1")
    for index in (len(few), len(few) + 1):
        lr, hr = training.image(index)
        np.testing.assert_array_equal(hr, lr.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("mistake", ["hr_dir", "test_dirs"])
def test_a_missing_folder_is_named_before_training_and_leaves_nothing_behind(tmp_path, mistake):
    out = tmp_path / "run"
    with pytest.raises((ValueError, FileNotFoundError), match="absent"):
        pisr.run(settings(out, **{mistake: (tmp_path / "absent",)}))
    assert not out.exists()


def test_test_folders_of_the_same_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match="same name"):
        pisr.benchmark_folders(settings(tmp_path, test_dirs=(tmp_path / "a/S", tmp_path / "b/S")))


def write_photographs(folder, count, rng):
    for i in range(count):
        image = rng.integers(0, 256, (24, 24, 3), "uint8")
        kp.data.write_image(folder / f"{i:02d}.png", image)


@pytest.mark.parametrize(("count", "apart"), [(2, 1), (3, 1), (10, 2), (60, 10)])
def test_a_share_of_a_small_folder_is_held_out(tmp_path, rng, count, apart):
    write_photographs(tmp_path / "photos", count, rng)
    training, held_out = pisr.load_images(settings(tmp_path, hr_dir=(tmp_path / "photos",)))
    assert (len(training), len(held_out)) == (count - apart, apart)


@pytest.mark.parametrize(("count", "chosen"), [(1, None), (3, 3)])
def test_fewer_images_than_are_held_out_are_refused(tmp_path, rng, count, chosen):
    write_photographs(tmp_path / "photos", count, rng)
    chosen = settings(tmp_path, hr_dir=(tmp_path / "photos",), validation_images=chosen)
    with pytest.raises(ValueError, match="nothing is left to train on"):
        pisr.load_images(chosen)


def test_held_out_images_of_ones_own_are_scored_and_named_so(tmp_path, rng, capsys):
    write_photographs(tmp_path / "photos", 4, rng)
    out = tmp_path / "run"
    results = pisr.run(settings(out, hr_dir=(tmp_path / "photos",), controls=(), epochs=1))
    (image,) = kp.data.list_images(out / "held_out" / "HR")
    expected = kp.data.read_image(tmp_path / "photos" / "03.png")
    np.testing.assert_array_equal(kp.data.read_image(image), expected)
    assert set(results["scores"]["student"]) == {"held_out"}
    said = " ".join(capsys.readouterr().out.split())
    assert "1 image(s) held out of yours" in said
    assert "Steps: teacher 2, student 2. About 0:" in said
