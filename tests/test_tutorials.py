"""Every tutorial runs, at small size."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("nbclient", reason="the tutorials run in nbclient: pip install -e '.[docs]'")
pytest.importorskip("ipykernel")
pytestmark = [pytest.mark.usefixtures("tensorflow_backend"), pytest.mark.slow]

FOLDER = Path(__file__).parents[1] / "docs/tutorials"


def program():
    """The program that runs the tutorials, as a module."""
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.ipynb")))
def test_a_tutorial_runs(name, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_PISR_SMOKE", "1")
    notebook = program().executed(name, tmp_path, seconds=300)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    # The figures and tables of a page are what its cells give.
    assert sum(bool(cell.outputs) for cell in code) >= 4
