"""Configurations from strangers: numbers and classes that would take no end are refused."""

import json

import pytest

from keras_pisr.models import FSRCNN, ResidualFSRCNN, ResNet, SmallRecognizer, SubpixelDeconvolution
from keras_pisr.presets.configuration import MOST_BYTES, check_classes, parse_configuration

pytestmark = pytest.mark.core


def model(**config):
    return {
        "module": "keras_pisr.models.fsrcnn",
        "class_name": "FSRCNN",
        "config": config,
        "registered_name": "keras_pisr>FSRCNN",
    }


def test_an_honest_configuration_passes():
    check_classes("a.keras", model(scale=2, seed=2**31))


@pytest.mark.parametrize("name", ["scale", "features", "mapping_layers"])
def test_numbers_beyond_any_network_are_refused(name):
    with pytest.raises(ValueError, match=f"a.keras sets {name} to {2**40}"):
        check_classes("a.keras", model(**{name: 2**40}))
    with pytest.raises(ValueError, match=f"a.keras sets {name} to {-(2**40)}"):
        check_classes("a.keras", model(nested=[{name: [1, -(2**40)]}]))


@pytest.mark.parametrize("dtype", ["S2000000000", "U9", "V8", "object", "float32,float32", None])
def test_arrays_of_anything_but_numbers_are_refused(dtype):
    array = {"class_name": "__numpy__", "config": {"value": 1, "dtype": dtype}}
    with pytest.raises(ValueError, match="names the class"):
        check_classes("a.keras", model(nested=array))


def test_an_array_of_numbers_passes():
    array = {"class_name": "__numpy__", "config": {"value": [1.5], "dtype": "float32"}}
    check_classes("a.keras", model(nested=array))


@pytest.mark.parametrize("name", [["FSRCNN"], {"a": 1}, 3, None])
def test_a_class_name_that_is_no_text_is_refused(name):
    with pytest.raises(ValueError, match="names the class"):
        check_classes("a.keras", model(nested={"class_name": name, "config": {}}))


def test_a_large_text_is_refused_before_it_is_parsed():
    text = b"[" + b"{}," * (MOST_BYTES // 3) + b"{}]"
    with pytest.raises(ValueError, match=f"config.json has {len(text)} bytes; at most"):
        parse_configuration("config.json", text)


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"[]", b"3", b"null"])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(ValueError, match="config.json (is not JSON|does not hold a JSON object)"):
        parse_configuration("config.json", text)


def test_an_object_comes_back():
    assert parse_configuration("config.json", json.dumps(model()).encode()) == model()


@pytest.mark.parametrize(
    "build",
    [
        lambda: FSRCNN(2**20),
        lambda: FSRCNN(2, mapping_layers=2**20),
        lambda: FSRCNN(2.5),
        lambda: FSRCNN("2"),
        lambda: ResidualFSRCNN(2, features=2**20),
        lambda: ResNet(3, blocks=(2**20,), widths=(8,)),
        lambda: ResNet(3, blocks=(1,), widths=(2**20,)),
        lambda: SmallRecognizer(3, width=2**20),
        lambda: SubpixelDeconvolution(2, kernel_size=2**20 + 1),
    ],
)
def test_models_without_end_are_refused_by_their_argument(build):
    with pytest.raises(ValueError, match="must be a whole number from . to"):
        build()
