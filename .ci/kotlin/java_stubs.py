r"""Java stubs of the Android classes that Kotlin sources import, from Python type stubs of Android.

    python .ci/kotlin/java_stubs.py ANDROID_STUBS OUT KOTLIN_FOLDER...

`ANDROID_STUBS` is the unpacked wheel `chaquopy-stubs-android`, which holds the public signatures of
one API level. Classes that the Kotlin sources import get their members, and so do the classes in
their signatures; those named by the latter stay empty. Bodies do nothing: the stubs are for a type
check.

What the Python stubs do not say is settled like this:

- Abstract methods have parameters named `arg1`, `arg2`; a class without constructor that has such
  methods, or that is one of several bases, is an interface.
- Python has one whole number and one fraction: as results and constants they are `int` and
  `float`, except in `RESULTS`.
- Everything is public, and what may be null is marked only where the Python stubs mark it.
"""

import ast
import re
import sys
from pathlib import Path

from python_stubs import Stubs, abstract, is_static, qualified

GENERATED = ("android", "androidx", "dalvik", "org")
IN_JDK = ("org.w3c.", "org.xml.", "org.ietf.")
# Methods whose result is not what Python's types make it: `int`, `float` or `String`.
LONG = "elapsedRealtime uptimeMillis getEventTime skip getStartOffset getDeclaredLength"
RESULTS = dict.fromkeys(LONG.split(), "long")
RESULTS["charAt"] = "char"
# Generic methods whose type parameter the Python stubs leave out.
GENERIC = {"findViewById": "android.view.View", "requireViewById": "android.view.View"}
PRIMITIVES = {"jint", "jlong", "jshort", "jbyte", "jchar", "jfloat", "jdouble", "jboolean"}
PYTHON = {"int": "int", "float": "float", "bool": "boolean", "str": "java.lang.String"}
BOXES = {"int": "java.lang.Integer", "float": "java.lang.Float", "boolean": "java.lang.Boolean"}
# Members that each class has from `Object`, or each enumeration from `Enum`.
INHERITED = {"getClass", "notify", "notifyAll", "wait", "finalize"}
# Java's classes that have no constructor without arguments, and what stands for them as a base.
PLAINER = {
    "java.io.FileInputStream": "java.io.InputStream",
    "java.io.FileOutputStream": "java.io.ByteArrayOutputStream",
}
# How far from an import classes have members: the import itself, and what its signatures name.
DEPTH = 2


