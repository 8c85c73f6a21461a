"""Python's type stubs of Android become Java that says the same, as far as a type check asks."""

import importlib
import re

import pytest

from tests.mobile.android.make_golden import ROOT

STUBS = """
import typing
import java

class Listener(java.lang.Object):
    def onChange(self, arg1: Widget, arg2: int | java.jint | java.lang.Integer, /) -> None: ...

class Widget(Listener, java.io.Serializable):
    GONE: typing.ClassVar[int] = ...
    def __init__(self, name: str | java.lang.String, /) -> None: ...
    def onChange(self, widget: Widget, place: int | java.jint | java.lang.Integer, /) -> None: ...
    def levels(self) -> java.chaquopy.JavaArrayJFloat: ...
    def parent(self) -> Widget | None: ...
    @staticmethod
    def copies(of: Widget, at: int | java.jlong | java.lang.Long, /) -> java.util.List[Widget]: ...
    class Mode(java.lang.Enum[Widget.Mode]):
        FAST: typing.ClassVar[Widget.Mode] = ...

class Unused(java.lang.Object):
    def __init__(self) -> None: ...
"""


@pytest.fixture
def java_stubs(monkeypatch):
    """The script, which has its neighbour to import."""
    monkeypatch.syspath_prepend(ROOT / ".ci" / "kotlin")
    return importlib.import_module("java_stubs")


def java_of(java_stubs, tmp_path, kotlin):
    """Java by file name, for a Kotlin source and the Android above."""
    package = tmp_path / "stubs" / "android-stubs" / "toy"
    package.mkdir(parents=True)
    (package / "__init__.pyi").write_text(STUBS)
    (tmp_path / "kotlin").mkdir()
    (tmp_path / "kotlin" / "Main.kt").write_text(kotlin)
    out = tmp_path / "java"
    java_stubs.main(tmp_path / "stubs", out, [tmp_path / "kotlin"])
    return {
        path.name: re.sub(r"\s+", " ", path.read_text())
        for path in (out / "android").rglob("*.java")
    }


def test_imported_classes_and_those_they_name_are_written(java_stubs, tmp_path):
    found = java_of(java_stubs, tmp_path, "import android.toy.Widget\n")
    assert set(found) == {"Widget.java", "Listener.java"}
    interface, widget = found["Listener.java"], found["Widget.java"]
    assert "public interface Listener {" in interface
    assert "public void onChange(android.toy.Widget arg1_, int arg2_);" in interface
    assert "public class Widget implements android.toy.Listener, java.io.Serializable {" in widget
    assert "public static final int GONE" in widget
    assert "public Widget(java.lang.String name_)" in widget
    assert "public float[] levels()" in widget
    assert "@org.jetbrains.annotations.Nullable android.toy.Widget parent()" in widget
    copies = (
        "public static java.util.List<android.toy.Widget> copies(android.toy.Widget of_, long at_)"
    )
    assert copies in widget
    assert "public static enum Mode { FAST; }" in widget


def test_nothing_is_written_of_what_is_not_imported(java_stubs, tmp_path):
    assert java_of(java_stubs, tmp_path, "import kotlin.math.abs\n") == {}
