"""Presets: honest ones come back whole; hostile, broken and unknown ones are refused."""

import json
import sys
import types

import h5py
import keras
import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.models import FSRCNN
from keras_pisr.presets import catalog, from_preset, save_to_preset, sources
from keras_pisr.presets.preset_checks import checksum

pytestmark = pytest.mark.core

SMALL = {"features": 6, "shrunk_features": 3, "mapping_layers": 1}


@pytest.fixture
def saved(tmp_path):
    model = FSRCNN(2, **SMALL)
    model.save_to_preset(tmp_path / "mine")
    return tmp_path / "mine", model


def outputs(model):
    image = np.random.default_rng(0).random((1, 7, 9, 1)).astype("float32")
    return keras.ops.convert_to_numpy(model(image))


def edit(folder, name, change, *, sums=True):
    """Change a file of a preset and, unless told otherwise, the checksums with it."""
    path = folder / name
    if name.endswith(".json"):
        value = json.loads(path.read_text())
        value = change(value) or value
        path.write_text(json.dumps(value))
    else:
        change(path)
    if sums and name != "metadata.json":
        metadata = json.loads((folder / "metadata.json").read_text())
        metadata["sha256"][name] = checksum(path.read_bytes())
        (folder / "metadata.json").write_text(json.dumps(metadata))


def test_a_saved_model_comes_back_through_every_door(saved):
    folder, model = saved
    for door in (
        from_preset,
        kp.from_preset,
        FSRCNN.from_preset,
        keras.Model and FSRCNN.from_preset,
    ):
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


@pytest.mark.parametrize("name", sources.FILES)
def test_a_missing_file_is_named(saved, name):
    (saved[0] / name).unlink()
    with pytest.raises(ValueError, match=f"has no {name}"):
        from_preset(saved[0])


@pytest.mark.parametrize("name", sources.FILES)
@pytest.mark.parametrize("kept", [0, 0.5, 0.98])
def test_a_truncated_file_is_named(saved, name, kept):
    content = (saved[0] / name).read_bytes()
    (saved[0] / name).write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=name):
        from_preset(saved[0])


def test_a_changed_byte_is_found(saved):
    path = saved[0] / "model.weights.h5"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="model.weights.h5 .* its checksum differs"):
        from_preset(saved[0])


@pytest.mark.parametrize(
    "sums",
    [
        None,
        {},
        {"config.json": "0" * 64},
        {"config.json": "0" * 64, "model.weights.h5": "0" * 64, "../../secret": "0" * 64},
    ],
)
def test_checksums_of_other_files_are_refused(saved, sums):
    edit(saved[0], "metadata.json", lambda value: value.update(sha256=sums))
    with pytest.raises(ValueError, match="must give checksums of config.json"):
        from_preset(saved[0])


@pytest.mark.parametrize("name", sources.FILES)
def test_a_link_out_of_the_folder_is_refused(saved, tmp_path, name):
    (saved[0] / name).rename(tmp_path / name)
    (saved[0] / name).symlink_to(tmp_path / name)
    with pytest.raises(ValueError, match="outside of its folder"):
        from_preset(saved[0])


@pytest.mark.parametrize(
    "value",
    [
        {"module": "keras", "class_name": "Sequential", "registered_name": "Sequential", "config": {}},
        {"module": "os", "class_name": "system", "registered_name": "keras_pisr>system", "config": {}},
        {"module": "other", "class_name": "FSRCNN", "registered_name": "other>FSRCNN", "config": {}},
        {"module": "keras_pisr", "class_name": "FSRCNN", "registered_name": "other>FSRCNN"},
        {"module": "keras_pisr", "class_name": "start_as_bicubic", "registered_name": "keras_pisr>start_as_bicubic"},
        {"module": None, "class_name": None},
    ],
)  # fmt: skip
def test_a_class_of_others_is_refused(saved, value):
    edit(saved[0], "config.json", lambda _: value)
    with pytest.raises(ValueError, match="not a model of keras_pisr"):
        from_preset(saved[0])


@pytest.mark.parametrize("place", ["config", "build_config"])
def test_foreign_code_within_the_configuration_is_refused(saved, place):
    planted = {"module": "os", "class_name": "system", "config": {}, "registered_name": None}
    edit(saved[0], "config.json", lambda value: value[place].update(deep=[{"x": planted}]))
    with pytest.raises(ValueError, match="names the class os.system"):
        from_preset(saved[0])


def test_a_compilation_in_the_configuration_is_ignored(saved):
    planted = {"module": "os", "class_name": "system", "config": {}, "registered_name": None}
    edit(saved[0], "config.json", lambda value: value.update(compile_config={"loss": planted}))
    assert not from_preset(saved[0]).compiled


@pytest.mark.filterwarnings("ignore:Skipping nested container")
@pytest.mark.parametrize(
    ("argument", "value"), [("features", 7), ("mapping_layers", 0), ("mapping_layers", 2)]
)
def test_weights_that_do_not_fit_are_refused(saved, argument, value):
    edit(saved[0], "config.json", lambda config: config["config"].update({argument: value}))
    with pytest.raises(ValueError, match="do not fit"):
        from_preset(saved[0])


def test_a_preset_above_the_limit_is_refused_unread(saved):
    with pytest.raises(ValueError, match="more than the 1000 allowed"):
        from_preset(saved[0], max_bytes=1000)


def test_a_weights_file_that_announces_too_much_is_refused(saved):
    def bomb(path):
        with h5py.File(path, "a") as file:
            file.create_dataset("bomb", (10**6, 10**6), "float32", chunks=(1000, 1000))

    edit(saved[0], "model.weights.h5", bomb)
    with pytest.raises(ValueError, match="announces more than"):
        from_preset(saved[0])


def test_a_weights_file_that_points_elsewhere_is_refused(saved, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["numbers"] = np.arange(3.0)

    def link(path):
        with h5py.File(path, "a") as file:
            file["elsewhere"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "numbers")

    edit(saved[0], "model.weights.h5", link)
    with pytest.raises(ValueError, match="elsewhere is a link"):
        from_preset(saved[0])


def test_a_weights_file_with_data_in_another_file_is_refused(saved, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(64))

    def store(path):
        with h5py.File(path, "a") as file:
            outside = [(str(tmp_path / "secret"), 0, 64)]
            file.create_dataset("outside", (16,), "float32", external=outside)

    edit(saved[0], "model.weights.h5", store)
    with pytest.raises(ValueError, match="outside lies in another file"):
        from_preset(saved[0])


def test_more_numbers_than_the_model_takes_are_refused(saved):
    def add(path):
        with h5py.File(path, "a") as file:
            file["more"] = np.zeros(3, "float32")

    edit(saved[0], "model.weights.h5", add)
    with pytest.raises(ValueError, match="do not fit"):
        from_preset(saved[0])


def test_a_preset_of_another_class_is_refused_by_the_class(saved):
    class Other(FSRCNN):
        pass

    with pytest.raises(ValueError, match="is a FSRCNN, not a Other"):
        Other.from_preset(saved[0])


# === Hubs, played by modules with the functions we call ===


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