class Writer:
    """Writes one outermost class, and notes the classes that it names."""

    def __init__(self, stubs, package, empty):
        self.stubs, self.package, self.empty = stubs, package, empty
        self.named = set()

    def type(self, node, variables, boxed=False):
        """A Python annotation in Java; what the stubs do not know is `Object`."""
        if isinstance(node, ast.BinOp):  # A union: of a number's forms, or with None.
            names = ast.unparse(node)
            primitive = next((p for p in PRIMITIVES if f"java.{p} " in names + " "), None)
            if primitive:
                return primitive[1:]
            return self.type(node.left, variables, boxed)
        if isinstance(node, ast.Constant):
            return "void"
        if isinstance(node, ast.Subscript):
            outer = ast.unparse(node.value)
            slices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if outer == "typing.ClassVar":
                return self.type(slices[0], variables)
            if outer == "java.chaquopy.JavaArray":
                return self.type(slices[0], variables) + "[]"
            inner = [self.type(part, variables, boxed=True) for part in slices]
            outer = self.type(node.value, variables)
            return outer if outer == "java.lang.Object" else f"{outer}<{', '.join(inner)}>"
        name = ast.unparse(node)
        if name in PYTHON:
            return BOXES.get(PYTHON[name], PYTHON[name]) if boxed else PYTHON[name]
        if name in variables:
            return variables[name]
        if name.removeprefix("java.") in PRIMITIVES:
            return name.removeprefix("java.j")
        if name.startswith("java.chaquopy.JavaArrayJ"):
            return name.removeprefix("java.chaquopy.JavaArrayJ").lower() + "[]"
        name = qualified(name, self.package, self.stubs)
        if name.startswith(GENERATED) and not name.startswith(IN_JDK):
            found = self.stubs.find(name)
            if found is None:
                return "java.lang.Object"
            self.named.add(found)
            return name
        # Java's own classes are those of the JDK; private ones of Android have no dot.
        return name if name.startswith(("java.", "javax.", *IN_JDK)) else "java.lang.Object"

    def write(self, node, outer=""):
        """Java source of a class with all that it contains."""
        path = f"{outer}{node.name}"
        methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
        makers = [method for method in methods if method.name == "__init__"]
        ends = [method for method in methods if abstract(method)]
        variables, bases = {}, []
        for base in node.bases:
            if ast.unparse(base).startswith("typing.Generic"):
                names = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
                variables = {name.id: name.id.rpartition("__")[2] for name in names}
            else:
                bases.append(base)
        name = f"{self.package}.{path}"
        is_enum = any(ast.unparse(base).startswith("java.lang.Enum") for base in bases)
        is_interface = name in self.stubs.interfaces
        unfinished = self.empty or not makers or bool(ends) or self.lacks(bases, methods)
        head, parent = self.head(path, bases, variables, is_enum, is_interface, unfinished)
        lines = [head + " {"]
        if is_enum:
            lines.append(", ".join(constants(node)) + ";")
        if not self.empty:
            lines += self.fields(node, variables, skip=constants(node) if is_enum else ())
            lines += self.methods(methods, variables, is_enum, is_interface)
        if not is_interface and not is_enum:
            lines += self.constructors(node.name, makers, variables, parent)
        for inner in node.body:
            if isinstance(inner, ast.ClassDef):
                lines.append(self.write(inner, f"{path}."))
        return "\n".join([*lines, "}"])

    def lacks(self, bases, methods):
        """Whether a class leaves a method of its interfaces to the classes that extend it."""
        own = {method.name for method in methods}
        for base in bases:
            name = qualified(ast.unparse(base), self.package, self.stubs)
            node = self.stubs.node(name) if name in self.stubs.interfaces else None
            ways = [] if node is None else node.body
            ends = {way.name for way in ways if isinstance(way, ast.FunctionDef) and abstract(way)}
            if ends - own:
                return True
        return False

    def head(self, path, bases, variables, is_enum, is_interface, is_abstract):
        """The declaration of a class, and the class it extends, or None."""
        name = path.rpartition(".")[2]
        types = [self.type(base, variables) for base in bases]
        types = [PLAINER.get(kind, kind) for kind in types if kind != "java.lang.Object"]
        parameters = f"<{', '.join(variables.values())}>" if variables else ""
        static = "static " if "." in path else ""
        if is_enum:
            return f"public {static}enum {name}", None
        if is_interface:
            extends = f" extends {', '.join(types)}" if types else ""
            return f"public {static}interface {name}{parameters}{extends}", None
        classes = [kind for kind in types if not self.is_interface(kind)]
        interfaces = [kind for kind in types if kind not in classes[:1]]
        head = f"public {static}{'abstract ' if is_abstract else ''}class {name}{parameters}"
        head += f" extends {classes[0]}" if classes else ""
        head += f" implements {', '.join(interfaces)}" if interfaces else ""
        return head, classes[0] if classes else None

    def is_interface(self, kind):
        """Whether a base is an interface."""
        name = kind.partition("<")[0]
        if name.startswith(GENERATED):
            return name in self.stubs.interfaces
        return not re.search(r"(Exception|Error|Reader|Writer|Stream|Loader|Thread|Number)$", name)

    def fields(self, node, variables, skip):
        """Yield declarations of the fields that are not in `skip`."""
        for item in node.body:
            if isinstance(item, ast.AnnAssign) and item.target.id not in skip:
                kind = self.type(item.annotation, variables)
                constant = "static final " * ast.unparse(item.annotation).startswith(
                    "typing.ClassVar"
                )
                yield f"public {constant}{kind} {item.target.id} = {nothing(kind)};"

    def methods(self, methods, variables, is_enum, is_interface):
        """Yield methods, with bodies that do nothing where Java wants one."""
        seen = set()
        for method in methods:
            if method.name == "__init__" or method.name in INHERITED:
                continue
            if is_enum and method.name in ("values", "valueOf"):
                continue
            static = is_static(method)
            own, text = self.parameters(method, variables, static)
            if (method.name, text) in seen:
                continue
            seen.add((method.name, text))
            result = method.returns
            kind = self.type(result, {**variables, **own})
            if isinstance(result, ast.Name):
                kind = RESULTS.get(method.name, kind)
            if method.name in GENERIC:
                own, kind = {"T": f"T extends {GENERIC[method.name]}"}, "T"
            marks = f"<{', '.join(own.values())}> " if own else ""
            if ast.unparse(result).endswith("| None"):
                marks = f"@org.jetbrains.annotations.Nullable {marks}"
            has_body = static or not is_interface or (text and not abstract(method))
            default = "default " if is_interface and has_body and not static else ""
            back = "" if kind == "void" else f" return {nothing(kind)};"
            body = f" {{{back} }}" if has_body else ";"
            head = f"public {'static ' * static}{default}{marks}{kind}"
            yield f"{head} {method.name}({text}){body}"

    def parameters(self, method, variables, static):
        """The method's own type variables, and its parameters in Java."""
        places = [*method.args.posonlyargs, *method.args.args][0 if static else 1 :]
        names = re.findall(
            r"\b_\w+__\w+\b",
            ast.unparse(method.args) + ast.unparse(method.returns or ast.Constant(None)),
        )
        own = {name: name.rpartition("__")[2] for name in names if name not in variables}
        known = {**variables, **own}
        texts = [f"{self.type(place.annotation, known)} {place.arg}_" for place in places]
        if method.args.vararg:
            place = method.args.vararg
            texts.append(f"{self.type(place.annotation, known)}... {place.arg}_")
        return own, ", ".join(texts)

    def constructors(self, name, makers, variables, parent):
        """Those there are, and a protected one for the stubs of classes that extend this one."""
        generated = parent and parent.startswith(GENERATED)
        chain = "super((stub.Nothing) null);" if generated else ""
        yield f"protected {name}(stub.Nothing nothing) {{ {chain} }}"
        for maker in [] if self.empty else makers:
            own, text = self.parameters(maker, variables, static=False)
            marks = f"<{', '.join(own.values())}> " if own else ""
            yield f"public {marks}{name}({text}) {{ {chain} }}"


