"""Runs the tutorials and keeps what they print and draw.

python docs/tutorials/execute.py            # all of them, in full: some ten minutes
python docs/tutorials/execute.py NAME ...   # without .ipynb
"""

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def executed(name, folder, seconds=1800):
    """A notebook with the outputs of a run in `folder`, without what programs say on stderr.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails; holds the cell and the traceback.
    """
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    client = NotebookClient(
        notebook, timeout=seconds, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    for cell in notebook.cells:
        cell.get("metadata", {}).pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [x for x in cell.outputs if not is_notice(x)]
    return notebook


def is_notice(output):
    """Whether an output is a notice of a library, which no reader is meant to see."""
    return output.get("name") == "stderr" or "INFO:tensorflow" in output.get("text", "")


if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        with tempfile.TemporaryDirectory() as folder:
            notebook = executed(name, folder)
        nbformat.write(notebook, FOLDER / f"{name}.ipynb")
        print(f"{name}: run and kept.")
