import weakref

import numpy as np
import pytest

from keras_pisr.data import ImagePairs, downscale, resize, write_image
from keras_pisr.data.pairs.pair_sources import pack_stream
from keras_pisr.evaluation.benchmark_folder import benchmark_pairs

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (9, 8, 3), dtype=np.uint8)
WIDE = RNG.integers(0, 256, (6, 13, 3), dtype=np.uint8)
GRAY = RNG.integers(0, 256, (8, 10), dtype=np.uint8)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Sets of tests are made up: nothing is downloaded."""
    monkeypatch.setattr("keras_pisr.data.tfds_load.check_reachable", lambda name, data_dir: None)


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


def test_only_a_side_that_does_not_divide_may_be_rounded_up():
    for shape in ((4, 4, 3), (5, 4, 3)):
        pairs = ImagePairs.from_images([RGB], lr=[np.zeros(shape, np.uint8)], scale=2)
        assert (pairs.heights.tolist(), pairs.widths.tolist()) == ([4], [4])
    for shape in ((4, 5, 3), (5, 5, 3), (6, 4, 3), (3, 4, 3)):
        with pytest.raises(ValueError, match=r"LR of image 0 is .* must be 4x4 px"):
            ImagePairs.from_images([RGB], lr=[np.zeros(shape, np.uint8)], scale=2)


def test_a_published_pair_follows_the_same_rule(tmp_path):
    folder_of(tmp_path / "HR", a=RGB)
    folder_of(tmp_path / "LR_bicubic" / "X2", ax2=np.zeros((5, 4, 3), np.uint8))
    (pair,) = benchmark_pairs(tmp_path, scale=2)
    lr, hr = pair.read()
    assert (lr.shape, hr.shape) == ((4, 4, 3), (8, 8, 3))
    write_image(pair.lr_path, np.zeros((4, 5, 3), np.uint8))
    with pytest.raises(ValueError, match="is not .*a.png"):
        pair.read()


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


def test_several_folders_are_read_in_their_order(tmp_path):
    folders = [
        folder_of(tmp_path / "b", b=RGB, same=GRAY),
        folder_of(tmp_path / "a", a=WIDE, same=RGB),
    ]
    pairs = ImagePairs.from_folder(folders, scale=2)
    same = ImagePairs.from_images([RGB, GRAY, WIDE, RGB], scale=2)
    assert pairs.names == ("b.png", "same.png", "a.png", "same.png")
    np.testing.assert_array_equal(pairs.hr, same.hr)
    np.testing.assert_array_equal(pairs.lr, same.lr)
    with pytest.raises(ValueError, match="empty list"):
        ImagePairs.from_folder([], scale=2)


def test_names_that_occur_twice_are_not_guessed_at(tmp_path):
    first = folder_of(tmp_path / "first", a=RGB, b=WIDE)
    second = folder_of(tmp_path / "second", a=RGB[::-1])
    small = folder_of(tmp_path / "lr", ax2=downscale(RGB, 2), bx2=downscale(WIDE, 2))
    with pytest.raises(ValueError, match=r"first/a\.png and .*second/a\.png have the same name"):
        ImagePairs.from_folder([first, second], lr_dir=small, scale=2)
    write_image(first / "b.bmp", WIDE)
    with pytest.raises(ValueError, match=r"b\.bmp and .*b\.png have the same name"):
        ImagePairs.from_folder(first, lr_dir=small, scale=2)
    (first / "b.bmp").unlink()
    write_image(small / "ax2.bmp", downscale(RGB, 2))
    with pytest.raises(ValueError, match=r"ax2\.bmp and .*ax2\.png have the same name"):
        ImagePairs.from_folder(first, lr_dir=small, scale=2)


def test_a_low_resolution_file_serves_one_image(tmp_path):
    folder_of(tmp_path / "hr", a=RGB, ax2=RGB[::-1])
    folder_of(tmp_path / "lr", ax2=downscale(RGB, 2))
    with pytest.raises(
        ValueError, match=r"ax2\.png would belong to .*a\.png as well as .*ax2\.png"
    ):
        ImagePairs.from_folder(tmp_path / "hr", lr_dir=tmp_path / "lr", scale=2)


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


@pytest.mark.parametrize("scale", [0, 1, -2, 1.5, "2", None, float("nan"), float("inf")])
def test_a_scale_that_is_no_whole_number_of_2_or_more_is_named(tmp_path, scale):
    folder_of(tmp_path, a=RGB)
    for make in (
        lambda: ImagePairs.from_images([RGB], scale=scale),
        lambda: ImagePairs.from_folder(tmp_path, scale=scale),
        lambda: ImagePairs.from_samples("test", scale=scale),
        lambda: ImagePairs(RGB[0, :4], RGB.reshape(-1, 3)[:16], [2], [2], scale=scale),
    ):
        with pytest.raises(ValueError, match="scale to be a whole number, 2 or more; got"):
            make()
    assert ImagePairs.from_images([RGB], scale=np.int64(2)).scale == 2


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


def test_a_resized_set_is_made_of_resized_images():
    pairs = ImagePairs.from_images([RGB, GRAY, WIDE], scale=2, names=["a", "b", "c"])
    smaller = pairs.resized(0.75)
    assert (smaller.names, smaller.gray.tolist()) == (("a", "b", "c"), [False, True, False])
    hr = resize(RGB[:8], (6, 6))
    np.testing.assert_array_equal(smaller.image(0)[1], hr)
    np.testing.assert_array_equal(smaller.image(0)[0], downscale(hr, 2))
    assert pairs.resized(1) is pairs
    with pytest.raises(ValueError, match="factor above 0"):
        pairs.resized(0)
    with pytest.raises(ValueError, match="factor of 0.1 leaves less than 2 px"):
        pairs.resized(0.1)


def test_a_joined_set_holds_the_images_of_all_parts_in_order():
    pairs = ImagePairs.from_images([RGB, GRAY], scale=2)
    joined = ImagePairs.join([pairs, ImagePairs.from_images([WIDE], scale=2, names=["wide"])])
    assert joined.names == ("image 0", "image 1", "wide")
    for index, image in enumerate((RGB[:8], GRAY[..., None], WIDE[:, :12])):
        lr, hr = joined.image(index)
        np.testing.assert_array_equal(hr, image)
        np.testing.assert_array_equal(lr, downscale(image, 2))
    with pytest.raises(ValueError, match="one scale; got \\[2, 3\\]"):
        ImagePairs.join([pairs, ImagePairs.from_images([WIDE], scale=3)])
    with pytest.raises(ValueError, match="got no set"):
        ImagePairs.join([])


def test_samples():
    pairs = ImagePairs.from_samples("test", scale=3)
    assert pairs.names == ("camera", "chelsea", "coffee")
    assert "3 images, scale=3" in repr(pairs)


def test_a_stream_of_images_is_packed_without_keeping_them():
    alive = []

    def examples():
        for index in range(6):
            hr = np.full((8, 8, 3), index, np.uint8)
            alive.append(weakref.ref(hr))
            yield f"image {index}", None, hr
            del hr
            # The consumer may still hold the image it has just packed, and none before it.
            assert sum(ref() is not None for ref in alive) <= 1

    pairs = ImagePairs(**pack_stream(examples(), scale=2))
    assert pairs.hr[::64, 0].tolist() == pairs.lr[::16, 0].tolist() == list(range(6))
    assert pairs.hr.flags.writeable


def mocked_tfds(tmp_path, images):
    tfds = pytest.importorskip("tensorflow_datasets")
    tf = pytest.importorskip("tensorflow")

    # The mock's own pairs have unrelated sizes.
    def examples(self, *args, **kwargs):
        def generate():
            for hr in images:
                yield {"lr": downscale(hr, 2, border="mirror"), "hr": hr}

        spec = tf.TensorSpec((None, None, 3), tf.uint8)
        return tf.data.Dataset.from_generator(generate, output_signature={"lr": spec, "hr": spec})

    return tfds.testing.mock_data(num_examples=2, as_dataset_fn=examples, data_dir=str(tmp_path))


def test_div2k_through_tfds(tmp_path):
    images = [RNG.integers(0, 256, (12, 8 + 2 * i, 3), dtype=np.uint8) for i in range(2)]
    with mocked_tfds(tmp_path, images):
        pairs = ImagePairs.from_tfds("div2k/bicubic_x2", split="train", scale=2)
        with pytest.raises(ValueError, match="at scale 3 it must be"):
            ImagePairs.from_tfds("div2k/bicubic_x2", split="train", scale=3)
        with pytest.raises(ValueError, match="2 or more; got 1.5"):
            ImagePairs.from_tfds("div2k/bicubic_x2", split="train", scale=1.5)
    assert pairs.names == ("div2k/bicubic_x2 train 0", "div2k/bicubic_x2 train 1")
    for index, hr in enumerate(images):
        np.testing.assert_array_equal(pairs.image(index)[1], hr)
        np.testing.assert_array_equal(pairs.image(index)[0], downscale(hr, 2, border="mirror"))


def test_an_empty_split_is_named(tmp_path):
    with (
        mocked_tfds(tmp_path, []),
        pytest.raises(ValueError, match="div2k/bicubic_x2 holds no example in split 'train'"),
    ):
        ImagePairs.from_tfds("div2k/bicubic_x2", split="train", scale=2)
