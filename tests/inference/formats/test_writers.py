"""Files written in bands: other software reads back what was written."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from keras_pisr.inference.formats.jpeg import JpegWriter
from keras_pisr.inference.formats.picture import read_picture
from keras_pisr.inference.formats.png import PngWriter, filtered
from keras_pisr.inference.formats.row_bands import Regrouped
from keras_pisr.inference.formats.tiff import TiffWriter
from keras_pisr.inference.formats.writers import WebpWriter

SHAPES = [(1, 1, 1), (5, 7, 1), (70, 9, 2), (130, 11, 3), (65, 300, 4)]


def image_of(shape, dtype="uint8"):
    """A smooth image with some noise: all filters get their turn."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: shape[0], : shape[1]]
    peak = np.iinfo(dtype).max
    wave = 0.5 + 0.3 * np.sin(x / 9) * np.cos(y / 7)
    noise = 0.05 * rng.standard_normal(shape)
    return ((wave[..., None] + noise).clip(0, 1) * peak).astype(dtype)


def written(writer, image, bands=(3, 1, 17), **options):
    file = io.BytesIO()
    out = writer(file, image.shape, image.dtype, **options)
    start = 0
    for i in range(len(image)):
        if start < len(image):
            stop = start + bands[i % len(bands)]
            out.write(image[start:stop])
            start = stop
    out.close()
    return file


def read(file, tmp_path, suffix):
    path = tmp_path / f"image{suffix}"
    path.write_bytes(file.getvalue())
    return read_picture(path)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize(("writer", "suffix"), [(PngWriter, ".png"), (TiffWriter, ".tif")])
def test_lossless_formats_come_back(tmp_path, writer, suffix, shape, dtype):
    image = image_of(shape, dtype)
    file = written(writer, image)
    if (dtype, shape[2], suffix) == ("uint16", 2, ".tif"):
        pytest.skip("Pillow does not know this kind of TIFF")
    np.testing.assert_array_equal(read(file, tmp_path, suffix).pixels, image)
    with Image.open(file) as opened:
        opened.verify()


def test_filters_by_hand():
    above = np.zeros((1, 4), np.uint8)
    lines = np.array([[10, 12, 13, 200], [10, 12, 13, 201], [0, 255, 1, 0]], np.uint8)
    result = filtered(lines, above, pixel=1)
    np.testing.assert_array_equal(result[0], [1, 10, 2, 1, 187])  # Differences to the left.
    np.testing.assert_array_equal(result[1], [2, 0, 0, 0, 1])  # Differences upwards.
    np.testing.assert_array_equal(result[2, 1:], [0, 255, 2, 255])


@pytest.mark.parametrize("shape", [(1, 1, 1), (8, 8, 3), (300, 50, 1), (1100, 21, 3), (257, 9, 3)])
def test_a_jpeg_of_strips_decodes_as_one_of_one_piece(shape):
    image = image_of(shape)
    file = written(JpegWriter, image, bands=(9, 64, 33))
    whole = io.BytesIO()
    Image.fromarray(image.squeeze(2) if shape[2] == 1 else image).save(
        whole, "JPEG", quality=95, subsampling=0
    )
    with Image.open(file) as ours, Image.open(whole) as theirs:
        assert ours.size == theirs.size == (shape[1], shape[0])
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_the_strips_of_a_wide_jpeg_stay_within_the_markers_interval():
    # 65,500 px are 8188 blocks: 16 rows of blocks would not fit in 16 bits.
    writer = JpegWriter(io.BytesIO(), (600, 65_500, 3), np.uint8)
    assert writer.interval == 8 * 8188
    assert writer.rows.height == 8 * 8


@pytest.mark.parametrize("writer", [JpegWriter, WebpWriter])
def test_16_bits_are_rounded_where_the_format_has_8(writer):
    image = np.full((9, 9, 3), 257 * 100 + 140, np.uint16)
    with Image.open(written(writer, image)) as opened:
        assert np.abs(np.asarray(opened).astype(int) - 101).max() <= 1


@pytest.mark.parametrize(
    ("writer", "suffix"),
    [(PngWriter, ".png"), (TiffWriter, ".tif"), (JpegWriter, ".jpg"), (WebpWriter, ".webp")],
)
def test_the_profile_is_kept(tmp_path, writer, suffix):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    file = written(writer, image_of((20, 20, 3)), icc=icc)
    assert read(file, tmp_path, suffix).icc == icc


@pytest.mark.parametrize(
    ("writer", "suffix"), [(PngWriter, ".png"), (JpegWriter, ".jpg"), (WebpWriter, ".webp")]
)
def test_exif_is_kept(tmp_path, writer, suffix):
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    file = written(writer, image_of((20, 20, 3)), exif=exif.tobytes())
    assert read(file, tmp_path, suffix).exif[0x010F] == "A camera"


@pytest.mark.parametrize(
    ("writer", "shape", "message"),
    [
        (JpegWriter, (4, 4, 4), "no transparency"),
        (JpegWriter, (65_501, 4, 3), "allows 65500"),
        (WebpWriter, (4, 16_384, 3), "allows 16383"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(writer, shape, message):
    with pytest.raises(ValueError, match=message):
        writer(io.BytesIO(), shape, np.uint8)


def test_rows_are_regrouped():
    bands = []
    rows = Regrouped(4, lambda band: bands.append(band.tolist()))
    for start, stop in [(0, 3), (3, 3), (3, 12), (12, 13), (13, 14)]:
        rows.write(np.arange(start, stop))
    rows.close()
    assert bands == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13]]
