"""Files that tests of streamed pairs only read."""

import numpy as np
import pytest

from keras_pisr.data import (
    ImagePairs,
    write_image,
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("HR"), np.random.default_rng(0)
    for i in range(7):
        write_image(folder / f"{i}.png", rng.integers(0, 256, (17 + i, 20, 3), dtype=np.uint8))
    write_image(folder / "7.png", rng.integers(0, 256, (18, 19), dtype=np.uint8))
    return folder


@pytest.fixture(scope="session")
def in_memory(folder):
    return ImagePairs.from_folder(folder, scale=2)
