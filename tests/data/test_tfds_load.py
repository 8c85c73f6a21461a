import socket
import sys
import time
import types

import pytest

from keras_pisr.data import ImagePairs, LabelledImages
from keras_pisr.data.tfds_load import load_tfds


@pytest.fixture
def library(monkeypatch):
    """A stand-in whose `load` says what it was asked for, on a machine without a network."""
    asked = []
    load = lambda name, **options: asked.append((name, options))  # noqa: E731
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", types.SimpleNamespace(load=load))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "TFDS_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)

    def refuse(address, timeout):
        raise OSError("no network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    return asked


@pytest.mark.parametrize(
    "read",
    [
        lambda folder: ImagePairs.from_tfds("div2k/bicubic_x2", scale=2, data_dir=folder),
        lambda folder: LabelledImages.from_tfds("cars196", data_dir=folder),
    ],
)
def test_without_a_network_a_missing_set_is_named_at_once(library, read, tmp_path):
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=f"is not in {tmp_path}, .*no network"):
        read(tmp_path)
    assert time.monotonic() - started < 5
    assert not library


def test_a_set_on_this_machine_needs_no_network(library, tmp_path):
    (tmp_path / "div2k").mkdir()
    load_tfds("a test", "div2k/bicubic_x2", data_dir=tmp_path, split="train")
    assert library == [("div2k/bicubic_x2", {"data_dir": tmp_path, "split": "train"})]


def test_behind_a_proxy_the_library_tries_itself(library, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    load_tfds("a test", "div2k", data_dir=tmp_path)
    assert len(library) == 1
