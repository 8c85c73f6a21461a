"""Presets of hubs, which modules with the functions we call stand in for."""

import sys
import types

import numpy as np
import pytest

from keras_pisr.models import FSRCNN
from keras_pisr.presets import from_preset, sources
from tests.presets.small import outputs

pytestmark = pytest.mark.core


def test_a_preset_comes_from_hugging_face(saved, tmp_path, monkeypatch):
    folder, model = saved
    blobs, snapshot = (
        tmp_path / "models--me--it" / "blobs",
        tmp_path / "models--me--it/snapshots/a1",
    )
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for name in sources.FILES:
        (folder / name).rename(blobs / f"hash-{name}")
        (snapshot / name).symlink_to(blobs / f"hash-{name}")
    asked = []

    def snapshot_download(repo_id, *, revision, allow_patterns):
        asked.append((repo_id, revision, allow_patterns))
        return str(snapshot)

    fake = types.SimpleNamespace(snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    np.testing.assert_array_equal(outputs(from_preset("hf://me/it@v1")), outputs(model))
    from_preset("hf://me/it")
    files = list(sources.FILES)
    assert asked == [("me/it", "v1", files), ("me/it", None, files)]
    (snapshot / "config.json").unlink()
    (snapshot / "config.json").symlink_to("/etc/hostname")
    with pytest.raises(ValueError, match="outside of its folder"):
        from_preset("hf://me/it")


def test_a_preset_comes_from_kaggle(saved, monkeypatch):
    folder, model = saved
    asked = []

    def model_download(handle, path):
        asked.append((handle, path))
        return str(folder / path)

    fake = types.SimpleNamespace(model_download=model_download)
    monkeypatch.setitem(sys.modules, "kagglehub", fake)
    loaded = FSRCNN.from_preset("kaggle://me/fsrcnn/keras/x2")
    np.testing.assert_array_equal(outputs(loaded), outputs(model))
    assert asked == [("me/fsrcnn/keras/x2", name) for name in sources.FILES]


@pytest.mark.parametrize(
    ("preset", "module"),
    [("hf://me/it", "huggingface_hub"), ("kaggle://me/it/keras/x2", "kagglehub")],
)
def test_without_the_hub_library_the_error_names_it(monkeypatch, preset, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"pip install {module}"):
        from_preset(preset)


def test_an_error_of_the_hub_names_the_preset(monkeypatch):
    def snapshot_download(*args, **kwargs):
        raise RuntimeError("404 Client Error\nmany lines")

    fake = types.SimpleNamespace(snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    with pytest.raises(ValueError, match="Cannot download hf://me/it: 404 Client Error. Check"):
        from_preset("hf://me/it")


@pytest.mark.parametrize(
    "preset", ["hf://", "hf://it", "hf://../..", "hf://a/b/c", "kaggle://me/it", "s3://me/it"]
)
def test_a_malformed_address_is_refused(preset):
    with pytest.raises(ValueError, match="Expected"):
        from_preset(preset)
