"""Files enlarged: named, written whole, kept as they were in all but size."""

import os

import numpy as np
import pytest
from PIL import Image, ImageCms

import keras_pisr as kp
from keras_pisr.inference.files import upscale_files
from keras_pisr.inference.formats.picture import read_picture
from keras_pisr.inference.network import Network


def repeat(luma):
    return luma.repeat(2, axis=1).repeat(2, axis=2)


@pytest.fixture(scope="module")
def network():
    return Network(repeat)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for name, shape in {"a.png": (9, 7, 3), "b.jpg": (40, 30, 3), "c.webp": (8, 9, 4)}.items():
        Image.fromarray(rng.integers(0, 256, shape, "uint8")).save(tmp_path / "in" / name)
    return tmp_path


def names(path):
    return sorted(os.listdir(path)) if path.exists() else []


def test_a_folder_is_enlarged_file_by_file(network, folder):
    report = upscale_files(network, [folder / "in"], folder / "out")
    assert names(folder / "out") == ["a.png", "b.jpg", "c.webp"]
    assert len(report.written) == 3 and not report.failed and not report.skipped
    for source, result in report.written.items():
        with Image.open(source) as before, Image.open(result) as after:
            assert after.format == before.format and after.mode == before.mode
            assert after.size == (2 * before.width, 2 * before.height)
    wanted = kp.upscale(network, np.asarray(Image.open(folder / "in" / "a.png")))
    np.testing.assert_array_equal(np.asarray(Image.open(folder / "out" / "a.png")), wanted)


def test_tiles_leave_no_trace_in_a_file(network, folder):
    upscale_files(network, [folder / "in" / "b.jpg"], folder / "whole.png")
    upscale_files(network, [folder / "in" / "b.jpg"], folder / "tiled.png", tile=7)
    assert (folder / "whole.png").read_bytes() == (folder / "tiled.png").read_bytes()


def test_a_path_may_stand_for_the_image(network, folder):
    path = folder / "in" / "a.png"
    wanted = kp.upscale(network, np.asarray(Image.open(path)))
    np.testing.assert_array_equal(kp.upscale(network, path), wanted)


def test_the_picture_stays_what_it_was(network, tmp_path):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "A camera", 6
    exif.get_ifd(0x8769).update({0xA002: 30, 0xA003: 20})
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), "uint8")
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, icc_profile=icc, quality=95)
    upscale_files(network, [tmp_path / "a.jpg"], tmp_path / "out")
    picture = read_picture(tmp_path / "out" / "a.jpg")
    assert picture.icc == icc
    assert picture.exif[0x010F] == "A camera"
    # Turned upright: 30x20 px lying down are 20x30 px, then twice that.
    assert picture.pixels.shape == (60, 40, 3)
    tags = picture.exif.get_ifd(0x8769)
    assert (tags[0xA002], tags[0xA003]) == (40, 60)
    with Image.open(tmp_path / "out" / "a.jpg") as image:
        assert 0x0112 not in image.getexif()


def test_16_bits_stay_16(network, tmp_path):
    image = (np.arange(48).reshape(6, 8) * 1300).astype("uint16")
    Image.fromarray(image).save(tmp_path / "a.png")
    upscale_files(network, [tmp_path / "a.png"], tmp_path / "out")
    pixels = read_picture(tmp_path / "out" / "a.png").pixels[..., 0]
    np.testing.assert_array_equal(pixels, image.repeat(2, 0).repeat(2, 1))


def test_a_failing_file_is_reported_and_the_others_made(network, folder):
    (folder / "in" / "aa.png").write_bytes(b"no image")
    Image.new("RGBA", (4, 4)).save(folder / "clear.png")
    report = upscale_files(network, [folder / "in"], folder / "out")
    assert list(report.failed) == [folder / "in" / "aa.png"] and len(report.written) == 3
    report = upscale_files(network, [folder / "clear.png"], folder / "clear.jpg")
    assert "no transparency" in report.failed[folder / "clear.png"]
    assert names(folder / "out") == ["a.png", "b.jpg", "c.webp"]
    assert "clear.jpg" not in names(folder) and not [n for n in names(folder) if n[0] == "."]


def test_a_result_of_before_is_left_unless_told(network, folder):
    out = folder / "out.png"
    out.write_bytes(b"mine")
    source = folder / "in" / "a.png"
    assert upscale_files(network, [source], out).skipped == {source: out}
    assert out.read_bytes() == b"mine"
    assert upscale_files(network, [source], out, overwrite=True).written == {source: out}
    assert Image.open(out).size == (14, 18)


def test_a_failure_leaves_the_result_of_before(network, folder, monkeypatch):
    out = folder / "out.png"
    out.write_bytes(b"mine")
    failing = Network(repeat)
    monkeypatch.setattr(
        "keras_pisr.inference.files.upscaled_bands",
        lambda *a, **k: iter([(0, np.zeros((2, 14, 3), "uint8")), None]),
    )
    report = upscale_files(failing, [folder / "in" / "a.png"], out, overwrite=True)
    assert "TypeError" in report.failed[folder / "in" / "a.png"]
    assert out.read_bytes() == b"mine" and names(folder) == ["in", "out.png"]


def test_the_limit_on_pixels_holds(network, folder):
    report = upscale_files(network, [folder / "in"], folder / "out", max_pixels=100)
    assert list(report.failed) == [folder / "in" / "b.jpg"]


def test_progress_ends_at_the_whole(network, folder):
    calls = []
    upscale_files(
        network, [folder / "in"], folder / "out", tile=8, on_progress=lambda *a: calls.append(a)
    )
    total = 9 * 7 + 40 * 30 + 8 * 9
    shares = [done for _, done, _ in calls]
    assert shares == sorted(shares) and shares[-1] == total and len(calls) > 6
    assert {call[2] for call in calls} == {total}
