"""What is read has the right values; what is not is refused by name."""

import struct
import threading
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from keras_pisr.data.images.decoder import decode, open_image, opened, to_8_bit

RNG = np.random.default_rng(0)


def read(path, **options):
    with opened(path, path.name, **options) as image:
        return decode(image, path)


def image_of(*shape, dtype="uint16"):
    return np.random.default_rng(1).integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype)


def png(width, height, bits, colour, rows, **chunks):
    """A PNG of given rows of bytes, unfiltered."""
    data = b"".join(b"\0" + row for row in rows)
    parts = {"IHDR": struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0), **chunks}
    result = b"\x89PNG\r\n\x1a\n"
    for kind, content in {**parts, "IDAT": zlib.compress(data), "IEND": b""}.items():
        body = kind.encode() + content
        result += struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
    return result


def rows_of(image):
    return [row.tobytes() for row in image.astype(">u2" if image.dtype == np.uint16 else "u1")]


@pytest.mark.parametrize(("channels", "colour"), [(1, 0), (2, 4), (3, 2), (4, 6)])
def test_16_bit_png_keeps_every_bit(tmp_path, channels, colour):
    image = image_of(5, 7, channels)
    (tmp_path / "a.png").write_bytes(png(7, 5, 16, colour, rows_of(image)))
    np.testing.assert_array_equal(read(tmp_path / "a.png")[0], image)


