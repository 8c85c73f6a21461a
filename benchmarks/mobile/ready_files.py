"""Makes the files to ship, and fills their table in docs/reference/phone_measurements.md.

    python benchmarks/mobile/ready_files.py OUT

The program writes the files and `manifest.json` to OUT, as `python mobile/export.py --all OUT`
does, and the manifest also to `docs/results/ready_files.json`. Run it again when the weights of a
recommended preset change. It takes about a minute on two CPU cores.
"""

import os
from pathlib import Path
from typing import Annotated

import tyro

os.environ["KERAS_BACKEND"] = "tensorflow"  # Before Keras is imported: only it converts.

from keras_pisr.atomic import atomic_path
from keras_pisr.console.quiet import without_notices
from keras_pisr.mobile.export.ready_files import make_ready_files, markdown, write_json

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reference" / "phone_measurements.md"
START, END = "<!-- By benchmarks/mobile/ready_files.py -->\n", "<!-- End -->\n"


def filled(page, table):
    """The page with another table between the two marks."""
    before, _, rest = page.partition(START)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"Expected {START.strip()} and {END.strip()} in the page.")
    return f"{before}{START}\n{table}\n\n{END}{after}"


def main(out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT")]):
    """Make the files, write the results file, fill the table."""
    with without_notices():
        manifest = make_ready_files(out)
    write_json(DOCS / "results" / "ready_files.json", manifest)
    page = filled(PAGE.read_text(encoding="utf-8"), markdown(manifest))
    with atomic_path(PAGE) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(markdown(manifest))


if __name__ == "__main__":
    tyro.cli(main)
