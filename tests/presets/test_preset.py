"""Presets come back whole through every door, and say where a name is unknown."""

import json

import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.models import FSRCNN
from keras_pisr.presets import catalog, from_preset, save_to_preset, sources
from tests.presets.small import SMALL, outputs

pytestmark = pytest.mark.core


def test_a_saved_model_comes_back_through_every_door(saved):
    folder, model = saved
    for door in (from_preset, kp.from_preset, FSRCNN.from_preset):
        loaded = door(str(folder))
        assert isinstance(loaded, FSRCNN) and not loaded.compiled
        np.testing.assert_array_equal(outputs(loaded), outputs(model))


def test_the_layout_is_that_of_keras_hub(saved):
    folder, model = saved
    assert {p.name for p in folder.iterdir()} == set(sources.FILES)
    config = json.loads((folder / "config.json").read_text())
    assert (config["class_name"], config["registered_name"]) == ("FSRCNN", "keras_pisr>FSRCNN")
    metadata = json.loads((folder / "metadata.json").read_text())
    assert metadata["parameter_count"] == model.count_params()
    assert metadata["keras_version"] == keras.__version__
    assert metadata["keras_pisr_version"] == kp.__version__


def test_a_card_lies_beside(tmp_path):
    save_to_preset(FSRCNN(2, **SMALL), tmp_path / "carded", card="# Card\n")
    assert (tmp_path / "carded" / "README.md").read_text() == "# Card\n"
    from_preset(tmp_path / "carded")


def test_a_compiled_model_is_saved_without_its_compilation(tmp_path):
    model = FSRCNN(2, **SMALL)
    model.compile("adam", "mae")
    model.save_to_preset(tmp_path / "compiled")
    assert not from_preset(tmp_path / "compiled").compiled


def test_a_preset_is_not_overwritten_unasked(saved):
    folder, _ = saved
    other = FSRCNN(3, **SMALL)
    with pytest.raises(ValueError, match="overwrite=True"):
        other.save_to_preset(folder)
    other.save_to_preset(folder, overwrite=True)
    assert from_preset(folder).scale == 3


def test_a_model_of_others_is_not_saved(tmp_path):
    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(1, 1)])
    with pytest.raises(ValueError, match="not a model of keras_pisr"):
        save_to_preset(model, tmp_path / "foreign")
    assert not (tmp_path / "foreign").exists()


def test_an_unknown_name_is_met_with_near_ones(monkeypatch):
    monkeypatch.setitem(catalog.CATALOG, "fsrcnn_x2_test", {"class": "FSRCNN"})
    with pytest.raises(ValueError, match="'fsrcnn_x2_tset'. Did you mean fsrcnn_x2_test"):
        FSRCNN.from_preset("fsrcnn_x2_tset")


def test_presets_lists_those_of_the_class(monkeypatch):
    monkeypatch.setitem(catalog.CATALOG, "fsrcnn_x2_test", {"class": "FSRCNN"})
    monkeypatch.setitem(catalog.CATALOG, "resnet_test", {"class": "ResNet"})
    assert "fsrcnn_x2_test" in FSRCNN.presets and "resnet_test" not in FSRCNN.presets


@pytest.mark.parametrize("nothing", [None, "", "  ", 3])
def test_no_name_is_refused_by_name(nothing):
    with pytest.raises(ValueError, match="Expected the name of a preset or a folder; got"):
        kp.from_preset(nothing)


def test_a_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    kp.from_preset("fsrcnn_x2").save_to_preset("~/mine")
    assert (tmp_path / "mine" / "config.json").exists()
    assert kp.from_preset("~/mine").count_params() == 12_809


def test_without_weights_a_preset_is_its_architecture():
    trained = kp.from_preset("fsrcnn_x2").get_weights()
    fresh = kp.models.FSRCNN.from_preset("fsrcnn_x2", load_weights=False).get_weights()
    assert [w.shape for w in fresh] == [w.shape for w in trained]
    assert any(np.any(a != b) for a, b in zip(trained, fresh, strict=True))


def test_a_dtype_policy_can_be_chosen():
    model = kp.from_preset("fsrcnn_x2", dtype="mixed_bfloat16")
    assert model.get_layer("expanding").compute_dtype == "bfloat16"
    assert model.get_layer("last_layer").compute_dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"
    for a, b in zip(model.get_weights(), kp.from_preset("fsrcnn_x2").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="to be a policy such as"):
        kp.from_preset("fsrcnn_x2", dtype="half-hearted")
