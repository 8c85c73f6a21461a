"""Settings of the documentation site: `python -m sphinx -W -b html docs site`."""

import inspect
import os
import re

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras_pisr

project = "keras_pisr"
author = "the keras_pisr authors"
copyright = "the keras_pisr authors; Apache-2.0"
version = release = keras_pisr.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["results/*/**/*.md"]

html_theme = "furo"
html_title = "keras_pisr"

# Pages are Markdown; headings get anchors, as on code hosting sites.
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath", "fieldlist"]
nb_execution_mode = "off"

# Docstrings: Google style, `code` in single quotes.
default_role = "code"
autodoc_member_order = "bysource"
# Types stand beside the text of each argument, so that signatures stay short.
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_use_rtype = False
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Call arguments", "params_style"), "Reference"]


def code(lines):
    """`Code` as literals, which may hold colons and stars."""
    text = re.sub(r"(?<![`:])`([^`]+)`(?!`)", r"``\1``", "\n".join(lines))
    return text.split("\n")


def examples(lines):
    """Examples that are plain programs, as blocks of code; those with prompts, indented."""
    made, inside = [], None
    for i, line in enumerate(lines):
        if inside and line and not line.startswith(inside):
            inside = None
        if inside is None:
            made.append(line)
            if line == "Example:":
                following = next((x for x in lines[i + 1 :] if x), "")
                if following.startswith(">>>"):
                    inside, shift = "", "    "
                elif not following.lstrip().startswith(">>>"):
                    made += ["    .. code-block:: python", ""]
                    inside, shift = "    ", "    "
            continue
        if inside == "" and not line:
            inside = None
        made.append(shift + line if line and inside is not None else line)
    return made


def tables(lines):
    """Tables of Markdown, which `help()` shows well, as tables of reStructuredText."""
    made = []
    for i, line in enumerate(lines):
        if not line.startswith("|"):
            made.append(line)
            continue
        if i == 0 or not lines[i - 1].startswith("|"):
            made += ["", ".. list-table::", "   :header-rows: 1", ""]
        if set(line) <= set("|- "):
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        made += [f"   {'* -' if not n else '  -'} {cell}" for n, cell in enumerate(cells)]
        if i + 1 == len(lines) or not lines[i + 1].startswith("|"):
            made.append("")
    return made


def setup(app):
    """Read docstrings as they are written."""

    def process(app, what, name, obj, options, lines):
        lines[:] = tables(code(examples(lines)))

    def signature(app, what, name, obj, options, shown, returned):
        # Keras gives its classes a `__new__` of any arguments, which would be shown instead.
        if what == "class" and "__init__" in vars(obj):
            found = inspect.signature(obj.__init__)
            arguments = [p.replace(annotation=p.empty) for p in found.parameters.values()][1:]
            return str(found.replace(parameters=arguments, return_annotation=found.empty)), returned

    app.connect("autodoc-process-docstring", process, priority=400)
    app.connect("autodoc-process-signature", signature)
