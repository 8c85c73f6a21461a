import io
import os
import struct
import threading

import numpy as np
import pytest
from PIL import Image, ImageFile

from keras_pisr.data import list_images, read_image, write_image

RGB = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
GRAY = RGB[..., :1]


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm"])
def test_lossless_formats_give_back_the_pixels(tmp_path, suffix):
    for name, image in (("rgb", RGB), ("gray", GRAY)):
        path = tmp_path / f"{name}.{suffix}"
        write_image(path, image)
        np.testing.assert_array_equal(read_image(path), image)


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "webp"])
def test_lossy_formats_are_close(tmp_path, suffix):
    smooth = np.tile(np.arange(0, 160, 10, dtype=np.uint8)[:, None, None], (1, 16, 3))
    write_image(tmp_path / f"a.{suffix}", smooth)
    assert np.abs(read_image(tmp_path / f"a.{suffix}").astype(int) - smooth).max() <= 4


def test_alpha_is_dropped_not_blended(tmp_path):
    alpha = np.dstack([RGB, np.zeros((6, 5), np.uint8)])
    write_image(tmp_path / "a.png", alpha)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), RGB)
    Image.fromarray(alpha[..., 2:], "LA").save(tmp_path / "la.png")
    np.testing.assert_array_equal(read_image(tmp_path / "la.png"), RGB[..., 2:])


def test_sixteen_bit_gray_is_scaled_to_eight(tmp_path):
    deep = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    for suffix in ("png", "tif"):
        Image.fromarray(deep).save(tmp_path / f"a.{suffix}")
        assert read_image(tmp_path / f"a.{suffix}")[0, :, 0].tolist() == [0, 0, 1, 1, 128, 255]


def test_sixteen_bit_pnm_is_scaled_to_eight(tmp_path):
    (tmp_path / "a.pgm").write_bytes(b"P5 3 1 65535 " + np.array([0, 257, 65535], ">u2").tobytes())
    assert read_image(tmp_path / "a.pgm").tolist() == [[[0], [1], [255]]]


def gray_tiff(pixels, bits, sample_format=1):
    """One uncompressed strip of gray pixels, little-endian."""
    data = pixels.tobytes()
    width, height = pixels.shape[1], pixels.shape[0]
    short, long = 3, 4
    tags = [
        *((256, short, width), (257, short, height), (258, short, bits), (259, short, 1)),
        *((262, short, 1), (273, long, 8), (277, short, 1), (278, short, height)),
        *((279, long, len(data)), (339, short, sample_format)),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    return head + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def test_gray_of_unknown_range_is_refused_and_named(tmp_path):
    # Values that fit 8 bits: scaled as 16 bit they would all turn black.
    low = np.array([[0, 100], [200, 255]])
    files = {
        "int32.tif": gray_tiff(low.astype("<i4"), 32, 2),
        "uint32.tif": gray_tiff(low.astype("<u4"), 32),
        "int16.tif": gray_tiff(low.astype("<i2"), 16, 2),
        "float.tif": gray_tiff(low.astype("<f4"), 32, 3),
        "twelve.tif": gray_tiff(low.astype("<u2")[:, :1], 12),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=rf"{name}.*Remove it"):
            read_image(tmp_path / name)
    (tmp_path / "deep.tif").write_bytes(gray_tiff(low.astype("<u2") * 257, 16))
    assert read_image(tmp_path / "deep.tif")[..., 0].tolist() == low.tolist()


def test_palettes_are_looked_up(tmp_path):
    indices = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    indices.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    indices.save(tmp_path / "colour.png")
    assert read_image(tmp_path / "colour.png").tolist() == [
        [[10, 20, 30], [40, 50, 60], [70, 80, 90]]
    ]
    indices.putpalette([10, 10, 10, 40, 40, 40, 70, 70, 70])
    indices.save(tmp_path / "gray.png")
    assert read_image(tmp_path / "gray.png").tolist() == [[[10], [40], [70]]]


def test_bilevel_and_cmyk(tmp_path):
    Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1").save(tmp_path / "1.png")
    assert read_image(tmp_path / "1.png").tolist() == [[[0], [255]]]
    Image.new("CMYK", (2, 1), (0, 255, 255, 0)).save(tmp_path / "cmyk.tif")
    assert read_image(tmp_path / "cmyk.tif").tolist() == [[[255, 0, 0]] * 2]


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # Turn clockwise to see it upright.
    Image.fromarray(RGB).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.rot90(RGB, -1))


