"""Folders larger than memory, or that say so."""

import struct
import zlib

import numpy as np
import pytest

from keras_pisr.data import ImagePairs, write_image
from keras_pisr.data.pairs import pair_sources


def test_a_folder_that_memory_cannot_hold_is_named_with_its_largest_files(tmp_path, monkeypatch):
    for name, side in (("a.png", 8), ("b.png", 16)):
        write_image(tmp_path / name, np.zeros((side, side, 3), np.uint8))
    monkeypatch.setattr(pair_sources, "_memory", lambda: 1000)
    with pytest.raises(ValueError, match=r"2 images take .* The largest: \S*b\.png \(256 px\)"):
        ImagePairs.from_folder(tmp_path, scale=2)


def test_headers_that_their_bytes_cannot_hold_are_named_and_take_no_memory(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8))
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[16:24] = struct.pack(">II", 13_000, 13_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    for number in range(60):
        (tmp_path / f"{number}.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"60 of 61 images[^\n]*\n\S* \S* \S*0\.png"):
        ImagePairs.from_folder(tmp_path, scale=2)
