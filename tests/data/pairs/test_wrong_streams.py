"""Files, arguments and sets that cannot be streamed are named."""

import warnings

import numpy as np
import pytest

from keras_pisr.data import (
    StreamedPairs,
    write_image,
)
from tests.data.pairs.streamed import OPTIONS, streamed, tables


@pytest.fixture
def damaged(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    content = (folder / "1.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    write_image(tmp_path / "tiny.png", np.zeros((6, 40, 3), np.uint8))
    return tmp_path


def test_files_that_cannot_be_used_are_named_once_and_left_out(damaged):
    sampler = streamed(damaged).sampler(**OPTIONS)
    with pytest.warns(UserWarning) as said:
        table = tables(sampler, 6)
    said = sorted((str(each.message) for each in said), key=lambda text: "tiny" in text)
    assert len(said) == 2
    assert "cut.png" in said[0] and said[0].endswith("It is left out.")
    assert "tiny.png is smaller than a patch of 8 px" in said[1]
    used = {sampler.pairs.files[number].hr.name for number in table[:, 0]}
    assert used == {f"{i}.png" for i in range(8)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = streamed(damaged).sampler(**OPTIONS)
        np.testing.assert_array_equal(tables(again, 6), table)


def test_they_can_be_refused(damaged):
    sampler = streamed(damaged, damaged="refuse", mixed_images=10).sampler(**OPTIONS)
    with pytest.raises(ValueError, match=r"cut\.png"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler.batch(0, 0)
    with pytest.raises(ValueError, match=r"cut\.png"):
        streamed(damaged).in_memory()


def test_a_block_of_none_is_an_error(folder):
    sampler = streamed(folder).sampler(patch=40)
    with (
        pytest.warns(UserWarning, match="smaller than a patch of 40 px"),
        pytest.raises(ValueError, match="None of 3 files holds a patch of 40 px.*smaller patch"),
    ):
        sampler.batch(0, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 1}, "scale to be a whole number, 2 or more"),
        ({"patches_per_image": 0}, "patches_per_image to be a whole number"),
        ({"mixed_images": 1.5}, "mixed_images to be a whole number"),
        ({"workers": 0}, "workers to be a whole number"),
        ({"damaged": "ignore"}, "damaged to be one of"),
        ({"border": "wrap"}, "border to be one of"),
        ({"degrade": "fog"}, "steps of blur"),
    ],
)
def test_wrong_arguments_are_named(folder, options, message):
    with pytest.raises(ValueError, match=message):
        StreamedPairs(folder, **{"scale": 2} | options)


def test_wrong_sets_are_named(folder, tmp_path):
    pairs = streamed(folder)
    with pytest.raises(FileNotFoundError, match="absent"):
        StreamedPairs(tmp_path / "absent", scale=2)
    with pytest.raises(ValueError, match="factor above 0"):
        pairs.resized(0)
    with pytest.raises(ValueError, match="one scale"):
        StreamedPairs.join([pairs, StreamedPairs(folder, scale=3)])
    with pytest.raises(ValueError, match="join them first"):
        StreamedPairs.join([pairs, pairs.degraded("noise")])
    with pytest.raises(ValueError, match="multiple of the scale"):
        pairs.sampler(patch=7)
