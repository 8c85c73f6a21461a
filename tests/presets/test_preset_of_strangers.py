"""Hostile, broken and unfit presets are refused, and the error names what is wrong."""

import json

import h5py
import numpy as np
import pytest

from keras_pisr.models import FSRCNN
from keras_pisr.presets import from_preset, sources
from keras_pisr.presets.preset_checks import checksum

pytestmark = pytest.mark.core


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
