"""Loading students: honest files come back whole, hostile and broken ones are refused."""

import json
import shutil
import zipfile

import keras
import numpy as np
import pytest

from keras_pisr.models import FSRCNN
from keras_pisr.presets.keras_file import load_student

pytestmark = pytest.mark.core


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "student.keras"
    model = FSRCNN(2)
    model.save(path)
    return path, model


def rewritten(source, target, *, config=None, add=None, drop=()):
    """A copy of an archive with its configuration edited, members added or dropped."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json" and config:
                described = json.loads(data)
                data = json.dumps(config(described) or described)
            if name not in drop:
                new.writestr(name, data)
        for name, data in (add or {}).items():
            new.writestr(name, data)
    return target


def test_a_saved_student_comes_back_with_its_weights(saved):
    path, model = saved
    loaded = load_student(path)
    assert isinstance(loaded, FSRCNN)
    image = np.random.default_rng(0).random((1, 8, 6, 1)).astype("float32")
    np.testing.assert_array_equal(loaded.predict(image, verbose=0), model.predict(image, verbose=0))


def test_a_plain_functional_model_loads(tmp_path):
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", kernel_regularizer="l2")(
        inputs
    )
    x = keras.layers.PReLU(shared_axes=[1, 2])(x)
    x = keras.layers.UpSampling2D(2)(x)
    x = keras.layers.Activation(keras.activations.tanh)(x)
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1)(x) + 0.5)
    model.save(tmp_path / "plain.keras")
    loaded = load_student(tmp_path / "plain.keras")
    assert loaded(np.zeros((1, 4, 4, 1))).shape == (1, 8, 8, 1)


def test_the_compilation_of_a_file_is_ignored(tmp_path):
    @keras.saving.register_keras_serializable(package="somebody")
    def strange_loss(y_true, y_pred):
        return keras.ops.mean(y_true - y_pred)

    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(1, 1)])
    model.compile("adam", loss=strange_loss)
    model.save(tmp_path / "compiled.keras")
    assert not load_student(tmp_path / "compiled.keras").compiled


def test_a_lambda_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Lambda(lambda x: x * 2)])
    model.save(tmp_path / "lambda.keras")
    with pytest.raises(ValueError, match=r"lambda.keras names the class keras.layers.Lambda"):
        load_student(tmp_path / "lambda.keras")


def test_a_class_of_another_package_is_refused(tmp_path):
    @keras.saving.register_keras_serializable(package="somebody")
    class Strange(keras.layers.Layer):
        pass

    keras.Sequential([keras.Input((4, 4, 1)), Strange()]).save(tmp_path / "strange.keras")
    with pytest.raises(ValueError, match="Strange .registered as somebody>Strange"):
        load_student(tmp_path / "strange.keras")


@pytest.mark.parametrize(
    "value",
    [
        {"module": "os", "class_name": "system", "config": {}, "registered_name": None},
        {"module": "os", "class_name": "system", "config": {}, "registered_name": "keras_pisr>system"},
        {"module": "keras.utils", "class_name": "get_file", "config": {}, "registered_name": None},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {}, "registered_name": None},
        {"module": "keras.models", "class_name": "load_model", "config": {}},
        {"module": "keras.layers", "class_name": "Conv2D", "config": {}, "registered_name": "x>y"},
        {"module": "keras_pisr", "class_name": "__lambda__", "registered_name": "keras_pisr>__lambda__"},
        {"class_name": "__lambda__", "config": {"value": ""}},
        {"class_name": "__typespec__", "config": [], "module": "os", "spec_name": "system"},
        {"class_name": ["Conv2D"], "config": {}, "module": "keras.layers"},
    ],
)  # fmt: skip
def test_a_foreign_object_anywhere_in_the_configuration_is_refused(saved, tmp_path, value):
    def plant(config):
        config["config"]["features"] = [{"deep": value}]

    path = rewritten(saved[0], tmp_path / "planted.keras", config=plant)
    with pytest.raises(ValueError, match="planted.keras names the class"):
        load_student(path)


def test_a_class_we_do_not_have_is_an_error_that_names_the_file(saved, tmp_path):
    def rename(config):
        config.update(class_name="Missing", registered_name="keras_pisr>Missing")

    path = rewritten(saved[0], tmp_path / "newer.keras", config=rename)
    with pytest.raises(ValueError, match="newer.keras cannot be loaded"):
        load_student(path)


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    path = tmp_path / "text.keras"
    path.write_text("not a model")
    with pytest.raises(ValueError, match="text.keras is not a .keras file"):
        load_student(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(saved, tmp_path, kept):
    data = saved[0].read_bytes()
    path = tmp_path / "short.keras"
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(ValueError, match="short.keras.* cut short"):
        load_student(path)


def test_flipped_bits_are_found(saved, tmp_path):
    data = bytearray(saved[0].read_bytes())
    start = data.index(b"model.weights.h5") + 5000
    data[start : start + 8] = bytes(255 - byte for byte in data[start : start + 8])
    path = tmp_path / "flipped.keras"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="flipped.keras is damaged: model.weights.h5"):
        load_student(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/evil", "assets/vocabulary.txt", "config.json"]
)
def test_unexpected_members_are_refused(saved, tmp_path, name):
    path = rewritten(saved[0], tmp_path / "more.keras", add={name: b"x"})
    with pytest.raises(ValueError, match="more.keras is not a .keras file of a student"):
        load_student(path)


def test_missing_weights_are_refused(saved, tmp_path):
    path = rewritten(saved[0], tmp_path / "less.keras", drop={"model.weights.h5"})
    with pytest.raises(ValueError, match="less.keras is not a .keras file of a student"):
        load_student(path)


@pytest.mark.filterwarnings("ignore:Skipping nested container")
@pytest.mark.parametrize(("argument", "value"), [("features", 24), ("mapping_layers", 5)])
def test_weights_of_another_network_are_refused(saved, tmp_path, argument, value):
    def change(config):
        config["config"][argument] = value

    path = rewritten(saved[0], tmp_path / "mixed.keras", config=change)
    with pytest.raises(ValueError, match="mixed.keras cannot be loaded"):
        load_student(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", bytes(2**20))
    assert path.stat().st_size < 5000
    with pytest.raises(ValueError, match="bomb.keras holds 1048580 bytes, more than the 1000000"):
        load_student(path, max_bytes=1_000_000)


@pytest.mark.parametrize("config", ["[]", "{}", "{", "[" * 100_000, '"a"'])
def test_a_configuration_that_is_no_model_is_refused(saved, tmp_path, config):
    path = rewritten(
        saved[0], tmp_path / "odd.keras", drop={"config.json"}, add={"config.json": config}
    )
    with pytest.raises(ValueError, match="odd.keras (is|does not hold)"):
        load_student(path)


def test_another_suffix_and_a_missing_file_are_named(saved, tmp_path):
    shutil.copy(saved[0], tmp_path / "student.zip")
    with pytest.raises(ValueError, match="ending in .keras.*student.zip"):
        load_student(tmp_path / "student.zip")
    with pytest.raises(FileNotFoundError, match="no file .*gone.keras"):
        load_student(tmp_path / "gone.keras")
