"""The examples in docstrings give what they show."""

import doctest
import importlib
import pkgutil

import keras
import numpy as np
import pytest

import keras_pisr

pytestmark = pytest.mark.usefixtures("tensorflow_backend")

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
NAMES = {"keras": keras, "np": np, "keras_pisr": keras_pisr, "kp": keras_pisr}


def modules_with_examples():
    """Names of the package's modules whose source holds an example that is not skipped."""
    for module in pkgutil.walk_packages(keras_pisr.__path__, "keras_pisr."):
        source = importlib.util.find_spec(module.name).loader.get_source(module.name) or ""
        shown = [line for line in source.splitlines() if line.lstrip().startswith(">>>")]
        if any("doctest: +SKIP" not in line for line in shown):
            yield module.name


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_of(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    result = doctest.testmod(module, extraglobs=NAMES, optionflags=OPTIONS)
    assert result.attempted and not result.failed