def test_unreadable_files_are_named(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    write_image(tmp_path / "whole.png", np.tile(RGB, (20, 20, 1)))
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    Image.fromarray(np.zeros((2, 2), np.float32)).save(tmp_path / "float.tif")
    for name in ("text.png", "cut.png", "empty.jpg", "float.tif"):
        with pytest.raises(ValueError, match=rf"{name}.*Remove it"):
            read_image(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="absent.png"):
        read_image(tmp_path / "absent.png")


def test_the_content_decides_the_format_and_only_known_ones_are_opened(tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise AssertionError("Pillow would have started Ghostscript")

    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", refuse)
    Image.fromarray(RGB).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    Image.fromarray(RGB).save(tmp_path / "b.tga")
    (tmp_path / "b.tga").rename(tmp_path / "b.png")
    for name in ("a.png", "b.png"):
        with pytest.raises(ValueError, match=rf"{name}.*UnidentifiedImageError"):
            read_image(tmp_path / name)
    write_image(tmp_path / "c.png", RGB)
    (tmp_path / "c.png").rename(tmp_path / "c.jpg")
    np.testing.assert_array_equal(read_image(tmp_path / "c.jpg"), RGB)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of some of the damage.
@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_damaged_files_give_pixels_or_the_named_error(tmp_path, form):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, form, exif=exif)
    whole, rng = np.frombuffer(stream.getvalue(), np.uint8), np.random.default_rng(1)
    path, read = tmp_path / "a.png", 0
    for _ in range(150):
        damaged = whole.copy()
        places = rng.integers(0, len(whole), rng.integers(1, 6))
        damaged[places] = rng.integers(0, 256, len(places))
        path.write_bytes(damaged.tobytes()[: None if rng.random() < 0.7 else places[0]])
        try:
            image = read_image(path, max_pixels=10_000)
        except ValueError as error:
            assert "a.png" in str(error)
        else:
            assert image.dtype == np.uint8 and image.shape[2] in (1, 3)
            read += 1
    assert 0 < read < 150


def raise_(error):
    raise error


@pytest.mark.parametrize(
    "error", [SystemError, AttributeError, KeyError, ZeroDivisionError, struct.error, OverflowError]
)
def test_whatever_the_decoder_raises_names_the_file(tmp_path, monkeypatch, error):
    write_image(tmp_path / "a.png", RGB)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: raise_(error("odd")))
    with pytest.raises(ValueError, match=rf"a\.png.*{error.__name__}.*Remove it"):
        read_image(tmp_path / "a.png")
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: raise_(MemoryError()))
    with pytest.raises(MemoryError, match=r"a\.png"):
        read_image(tmp_path / "a.png")


def test_large_images_are_refused_before_decoding(tmp_path):
    write_image(tmp_path / "a.png", RGB)
    assert read_image(tmp_path / "a.png", max_pixels=30).shape == (6, 5, 3)
    with pytest.raises(ValueError, match=r"a.png .*5x6 px are more than the 29 allowed; raise"):
        read_image(tmp_path / "a.png", max_pixels=29)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    write_image(tmp_path / "a.png", RGB)
    before = (tmp_path / "a.png").read_bytes()

    def fail(self, file, **options):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        write_image(tmp_path / "a.png", GRAY)
    assert (tmp_path / "a.png").read_bytes() == before
    assert os.listdir(tmp_path) == ["a.png"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_threads_write_with_ordinary_permissions(tmp_path, monkeypatch):
    (tmp_path / "plain").write_text("")
    monkeypatch.setattr(os, "umask", None)  # It belongs to all threads: nobody may touch it.
    threads = [
        threading.Thread(target=write_image, args=(tmp_path / f"{i}.png", RGB)) for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list_images(tmp_path)) == 8
    assert {path.stat().st_mode for path in tmp_path.iterdir()} == {
        (tmp_path / "plain").stat().st_mode
    }


def test_wrong_arrays_and_suffixes_are_named(tmp_path):
    with pytest.raises(ValueError, match="uint8 image"):
        write_image(tmp_path / "a.png", RGB / 255)
    with pytest.raises(ValueError, match="uint8 image"):
        write_image(tmp_path / "a.png", RGB[..., :2])
    with pytest.raises(ValueError, match="a.xyz"):
        write_image(tmp_path / "a.xyz", RGB)


def test_list_images_sorts_and_leaves_out_the_rest(tmp_path):
    for name in ("b.png", "a.JPG", "._a.png", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "c.png").mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["a.JPG", "b.png"]
    with pytest.raises(ValueError, match="no image file"):
        list_images(tmp_path / "c.png")
    with pytest.raises(ValueError, match="is a file"):
        list_images(tmp_path / "b.png")
    with pytest.raises(FileNotFoundError, match="absent"):
        list_images(tmp_path / "absent")