def constants(node):
    """Constants of an enumeration."""
    return [
        item.target.id
        for item in node.body
        if isinstance(item, ast.AnnAssign)
        and ast.unparse(item.annotation).endswith(f".{node.name}]")
    ]


def nothing(kind):
    """A value of a type, for bodies that never run."""
    if kind == "boolean":
        return "false"
    return f"({kind}) 0" if kind in {name[1:] for name in PRIMITIVES} else "null"


def imported(folders):
    """Dotted names that Kotlin sources import or write in full."""
    pattern = re.compile(rf"\b((?:{'|'.join(GENERATED)})(?:\.\w+)+)")
    for folder in folders:
        for path in Path(folder).rglob("*.kt"):
            yield from pattern.findall(path.read_text())


def main(root, out, folders):
    """Write the stubs; returns the number of classes."""
    stubs = Stubs(root)
    level = {found for name in imported(folders) if (found := stubs.find(name))}
    done = {}
    for depth in range(DEPTH + 1):
        following = set()
        todo = level
        while todo:
            named = set()
            for package, name in sorted(todo):
                writer = Writer(stubs, package, empty=depth == DEPTH)
                done[package, name] = writer
                writer.write(stubs.module(package)[name])
                named |= writer.named
            # Bases have members wherever the class has them.
            bases = {base for package, name in todo for base in bases_of(stubs, package, name)}
            todo = {found for found in bases if found not in done}
            following |= named
        level = {found for found in following if found not in done}
    vars(stubs).pop("interfaces", None)  # All modules are known only now.
    for (package, name), writer in done.items():
        path = Path(out, *package.split("."), f"{name}.java")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = writer.write(stubs.module(package)[name])
        path.write_text(f"package {package};\n\n{text}\n")
    nothing_path = Path(out, "stub", "Nothing.java")
    nothing_path.parent.mkdir(parents=True, exist_ok=True)
    nothing_path.write_text("package stub;\n\npublic final class Nothing {}\n")
    return len(done)


def bases_of(stubs, package, name):
    """Outermost classes that hold the bases of a class and of those within it."""
    for node in ast.walk(stubs.module(package)[name]):
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                full = qualified(ast.unparse(base), package, stubs)
                if full.startswith(GENERATED) and not full.startswith(IN_JDK):
                    found = stubs.find(full)
                    if found:
                        yield found


if __name__ == "__main__":
    root, out, *folders = sys.argv[1:]
    print(f"{main(root, out, folders)} Android classes")
