import subprocess
import sys

import numpy as np
import pytest

from keras_pisr.data import downscale, downscale_folder, read_image, write_image

RGB = np.random.default_rng(0).integers(0, 256, (9, 8, 3), dtype=np.uint8)


def test_each_image_gets_its_small_copy(tmp_path):
    for name, image in (("a", RGB), ("b", RGB[..., :1])):
        (tmp_path / "hr").mkdir(exist_ok=True)
        write_image(tmp_path / "hr" / f"{name}.bmp", image)
    report = downscale_folder(tmp_path / "hr", tmp_path / "lr", scale=2)
    assert [target.name for target in report.written.values()] == ["ax2.png", "bx2.png"]
    np.testing.assert_array_equal(read_image(tmp_path / "lr/ax2.png"), downscale(RGB, 2))
    np.testing.assert_array_equal(read_image(tmp_path / "lr/bx2.png"), downscale(RGB[..., :1], 2))


def test_failing_files_are_named_and_the_rest_goes_on(tmp_path):
    (tmp_path / "bad.png").write_text("no image")
    write_image(tmp_path / "good.png", RGB)
    write_image(tmp_path / "tiny.png", RGB[:1])
    report = downscale_folder(tmp_path, tmp_path / "out", scale=2)
    assert [path.name for path in report.failed] == ["bad.png", "tiny.png"]
    assert [path.name for path in report.written] == ["good.png"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["goodx2.png"]


def test_what_is_there_is_kept_unless_told(tmp_path):
    write_image(tmp_path / "a.png", RGB)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/ax2.png").write_text("mine")
    report = downscale_folder(tmp_path, tmp_path / "out", scale=2)
    assert (len(report.skipped), len(report.written)) == (1, 0)
    assert (tmp_path / "out/ax2.png").read_text() == "mine"
    downscale_folder(tmp_path, tmp_path / "out", scale=2, overwrite=True)
    np.testing.assert_array_equal(read_image(tmp_path / "out/ax2.png"), downscale(RGB, 2))


def test_two_images_of_one_name_are_refused(tmp_path):
    write_image(tmp_path / "a.png", RGB)
    write_image(tmp_path / "a.bmp", RGB)
    with pytest.raises(ValueError, match=r"a.bmp and a.png would both become ax2.png"):
        downscale_folder(tmp_path, tmp_path / "out", scale=2)


@pytest.mark.parametrize("scale", [0, 1, 1.5, "2", None])
def test_a_scale_that_is_no_whole_number_of_2_or_more_is_named(tmp_path, scale):
    write_image(tmp_path / "a.png", RGB)
    with pytest.raises(ValueError, match="scale to be a whole number, 2 or more; got"):
        downscale_folder(tmp_path, tmp_path / "out", scale=scale)
    assert not (tmp_path / "out").exists()


def test_neither_keras_nor_tensorflow_is_imported():
    code = (
        "import sys, keras_pisr as kp; kp.data.downscale_folder, kp.data.ImagePairs,"
        "kp.data.read_image, kp.data.sample_images, kp.data.rgb_to_y;"
        "import keras_pisr.data.images.resize; assert callable(kp.data.resize);"
        "sys.exit(', '.join({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)) or None)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
