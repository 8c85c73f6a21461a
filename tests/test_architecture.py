"""Who may import whom, and what an import may cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import keras_pisr

pytestmark = pytest.mark.core
PACKAGE = Path(keras_pisr.__file__).parent

# From the top down. A room imports rooms of lower layers and itself, never its own layer's others.
LAYERS = [
    ["__main__", "cli"],
    ["mobile"],
    ["inference", "evaluation"],
    ["distillers", "forms"],
    ["models"],
    ["presets"],
    ["callbacks", "data", "losses", "metrics", "optimizers"],
    ["atomic", "console", "registration"],
]
WITHOUT_TENSORFLOW = ["models", "losses", "metrics", "optimizers", "distillers", "callbacks"]


def sources(room):
    path = PACKAGE / room
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def room_of(path):
    """A `__main__.py` starts the command line, wherever it lies."""
    top = path.relative_to(PACKAGE).with_suffix("").parts[0]
    return "__main__" if path.stem == "__main__" else top


def imports(path, module_level_only=False):
    tree = ast.parse(path.read_text())
    nodes = tree.body if module_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_is_in_a_layer():
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__pycache__"} == {room for layer in LAYERS for room in layer}


@pytest.mark.parametrize("room", [room for layer in LAYERS for room in layer])
def test_imports_point_down(room):
    for path in sources(room):
        depth = next(i for i, layer in enumerate(LAYERS) if room_of(path) in layer)
        below = {name for layer in LAYERS[depth + 1 :] for name in layer} | {room}
        if room_of(path) == "__main__":
            below |= set(LAYERS[0])
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "keras_pisr" and len(parts) > 1 and (PACKAGE / parts[1]).is_dir():
                assert parts[1] in below, f"{path} imports {name}"


def test_no_module_imports_itself_over_others():
    """No circle of imports, between single modules, inside functions included."""
    modules = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        modules[name.removesuffix(".__init__")] = path

    def targets(path):
        for name in imports(path):
            while name and name not in modules:
                name = name.rpartition(".")[0]
            if name and name != "keras_pisr":
                yield name

    graph = {name: set(targets(path)) - {name} for name, path in modules.items()}
    done = set()

    def visit(name, way):
        assert name not in way, f"circle: {' -> '.join([*way[way.index(name) :], name])}"
        if name not in done:
            for target in sorted(graph[name]):
                visit(target, [*way, name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])


@pytest.mark.parametrize("room", WITHOUT_TENSORFLOW)
def test_core_never_imports_tensorflow_at_module_level(room):
    for path in sources(room):
        for name in imports(path, module_level_only=True):
            assert name.split(".")[0] not in {"tensorflow", "jax", "torch"}, f"{path}: {name}"


def test_every_folder_says_what_belongs_there():
    for folder in {path.parent for path in PACKAGE.rglob("*.py")}:
        text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
        assert text and text.splitlines()[0].endswith("."), folder
        modules = [path for path in folder.glob("*.py") if path.stem != "__init__"]
        assert len(modules) <= 13, f"{folder} holds {len(modules)} modules"


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


def test_a_folder_with_the_name_of_the_package_does_not_hide_it(tmp_path):
    """As for a user who has cloned the repository and starts Python beside the clone."""
    (tmp_path / "keras_pisr").mkdir()
    code = "import keras_pisr; keras_pisr.__version__"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
