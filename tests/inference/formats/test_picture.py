"""Image files of every kind people have, read with all their bits."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from keras_pisr.inference.formats.picture import Picture, picture_size, read_picture
from keras_pisr.inference.formats.png import PngWriter
from keras_pisr.inference.formats.tiff import TiffWriter


def image_of(shape, dtype="uint8"):
    rng = np.random.default_rng(0)
    return rng.integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".bmp"])
def test_rgb_is_read(tmp_path, suffix):
    image = image_of((9, 7, 3))
    path = tmp_path / f"a{suffix}"
    Image.fromarray(image).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    np.testing.assert_array_equal(read_picture(path).pixels, image)
    assert picture_size(path) == 63


@pytest.mark.parametrize(
    ("mode", "channels"),
    [("1", 1), ("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4), ("P", 3)],
)
def test_every_mode_of_pillow_has_its_channels(tmp_path, mode, channels):
    image = Image.fromarray(image_of((9, 7, 4))).convert("RGB" if mode == "P" else "RGBA")
    image = image.convert(mode)
    path = tmp_path / "a.png"
    image.save(path)
    wanted = image.convert({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels])
    pixels = read_picture(path).pixels
    assert pixels.shape == (9, 7, channels)
    np.testing.assert_array_equal(pixels.squeeze(), np.asarray(wanted))


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_a_transparent_colour_becomes_alpha(tmp_path, mode):
    image = Image.new(mode, (4, 3))
    transparent = (0, 0, 0) if mode == "RGB" else 0
    image.save(tmp_path / "a.png", transparency=transparent)
    pixels = read_picture(tmp_path / "a.png").pixels
    assert pixels.shape[2] == (2 if mode == "L" else 4) and (pixels[..., -1] == 0).all()


def test_cmyk_becomes_rgb_without_its_profile(tmp_path):
    image = Image.fromarray(image_of((16, 16, 3))).convert("CMYK")
    image.save(tmp_path / "a.jpg", icc_profile=b"a profile of inks", quality=95)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.pixels.shape == (16, 16, 3) and picture.icc is None


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("writer", "suffix"), [(PngWriter, ".png"), (TiffWriter, ".tif")])
def test_16_bits_are_read(tmp_path, writer, suffix, channels):
    image = image_of((9, 7, channels), "uint16")
    file = io.BytesIO()
    out = writer(file, image.shape, image.dtype)
    out.write(image)
    out.close()
    (tmp_path / f"a{suffix}").write_bytes(file.getvalue())
    pixels = read_picture(tmp_path / f"a{suffix}").pixels
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels, image)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}])
def test_16_bit_tiff_of_another_writer_is_read(tmp_path, byteorder, options):
    imwrite = pytest.importorskip("tifffile").imwrite
    image = image_of((9, 7, 3), "uint16")
    imwrite(tmp_path / "a.tif", image, photometric="rgb", byteorder=byteorder, **options)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_only_an_alpha_channel_that_is_opaque_throughout_can_go(dtype):
    pixels = image_of((4, 5, 4), dtype)
    pixels[..., 3] = np.iinfo(dtype).max
    np.testing.assert_array_equal(Picture(pixels).without_opaque_alpha().pixels, pixels[..., :3])
    pixels[2, 3, 3] -= 1
    assert Picture(pixels).without_opaque_alpha().pixels.shape == (4, 5, 4)
    assert Picture(pixels[..., :3]).without_opaque_alpha().pixels.shape == (4, 5, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_image_is_upright(tmp_path, orientation):
    image = Image.fromarray(image_of((5, 9, 3)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "A camera"
    image.save(tmp_path / "a.png", exif=exif)
    picture = read_picture(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as opened:
        wanted = np.asarray(ImageOps.exif_transpose(opened))
    np.testing.assert_array_equal(picture.pixels, wanted)
    assert 0x0112 not in picture.exif and picture.exif[0x010F] == "A camera"


def test_the_first_image_of_a_camera_with_previews_is_read(tmp_path):
    image, preview = Image.fromarray(image_of((16, 16, 3))), Image.new("RGB", (8, 8))
    image.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[preview])
    assert read_picture(tmp_path / "a.jpg").pixels.shape == (16, 16, 3)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_a_moving_image_is_refused(tmp_path, suffix):
    frames = [Image.fromarray(image_of((8, 8, 3))), Image.new("RGB", (8, 8))]
    frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match="2 frames"):
        read_picture(tmp_path / f"a{suffix}")


def test_float_pixels_are_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4), "float32")).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match="float"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("kept", [0, 20, 0.5])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_a_truncated_file_is_named(tmp_path, suffix, kept):
    path = tmp_path / f"broken{suffix}"
    Image.fromarray(image_of((64, 64, 3))).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if kept < 1 else kept])
    with pytest.raises(ValueError, match=f"broken{suffix}"):
        read_picture(path)


def bomb(side):
    """A PNG of one colour: a thousandth of its pixels in bytes."""
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    return file.getvalue()


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path):
    (tmp_path / "bomb.png").write_bytes(bomb(2000))
    with pytest.raises(ValueError, match="2000x2000 px are more than the 1000000 allowed"):
        read_picture(tmp_path / "bomb.png", max_pixels=1_000_000)
    assert read_picture(tmp_path / "bomb.png").pixels.shape == (2000, 2000, 1)


def test_our_limit_may_lie_above_pillows(tmp_path, monkeypatch):
    (tmp_path / "large.png").write_bytes(bomb(100))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_picture(tmp_path / "large.png").pixels.shape == (100, 100, 1)
    assert Image.MAX_IMAGE_PIXELS == 10


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone.png"):
        read_picture(tmp_path / "gone.png")


def test_a_postscript_file_in_disguise_is_not_opened(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("Ghostscript was called")

    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", refuse)
    Image.fromarray(np.zeros((8, 8, 3), "uint8")).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    with pytest.raises(ValueError, match="a.png"):
        read_picture(tmp_path / "a.png")
