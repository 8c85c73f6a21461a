"""TIFF: what is read has the right values; what is not is refused by name."""

import struct

import numpy as np
import pytest

from tests.data.images.test_decoder import image_of, read

tifffile = pytest.importorskip("tifffile")
TIFF_OPTIONS = [{}, {"compression": "zlib"}, {"compression": "zlib", "predictor": True}]


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("options", TIFF_OPTIONS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_tiff_of_another_writer_keeps_every_bit(tmp_path, byteorder, options, channels):
    image = image_of(5, 7, channels)
    kind = {"photometric": "minisblack" if channels == 1 else "rgb", "byteorder": byteorder}
    if channels == 4:
        kind["extrasamples"] = ["unassalpha"]
    tifffile.imwrite(tmp_path / "a.tif", image.squeeze(), **kind, **options)
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0], image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_white_is_zero_is_no_negative(tmp_path, dtype):
    image = image_of(5, 7, dtype=dtype)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="miniswhite", byteorder="<")
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0][..., 0], np.iinfo(dtype).max - image)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("options", TIFF_OPTIONS)
def test_premultiplied_16_bit_becomes_straight(tmp_path, byteorder, options):
    straight = image_of(5, 7, 4)
    straight[..., 3] = np.maximum(straight[..., 3], 20_000)
    alpha = straight[..., 3:].astype(np.uint64)
    stored = straight.copy()
    stored[..., :3] = (straight[..., :3] * alpha + 32767) // 65535
    kind = {"photometric": "rgb", "extrasamples": ["assocalpha"], "byteorder": byteorder}
    tifffile.imwrite(tmp_path / "a.tif", stored, **kind, **options)
    pixels = read(tmp_path / "a.tif")[0].astype(int)
    # A step of the stored value is 65535 / 20000 of the straight one.
    assert np.abs(pixels - straight).max() <= 2
    np.testing.assert_array_equal(pixels[..., 3], straight[..., 3])


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_planes_apart_are_right_or_refused(tmp_path, dtype):
    image = image_of(5, 7, 3, dtype=dtype)
    tifffile.imwrite(
        tmp_path / "a.tif", np.moveaxis(image, 2, 0), photometric="rgb", planarconfig="separate"
    )
    if dtype == "uint8":
        np.testing.assert_array_equal(read(tmp_path / "a.tif")[0], image)
    else:
        with pytest.raises(ValueError, match="RGB of 16 bit, planes apart"):
            read(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("image", "options", "told"),
    [
        (image_of(5, 7, 2), {"extrasamples": ["unassalpha"]}, "gray of 16 bit, 1 further channel"),
        (image_of(5, 7).astype("int16"), {}, "gray of 16 bit, signed samples"),
        (image_of(5, 7, dtype="uint8").astype("int8"), {}, "gray of 8 bit, signed samples"),
        (image_of(5, 7).astype("float32"), {}, "gray of 32 bit, float samples"),
        (image_of(5, 7, 3).astype("float32"), {"photometric": "rgb"}, "RGB of 32 bit, float"),
        (image_of(5, 7, 4), {"photometric": "separated"}, "CMYK"),
        (image_of(5, 7).astype("uint32"), {}, "gray of 32 bit"),
    ],
)
def test_kinds_that_are_not_read_are_described(tmp_path, image, options, told):
    tifffile.imwrite(tmp_path / "a.tif", image, **{"photometric": "minisblack"} | options)
    with pytest.raises(ValueError, match=rf"a\.tif.*{told}"):
        read(tmp_path / "a.tif")


def test_12_bit_samples_are_refused(tmp_path):
    data = bytes(3 * 10)
    tags = [(256, 4), (257, 5), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 5)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, x) for tag, x in [*tags, (279, 30)])
    directory = struct.pack("<H", 9) + entries + bytes(4)
    (tmp_path / "a.tif").write_bytes(struct.pack("<2sHI", b"II", 42, 38) + data + directory)
    with pytest.raises(ValueError, match=r"a\.tif.*gray of 12 bit"):
        read(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("orientation", [2, 5, 6, 8])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_tiff_is_turned_upright(tmp_path, dtype, orientation, channels):
    image = image_of(5, 7, channels, dtype=dtype)
    kind = {"photometric": "minisblack" if channels == 1 else "rgb"}
    if channels == 4:
        kind["extrasamples"] = ["unassalpha"]
    tag = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(tmp_path / "a.tif", image.squeeze(), extratags=tag, **kind)
    turned = {2: image[:, ::-1], 5: image.swapaxes(0, 1)}.get(orientation)
    wanted = turned if turned is not None else np.rot90(image, {6: -1, 8: 1}[orientation])
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0], wanted)


@pytest.mark.parametrize("damage", ["type", "tag"])
def test_a_damaged_second_page_is_named(tmp_path, damage):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 8, 8), "uint8"), photometric="minisblack")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        offset = file.pages[1].offset
    content = bytearray((tmp_path / "a.tif").read_bytes())
    content[offset + 2 : offset + 6] = {"type": b"\0\1\x63\0", "tag": b"\xff\xff\4\0"}[damage]
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.tif.*(page 2|2 frames)"):
        read(tmp_path / "a.tif")
    assert read(tmp_path / "a.tif", first_of_many=True)[0].shape == (8, 8, 1)
