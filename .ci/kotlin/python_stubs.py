"""Python type stubs of Android as syntax trees: classes by name, and which are interfaces."""

import ast
import re
from functools import cached_property
from pathlib import Path


class Stubs:
    """The Python stubs, parsed as they are asked for."""

    def __init__(self, root):
        self.root = Path(root)
        self.modules = {}

    def module(self, package):
        """Top-level classes of a package by name, or an empty dictionary."""
        if package not in self.modules:
            first, *rest = package.split(".")
            path = self.root.joinpath(f"{first}-stubs", *rest, "__init__.pyi")
            tree = ast.parse(path.read_text()) if path.is_file() else ast.Module([], [])
            classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
            self.modules[package] = {node.name: node for node in classes}
        return self.modules[package]

    def find(self, name):
        """The outermost class that a dotted name lies in, as `(package, class)`, or None."""
        parts = name.split(".")
        for count in range(len(parts) - 1, 0, -1):
            package = ".".join(parts[:count])
            if parts[count] in self.module(package):
                return package, parts[count]
        return None

    def node(self, name):
        """The class of a qualified name."""
        package, first = self.find(name)
        return dict(with_nested(self.module(package)[first], package))[name]

    @cached_property
    def interfaces(self):
        """Qualified names of the interfaces among the classes parsed so far."""
        nodes = {}
        for package, classes in self.modules.items():
            for top in classes.values():
                nodes |= {name: (package, node) for name, node in with_nested(top, package)}
        bases = {
            name: {qualified(ast.unparse(base), package, self) for base in node.bases}
            for name, (package, node) in nodes.items()
        }
        found = {name for name, (_, node) in nodes.items() if kind_of(node) == "interface"}
        unclear = {name for name, (_, node) in nodes.items() if kind_of(node) == "unclear"}
        beside = {base for several in bases.values() if len(several) > 1 for base in several}
        found |= beside & unclear
        while more := {base for name in found for base in bases[name]} & unclear - found:
            found |= more
        return found


def with_nested(node, outer):
    """Pairs of qualified name and class, for a class and those in it."""
    name = f"{outer}.{node.name}"
    yield name, node
    for item in node.body:
        if isinstance(item, ast.ClassDef):
            yield from with_nested(item, name)


def kind_of(node):
    """What a class's own members say it is: "class", "interface" or "unclear"."""
    methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
    ways = [method for method in methods if not is_static(method)]
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    own = any("typing.ClassVar" not in ast.unparse(field) for field in fields)
    if own or any(method.name == "__init__" for method in ways):
        return "class"
    named = any(len(method.args.posonlyargs) > 1 and not abstract(method) for method in ways)
    if any(map(abstract, ways)):
        return "unclear" if named else "interface"
    return (
        "class"
        if named or any("java.lang.Enum" in ast.unparse(b) for b in node.bases)
        else "unclear"
    )


def is_static(method):
    """Whether a method is static."""
    return any(ast.unparse(item) == "staticmethod" for item in method.decorator_list)


def qualified(text, package, stubs):
    """A class's name with its package, without type arguments."""
    name = text.partition("[")[0]
    return f"{package}.{name}" if name.split(".")[0] in stubs.module(package) else name


def abstract(method):
    """Whether a method has no body: its parameters then have no names of their own."""
    return any(re.fullmatch(r"arg\d+", place.arg) for place in method.args.posonlyargs)
