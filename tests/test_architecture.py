"""Who may import whom, and what an import may cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import keras_pisr

pytestmark = pytest.mark.core
PACKAGE = Path(keras_pisr.__file__).parent

# A room may import the rooms listed for it; modules at the top level are rooms of their own.
MAY_IMPORT = {
    "atomic": set(),
    "notices": set(),
    "data": {"atomic"},
    # Only the methods `from_preset` and `save_to_preset`, when they are called.
    "models": {"presets"},
    "losses": set(),
    "metrics": set(),
    "optimizers": set(),
    "callbacks": {"atomic"},
    "distillers": {"models", "losses", "metrics"},
    "loading": {"models", "notices"},
    "presets": {"atomic", "loading", "models"},
    # Only the form that a Keras model is run in, when there is one: files for phones need no Keras.
    "inference": {"atomic", "data", "models"},
    "benchmark_folder": {"data"},
    "pictures": {"atomic", "data", "metrics"},
    "curves": {"atomic"},
    "scores": {"atomic"},
    "evaluation": {"benchmark_folder", "data", "metrics", "pictures", "scores"},
    "cli": {"cli_upscale", "data", "evaluation", "loading", "mobile", "notices", "presets"},
    "cli_upscale": {"cli", "inference", "presets"},
    "mobile": {
        "distillers",
        "atomic",
        "models",
        "benchmark_folder",
        "data",
        "evaluation",
        "inference",
        "loading",
        "metrics",
        "notices",
        "presets",
    },
    "__main__": {"cli"},
}
WITHOUT_TENSORFLOW = ["models", "losses", "metrics", "optimizers", "distillers", "callbacks"]


def sources(room):
    path = PACKAGE / room if room != "mobile" else PACKAGE.parent / "mobile"
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def imports(path, module_level_only=False):
    tree = ast.parse(path.read_text())
    nodes = tree.body if module_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_every_room_is_listed():
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__pycache__"} == set(MAY_IMPORT) - {"mobile"}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room):
    for path in sources(room):
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "keras_pisr" and len(parts) > 1:
                assert parts[1] in MAY_IMPORT[room] | {room}, f"{path} imports {name}"


@pytest.mark.parametrize("room", WITHOUT_TENSORFLOW)
def test_core_never_imports_tensorflow_at_module_level(room):
    for path in sources(room):
        for name in imports(path, module_level_only=True):
            assert name.split(".")[0] not in {"tensorflow", "jax", "torch"}, f"{path}: {name}"


def run_without(blocked, code):
    """Run `code` in a fresh interpreter in which `blocked` cannot be imported."""
    guard = (
        "import sys\n"
        "class Guard:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {blocked!r}:\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Guard())\n"
    )
    return subprocess.run(
        [sys.executable, "-c", guard + code], capture_output=True, text=True, check=False
    )


def test_importing_the_package_imports_no_framework():
    result = run_without(["keras", "tensorflow", "jax", "torch"], "import keras_pisr")
    assert result.returncode == 0, result.stderr
