"""What a file says beside its pixels is kept where the result has a place, and said where not."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from keras_pisr.inference.files import upscale_files
from keras_pisr.inference.formats.picture import read_picture
from keras_pisr.inference.network import Network

tifffile = pytest.importorskip("tifffile")
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="1" '
    b'tiff:ImageWidth="12" exif:PixelYDimension="9"><dc:title>A title</dc:title>'
    b"</rdf:Description></x:xmpmeta>"
)
PIXELS = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
IPTC = b"\x1c\x02\x05\0\x05Title"


@pytest.fixture(scope="module")
def network():
    return Network(lambda luma: luma.repeat(2, axis=1).repeat(2, axis=2))


def enlarged(network, source, suffix):
    target = source.with_name(f"large{suffix}")
    report = upscale_files(network, [source], target)
    assert not report.failed
    return target, "; ".join(report.notes.get(source, ()))


def save(path, **more):
    info = PngImagePlugin.PngInfo()
    if path.suffix == ".png":
        info.add_text("Author", "Somebody")
        info.add_itxt("Title", "字 title")
        info.add(b"cICP", bytes([9, 16, 0, 1]))
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        Image.fromarray(PIXELS).save(path, pnginfo=info, dpi=(300, 150), **more)
    elif path.suffix == ".tif":
        tags = [(700, "B", len(XMP), XMP, True), (33723, "B", len(IPTC), IPTC, True)]
        tags += [(315, "s", 0, "Somebody", True)]
        tifffile.imwrite(
            path, PIXELS, photometric="rgb", resolution=(300, 150), resolutionunit=2, extratags=tags
        )
    else:
        Image.fromarray(PIXELS).save(
            path, dpi=(300, 150), xmp=XMP, comment="a comment", quality=95, **more
        )
        content = path.read_bytes()
        block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC + b"\0" * (len(IPTC) % 2)
        data = b"Photoshop 3.0\0" + block
        segment = b"\xff\xed" + struct.pack(">H", len(data) + 2) + data
        path.write_bytes(content[:2] + segment + content[2:])
    return path


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_dpi_and_xmp_are_kept_among_formats_that_hold_them(network, tmp_path, suffix):
    for before in (".png", ".jpg", ".tif"):
        source = save(tmp_path / f"a{before}")
        target, _ = enlarged(network, source, suffix)
        with Image.open(target) as image:
            image.load()
            assert image.info["dpi"] == pytest.approx((300, 150), abs=0.02)
            xmp = image.info["xmp"]
        assert b"<dc:title>A title" in xmp
        assert b'tiff:ImageWidth="24"' in xmp and b'exif:PixelYDimension="18"' in xmp
        target.unlink()


def test_what_a_png_says_is_kept_in_a_png(network, tmp_path):
    target, note = enlarged(network, save(tmp_path / "a.png", gamma=1), ".png")
    assert note == ""
    with Image.open(target) as image:
        image.load()
        assert image.text["Author"] == "Somebody" and image.text["Title"] == "字 title"
    content = target.read_bytes()
    at = content.index(b"cICP")
    assert content[at + 4 : at + 8] == bytes([9, 16, 0, 1])
    assert struct.unpack(">I", content[at + 8 : at + 12])[0] == zlib.crc32(content[at : at + 8])
    assert at < content.index(b"IDAT")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (".png", ".jpg", ["text (Author, Title)", "colours (cICP)"]),
        (".png", ".webp", ["dpi", "text (Author, Title)", "colours (cICP)"]),
        (".png", ".tif", ["text (Author, Title)"]),
        (".jpg", ".png", ["IPTC"]),
        (".jpg", ".webp", ["dpi", "the comment", "IPTC"]),
        (".tif", ".png", ["IPTC"]),
    ],
)
def test_what_has_no_place_is_said(network, tmp_path, before, after, told):
    _, note = enlarged(network, save(tmp_path / f"a{before}"), after)
    assert note.startswith("the result has no place for ")
    for words in told:
        assert words in note


@pytest.mark.parametrize("before", [".jpg", ".tif"])
@pytest.mark.parametrize("after", [".jpg", ".tif"])
def test_iptc_is_kept_where_there_is_a_place(network, tmp_path, before, after):
    target, note = enlarged(network, save(tmp_path / f"a{before}"), after)
    assert "IPTC" not in note and read_picture(target).metadata.iptc == IPTC


def test_a_comment_goes_from_jpeg_to_png_and_back(network, tmp_path):
    target, _ = enlarged(network, save(tmp_path / "a.jpg"), ".png")
    assert read_picture(target).metadata.text == {"Comment": "a comment"}
    again, _ = enlarged(network, target, ".jpg")
    with Image.open(again) as image:
        assert image.info["comment"] == b"a comment"


def test_texts_of_a_tiff_are_kept_in_a_tiff_and_as_exif(network, tmp_path):
    source = save(tmp_path / "a.tif")
    target, _ = enlarged(network, source, ".tif")
    with Image.open(target) as image:
        assert image.tag_v2[315] == "Somebody"
    target, _ = enlarged(network, source, ".jpg")
    assert read_picture(target).exif[315] == "Somebody"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_exif_says_the_new_size(network, tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0100], exif[0x0101] = 12, 9
    exif.get_ifd(0x8769).update({0xA002: 12, 0xA003: 9})
    source = tmp_path / f"a{suffix}"
    Image.fromarray(PIXELS).save(source, exif=exif)
    target, _ = enlarged(network, source, suffix)
    exif = read_picture(target).exif
    inner = exif.get_ifd(0x8769)
    assert (exif[0x0100], exif[0x0101], inner[0xA002], inner[0xA003]) == (24, 18, 24, 18)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize(
    ("tag", "kind", "count", "value"),
    [
        (0x010F, 5, 1, b"\x20\0\0\0"),  # The maker as a fraction.
        (0x010F, 2, 9999, b"\x20\0\0\0"),
        (0x011A, 2, 4, b"abc\0"),  # A resolution as text.
        (0x011A, 5, 1, b"\xff\xff\xff\xff"),
        (0x0132, 3, 1, b"\1\0\0\0"),  # A date as a number.
        (0x8769, 2, 4, b"abc\0"),  # A directory as text.
        (0x8769, 4, 1, b"\xff\xff\xff\x7f"),
        (0x8825, 4, 1, b"\x08\0\0\0"),  # One that is itself.
        (0x0100, 2, 2, b"7\0\0\0"),
        (0x9286, 12, 1, b"\x08\0\0\0"),
    ],
)
def test_exif_of_the_wrong_type_costs_no_image(network, tmp_path, suffix, tag, kind, count, value):
    entry = struct.pack("<HHI", tag, kind, count) + value
    exif = b"Exif\0\0II*\0\x08\0\0\0\1\0" + entry + bytes(4) + bytes(range(1, 17))
    source = tmp_path / f"a{suffix}"
    Image.fromarray(PIXELS).save(source, exif=exif, dpi=(72, 72))
    target, _ = enlarged(network, source, suffix)
    with Image.open(target) as image:
        assert image.size == (24, 18)


def test_orientation_that_xmp_alone_says_is_applied_once(network, tmp_path):
    xmp = XMP.replace(b'Orientation="1"', b'Orientation="6"')
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg", xmp=xmp)
    target, _ = enlarged(network, tmp_path / "a.jpg", ".jpg")
    with Image.open(target) as image:
        assert image.size == (18, 24) and image.getexif().get(0x0112, 1) == 1
        assert b'Orientation="1"' in image.info["xmp"]


@pytest.mark.parametrize("how", ["xmp", "segment"])
def test_a_gain_map_that_is_left_out_is_said_and_not_claimed(network, tmp_path, how):
    xmp = XMP.replace(b"<dc:title>", b'<r hdrgm:Version="1.0"/><dc:title>') if how == "xmp" else XMP
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg", xmp=xmp)
    if how == "segment":
        data = b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0"
        content = (tmp_path / "a.jpg").read_bytes()
        segment = b"\xff\xe2" + struct.pack(">H", len(data) + 2) + data
        (tmp_path / "a.jpg").write_bytes(content[:2] + segment + content[2:])
    target, note = enlarged(network, tmp_path / "a.jpg", ".jpg")
    assert "gain map is left out" in note
    assert b"hdrgm" not in target.read_bytes()


def test_further_pictures_of_a_camera_are_said(network, tmp_path):
    images = [Image.fromarray(PIXELS), Image.new("RGB", (8, 8))]
    images[0].save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=images[1:])
    assert "further images" in enlarged(network, tmp_path / "a.jpg", ".png")[1]


def test_long_exif_is_left_out_of_a_jpeg_with_a_word(network, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "x" * 70_000
    Image.fromarray(PIXELS).save(tmp_path / "a.png", exif=exif)
    assert "EXIF data" in enlarged(network, tmp_path / "a.png", ".jpg")[1]