@pytest.mark.parametrize(("bits", "top"), [(1, 1), (2, 3), (4, 15), (8, 255), (16, 65535)])
def test_one_transparent_gray_becomes_alpha_at_every_depth(tmp_path, bits, top):
    values = np.array([0, 1, top, top - 1] * 4)
    line = "".join(f"{value:0{bits}b}" for value in values)
    row = int(line, 2).to_bytes(len(line) // 8, "big")
    for clear in (1, top):
        chunk = {"tRNS": struct.pack(">H", clear)}
        (tmp_path / "a.png").write_bytes(png(16, 1, bits, 0, [row], **chunk))
        pixels, _ = read(tmp_path / "a.png")
        full = 65535 if bits == 16 else 255
        np.testing.assert_array_equal(pixels[0, :, 0], values * full // top)
        np.testing.assert_array_equal(pixels[0, :, 1], np.where(values == clear, 0, full))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_one_transparent_colour_becomes_alpha(tmp_path, dtype):
    image = image_of(4, 4, 3, dtype=dtype)
    chunk = {"tRNS": struct.pack(">3H", *image[1, 2])}
    bits = 8 * image.itemsize
    (tmp_path / "a.png").write_bytes(png(4, 4, bits, 2, rows_of(image), **chunk))
    pixels, _ = read(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels[..., :3], image)
    assert np.argwhere(pixels[..., 3] == 0).tolist() == [[1, 2]]


@pytest.mark.parametrize("largest", [1, 100, 255, 256, 1023, 4095, 65535])
@pytest.mark.parametrize(("magic", "channels"), [("P2", 1), ("P3", 3), ("P5", 1), ("P6", 3)])
def test_pnm_is_scaled_from_its_largest_value(tmp_path, magic, channels, largest):
    values = RNG.integers(0, largest + 1, (3, 5, channels))
    values[0, 0] = largest
    header = f"{magic}\n# a comment\n5 # wide\n3\n{largest}\n".encode()
    if magic in ("P2", "P3"):
        body = b"\n".join(b"%d" % value for value in values.reshape(-1)) + b" # end\n"
    else:
        body = values.astype(">u2" if largest > 255 else "u1").tobytes()
    (tmp_path / "a.pnm").write_bytes(header + body)
    pixels, _ = read(tmp_path / "a.pnm")
    top = 65535 if largest > 255 else 255
    assert pixels.dtype == (np.uint16 if largest > 255 else np.uint8)
    np.testing.assert_array_equal(pixels, (values * top + largest // 2) // largest)
    (tmp_path / "a.pnm").write_bytes(header + body[: len(body) // 2])
    with pytest.raises(ValueError, match=r"a\.pnm"):
        read(tmp_path / "a.pnm")


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg", ".webp"])
def test_every_orientation_and_none(tmp_path, orientation, suffix):
    image = image_of(32, 48, 3, dtype="uint8")
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(image).save(tmp_path / f"a{suffix}", exif=exif, **options)
    with Image.open(tmp_path / f"a{suffix}") as opened_again:
        assert opened_again.getexif()[0x0112] == orientation
    pixels, _ = read(tmp_path / f"a{suffix}")
    turns = {1: 0, 3: 2, 6: -1, 8: 1}
    if suffix != ".jpg" and orientation in turns:
        np.testing.assert_array_equal(pixels, np.rot90(image, turns[orientation]))
    assert pixels.shape == ((48, 32, 3) if orientation in (5, 6, 7, 8) else (32, 48, 3))


def exif_with(kind, count, value):
    """EXIF whose orientation has another type than the one it should have."""
    return b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHI", 274, kind, count) + value + bytes(4)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize(
    ("kind", "count", "value"),
    [
        (2, 2, b"6\0\0\0"),  # Text.
        (3, 2, b"\6\0\6\0"),  # Two numbers.
        (3, 0, b"\6\0\0\0"),  # None.
        (7, 1, b"\6\0\0\0"),  # Bytes.
        (5, 1, b"\x08\0\0\0"),  # A fraction.
        (11, 1, b"\0\0\xc0\x40"),  # A float.
        (4, 1, b"\xff\xff\xff\xff"),
        (99, 1, b"\6\0\0\0"),
    ],
)
def test_an_orientation_of_the_wrong_type_does_no_harm(tmp_path, suffix, kind, count, value):
    image = Image.fromarray(image_of(32, 48, 3, dtype="uint8"))
    path = tmp_path / f"a{suffix}"
    if suffix == ".tif":
        image.save(path, tiffinfo={274: 1})
        content, entry = path.read_bytes(), struct.pack("<HHI", 274, 3, 1)
        at = content.index(entry)
        path.write_bytes(
            content[:at] + struct.pack("<HHI", 274, kind, count) + value + content[at + 12 :]
        )
        try:
            pixels, _ = read(path)
        except ValueError as error:
            assert path.name in str(error)
            return
    else:
        image.save(path, exif=exif_with(kind, count, value))
        pixels, _ = read(path)
    assert pixels.shape in ((32, 48, 3), (48, 32, 3))


def test_cmyk_with_a_damaged_profile_is_converted_with_a_word(tmp_path):
    image = Image.fromarray(image_of(16, 16, 4, dtype="uint8"), "CMYK")
    image.save(tmp_path / "a.tif", icc_profile=b"a profile of inks")
    pixels, notes = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(pixels, np.asarray(image.convert("RGB")))
    assert "CMYK profile is damaged" in notes[0]
    image.save(tmp_path / "a.tif")
    assert "no CMYK profile" in read(tmp_path / "a.tif")[1][0]


def test_cmyk_goes_through_its_profile(tmp_path, monkeypatch):
    image = Image.fromarray(image_of(16, 16, 4, dtype="uint8"), "CMYK")
    image.save(tmp_path / "a.tif", icc_profile=b"inks")
    seen = []

    def convert(image, profile, target, outputMode):
        seen.append((image.mode, profile.read(), outputMode))
        return Image.new("RGB", image.size, (1, 2, 3))

    monkeypatch.setattr(ImageCms, "profileToProfile", convert)
    pixels, notes = read(tmp_path / "a.tif")
    assert seen == [("CMYK", b"inks", "RGB")] and not notes
    assert (pixels == (1, 2, 3)).all()


def test_lab_becomes_srgb(tmp_path):
    lab = ImageCms.profileToProfile(
        Image.new("RGB", (4, 3), (200, 30, 90)),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    lab.save(tmp_path / "a.tif")
    assert np.abs(read(tmp_path / "a.tif")[0].astype(int) - (200, 30, 90)).max() <= 3


@pytest.mark.parametrize("form", ["GIF", "AVIF"])
def test_stills_of_gif_and_avif_are_read(tmp_path, form):
    Image.new("RGB", (24, 16), (200, 30, 90)).save(tmp_path / "a.x", form)
    pixels = read(tmp_path / "a.x")[0]
    assert pixels.shape == (16, 24, 3)
    assert np.abs(pixels.astype(int) - (200, 30, 90)).max() <= 3


def test_avif_of_10_bit_is_refused(tmp_path, monkeypatch):
    Image.new("RGB", (24, 16), (200, 30, 90)).save(tmp_path / "a.avif")
    content = bytearray((tmp_path / "a.avif").read_bytes())
    content[content.index(b"av1C") + 6] |= 0x40
    # The decoder would refuse the changed file, and no encoder of 10 bit is at hand.
    with Image.open(tmp_path / "a.avif") as image:
        image.load()
        (tmp_path / "a.avif").write_bytes(content)
        monkeypatch.setattr(Image, "open", lambda *args, **options: image)
        with pytest.raises(ValueError, match=r"a\.avif.*10 or 12 bit"):
            read(tmp_path / "a.avif")


@pytest.mark.parametrize("clear", [None, 1])
def test_a_palette_is_looked_up(tmp_path, clear):
    image = Image.fromarray(image_of(4, 5, dtype="uint8") % 3, "P")
    image.putpalette([9, 9, 9, 70, 71, 72, 255, 255, 255])
    image.save(tmp_path / "a.png", **({} if clear is None else {"transparency": clear}))
    pixels = read(tmp_path / "a.png")[0]
    assert pixels.shape == (4, 5, 3 if clear is None else 4)
    wanted = np.array([[9, 9, 9], [70, 71, 72], [255, 255, 255]])[np.asarray(image)]
    np.testing.assert_array_equal(pixels[..., :3], wanted)
    if clear is not None:
        np.testing.assert_array_equal(pixels[..., 3] == 0, np.asarray(image) == 1)


def test_a_header_that_its_bytes_cannot_hold_is_refused_before_memory_is_taken(tmp_path):
    (tmp_path / "a.png").write_bytes(png(13_000, 13_000, 8, 2, []))
    with pytest.raises(ValueError, match=r"a\.png.*13000x13000 px, which \d+ bytes cannot hold"):
        read(tmp_path / "a.png")


def test_threads_leave_pillows_limit_and_warnings_as_they_were(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    limit, filters = Image.MAX_IMAGE_PIXELS, list(warnings.filters)

    def work():
        for _ in range(50):
            read(tmp_path / "a.png")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limit == Image.MAX_IMAGE_PIXELS and warnings.filters == filters


def test_16_bits_are_rounded_to_8():
    deep = np.array([0, 128, 129, 257, 32896, 65535], np.uint16)
    assert to_8_bit(deep).tolist() == [0, 0, 1, 1, 128, 255]


def test_other_decoders_of_pillow_are_not_tried(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", "TGA")
    with pytest.raises(Image.UnidentifiedImageError):
        open_image(tmp_path / "a.png")


def test_warnings_of_others_pass_while_a_file_is_open(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with opened(tmp_path / "a.png", "a.png"):
        with pytest.warns(UserWarning, match="of somebody else"):
            warnings.warn("of somebody else", stacklevel=1)
        with warnings.catch_warnings(record=True) as said:
            warnings.warn_explicit("of Pillow", UserWarning, "Image.py", 1, module="PIL.Image")
        assert not said
