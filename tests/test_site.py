"""Every public name is in the reference of the site, and every page in its contents."""

import re
from pathlib import Path

import pytest

import keras_pisr

DOCS = Path(__file__).parents[1] / "docs"
MODULES = [
    name for name in keras_pisr.__all__ if name[0] != "_" and (DOCS / f"api/{name}.md").exists()
]


def test_every_module_of_the_package_has_a_page_or_is_no_api():
    folders = {path.parent.name for path in (DOCS.parent / "keras_pisr").glob("*/__init__.py")}
    assert folders - set(MODULES) == {"cli", "console"}


@pytest.mark.parametrize("module", MODULES)
def test_a_page_documents_the_whole_module(module):
    assert f".. automodule:: keras_pisr.{module}\n" in (DOCS / f"api/{module}.md").read_text()


def test_every_page_is_in_the_contents_once():
    entries = []
    for page in (DOCS / "index.md", DOCS / "api/index.md"):
        for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(), re.DOTALL):
            names = [line for line in block.splitlines() if line and line[0] != ":"]
            entries += [(page.parent / name).relative_to(DOCS).as_posix() for name in names]
    pages = [
        path.relative_to(DOCS).with_suffix("").as_posix()
        for kind in ("*.md", "*.ipynb")
        for path in DOCS.rglob(kind)
    ]
    assert sorted(entries) == sorted(set(pages) - {"index"})


def test_the_version_is_the_same_everywhere():
    root = DOCS.parent
    for file, pattern in {
        "pyproject.toml": '^version = "(.+)"$',
        "CITATION.cff": "^version: (.+)$",
    }.items():
        (version,) = re.findall(pattern, (root / file).read_text(), re.MULTILINE)
        assert version == keras_pisr.__version__, file
