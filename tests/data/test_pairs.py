import numpy as np
import pytest

from keras_pisr.data import ImagePairs, downscale, write_image

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (9, 8, 3), dtype=np.uint8)
WIDE = RNG.integers(0, 256, (6, 13, 3), dtype=np.uint8)
GRAY = RNG.integers(0, 256, (8, 10), dtype=np.uint8)


def folder_of(path, **images):
    for name, image in images.items():
        write_image(path / f"{name}.png", image)
    return path


def test_buffers_hold_whole_images_cropped_to_the_scale():
    pairs = ImagePairs.from_images([RGB, WIDE], scale=2)
    assert (pairs.heights.tolist(), pairs.widths.tolist()) == ([4, 3], [4, 6])
    assert pairs.offsets.tolist() == [0, 16]
    assert pairs.lr.shape == (16 + 18, 3) and pairs.hr.shape == (4 * 34, 3)
    for index, image in enumerate((RGB[:8], WIDE[:, :12])):
        lr, hr = pairs.image(index)
        np.testing.assert_array_equal(hr, image)
        np.testing.assert_array_equal(lr, downscale(image, 2))


def test_gray_images_stay_gray():
    pairs = ImagePairs.from_images([GRAY, RGB, GRAY[..., None]], scale=2)
    assert pairs.gray.tolist() == [True, False, True]
    lr, hr = pairs.image(2)
    np.testing.assert_array_equal(hr[..., 0], GRAY)
    np.testing.assert_array_equal(lr[..., 0], downscale(GRAY, 2))


def test_low_resolution_images_can_be_given():
    lr = np.zeros((5, 4, 3), np.uint8)  # Rounded up from 9 / 2: the fifth row has no whole twin.
    pairs = ImagePairs.from_images([RGB], lr=[lr], scale=2)
    assert [image.shape for image in pairs.image(0)] == [(4, 4, 3), (8, 8, 3)]
    assert not pairs.lr.any()


def test_a_folder_gives_what_its_images_give(tmp_path):
    folder_of(tmp_path, b=RGB, a=GRAY, c=WIDE)
    pairs = ImagePairs.from_folder(tmp_path, scale=2)
    same = ImagePairs.from_images([GRAY, RGB, WIDE], scale=2)
    assert pairs.names == ("a.png", "b.png", "c.png")
    np.testing.assert_array_equal(pairs.lr, same.lr)
    np.testing.assert_array_equal(pairs.hr, same.hr)
    assert pairs.gray.tolist() == same.gray.tolist()
    mirrored = ImagePairs.from_folder(tmp_path, scale=2, border="mirror")
    np.testing.assert_array_equal(mirrored.image(1)[0], downscale(RGB, 2, border="mirror"))


@pytest.mark.parametrize("suffix", ["", "x2"])
def test_two_folders_are_matched_by_name(tmp_path, suffix):
    folder_of(tmp_path / "hr", a=RGB, b=WIDE)
    small = {f"a{suffix}": RGB[:4, :4], f"b{suffix}": WIDE[:3, :6]}
    folder_of(tmp_path / "lr", **small, other=GRAY)
    pairs = ImagePairs.from_folder(tmp_path / "hr", lr_dir=tmp_path / "lr", scale=2)
    np.testing.assert_array_equal(pairs.image(0)[0], RGB[:4, :4])
    np.testing.assert_array_equal(pairs.image(1)[0], WIDE[:3, :6])


def test_every_unusable_file_is_named_at_once(tmp_path):
    folder_of(tmp_path, good=RGB, tiny=RGB[:1])
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(ValueError, match=r"(?s)2 of 3 images.*bad\.png.*tiny\.png is 8x1 px"):
        ImagePairs.from_folder(tmp_path, scale=2)


def test_missing_and_empty_folders_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        ImagePairs.from_folder(tmp_path / "absent", scale=2)
    with pytest.raises(ValueError, match="no image file"):
        ImagePairs.from_folder(tmp_path, scale=2)


def test_low_resolution_files_that_do_not_match_are_named(tmp_path):
    folder_of(tmp_path / "hr", a=RGB, b=WIDE)
    folder_of(tmp_path / "lr", ax2=RGB[:4, :4])
    with pytest.raises(
        ValueError, match=r"no low-resolution file for b\.png.*keras-pisr downscale"
    ):
        ImagePairs.from_folder(tmp_path / "hr", lr_dir=tmp_path / "lr", scale=2)
    folder_of(tmp_path / "lr", bx2=WIDE[:2, :6])
    with pytest.raises(ValueError, match=r"bx2\.png is 6x2 px.*must be 6x3 px"):
        ImagePairs.from_folder(tmp_path / "hr", lr_dir=tmp_path / "lr", scale=2)
    folder_of(tmp_path / "lr", bx2=WIDE[:3, :6, 0])
    with pytest.raises(ValueError, match=r"b\.png has 3 and .*bx2\.png 1 channels"):
        ImagePairs.from_folder(tmp_path / "hr", lr_dir=tmp_path / "lr", scale=2)


def test_wrong_arrays_are_named():
    with pytest.raises(ValueError, match="sky to be uint8"):
        ImagePairs.from_images([RGB / 255], scale=2, names=["sky"])
    with pytest.raises(ValueError, match="at least one"):
        ImagePairs.from_images([], scale=2)
    with pytest.raises(ValueError, match="as many"):
        ImagePairs.from_images([RGB], lr=[], scale=2)
    with pytest.raises(ValueError, match="Expected buffers"):
        ImagePairs(RGB[0], RGB[0], [2], [4], scale=2)


def test_split_shares_memory_and_loses_nothing():
    pairs = ImagePairs.from_images([RGB, WIDE, GRAY], scale=2)
    first, rest = pairs.split(-1)
    assert (len(first), len(rest)) == (2, 1)
    assert rest.names == pairs.names[2:] and rest.gray.tolist() == [True]
    for part, index, whole in ((first, 1, 1), (rest, 0, 2)):
        for image, expected in zip(part.image(index), pairs.image(whole), strict=True):
            np.testing.assert_array_equal(image, expected)
            assert np.shares_memory(image, expected)
    for at in (0, 3, -3, -5):
        with pytest.raises(ValueError, match="empty"):
            pairs.split(at)


def test_samples():
    pairs = ImagePairs.from_samples("test", scale=3)
    assert pairs.names == ("camera", "chelsea", "coffee")
    assert "3 images, scale=3" in repr(pairs)


def test_div2k_through_tfds(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")
    tf = pytest.importorskip("tensorflow")
    images = [RNG.integers(0, 256, (12, 8 + 2 * i, 3), dtype=np.uint8) for i in range(2)]

    # The mock's own pairs have unrelated sizes.
    def examples(self, *args, **kwargs):
        def generate():
            for hr in images:
                yield {"lr": downscale(hr, 2, border="mirror"), "hr": hr}

        spec = tf.TensorSpec((None, None, 3), tf.uint8)
        return tf.data.Dataset.from_generator(generate, output_signature={"lr": spec, "hr": spec})

    with tfds.testing.mock_data(num_examples=2, as_dataset_fn=examples, data_dir=str(tmp_path)):
        pairs = ImagePairs.from_tfds("div2k/bicubic_x2", split="train", scale=2)
        with pytest.raises(ValueError, match="at scale 3 it must be"):
            ImagePairs.from_tfds("div2k/bicubic_x2", split="train", scale=3)
    for index, hr in enumerate(images):
        np.testing.assert_array_equal(pairs.image(index)[1], hr)
        np.testing.assert_array_equal(pairs.image(index)[0], downscale(hr, 2, border="mirror"))
