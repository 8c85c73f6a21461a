"""The Android sample holds together, as far as that can be seen without an Android SDK."""

import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[3] / "mobile" / "android"
MAIN = SAMPLE / "app" / "src" / "main"
SOURCES = sorted((MAIN / "kotlin").rglob("*.kt"))
XML = sorted([MAIN / "AndroidManifest.xml", *(MAIN / "res").rglob("*.xml")])
ANDROID = "{http://schemas.android.com/apk/res/android}"
BUILD = (SAMPLE / "app" / "build.gradle.kts").read_text()


def declared_resources():
    """`string/name`, `id/name` and `layout/name` of every resource there is."""
    found = {f"layout/{path.stem}" for path in (MAIN / "res" / "layout").glob("*.xml")}
    strings = ElementTree.parse(MAIN / "res" / "values" / "strings.xml").getroot()
    found |= {f"string/{element.get('name')}" for element in strings}
    for path in XML:
        found |= {f"id/{name}" for name in re.findall(r'"@\+id/(\w+)"', path.read_text())}
    return found


def used_resources():
    """The same for every resource that XML or Kotlin names."""
    found = set()
    for path in XML:
        found |= {
            "/".join(use) for use in re.findall(r'"@(string|layout|id)/(\w+)"', path.read_text())
        }
    for path in SOURCES:
        text = re.sub(r"android\.R\.\S+", "", path.read_text())
        found |= {"/".join(use) for use in re.findall(r"\bR\.(string|layout|id)\.(\w+)", text)}
    return found


@pytest.mark.parametrize("path", XML, ids=lambda path: path.name)
def test_xml_is_well_formed(path):
    assert ElementTree.parse(path).getroot().tag


def test_every_resource_used_exists_and_none_is_left_over():
    assert used_resources() - declared_resources() == set()
    assert declared_resources() - used_resources() == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_packages_are_folders_and_the_namespace(path):
    package = re.search(r"^package (\S+)$", path.read_text(), re.M).group(1)
    assert package.split(".") == list(path.parent.relative_to(MAIN / "kotlin").parts)
    assert f'namespace = "{package}"' in BUILD and f'applicationId = "{package}"' in BUILD


def test_the_activity_of_the_manifest_exists():
    activity = ElementTree.parse(MAIN / "AndroidManifest.xml").find("application/activity")
    name = activity.get(f"{ANDROID}name").removeprefix(".")
    assert any(f"class {name} " in path.read_text() for path in SOURCES)


def test_the_asset_and_its_size_are_those_of_the_command_in_the_readme():
    source = (MAIN / "kotlin/io/keraspisr/sample/Upscaler.kt").read_text()
    asset = re.search(r'ASSET = "(.+)"', source).group(1)
    side = re.search(r"SIDE = (\d+)", source).group(1)
    command = (SAMPLE / "README.md").read_text().replace("\\\n", "")
    command = next(line for line in command.splitlines() if "mobile/export.py" in line)
    assert f"--color rgb --size {side} {side} " in command
    assert command.endswith(f"--out mobile/android/app/src/main/assets/{asset}")


def test_format_arguments_of_strings_are_numbered():
    strings = ElementTree.parse(MAIN / "res" / "values" / "strings.xml").getroot()
    for element in strings:
        assert re.findall(r"%(?!\d+\$)", element.text) == [], element.get("name")


def test_every_alias_is_in_the_version_catalog():
    catalog = tomllib.loads((SAMPLE / "gradle" / "libs.versions.toml").read_text())
    names = {name.replace("-", ".") for name in catalog["libraries"]}
    names |= {f"plugins.{name.replace('-', '.')}" for name in catalog["plugins"]}
    text = BUILD + (SAMPLE / "build.gradle.kts").read_text()
    assert set(re.findall(r"\blibs\.([\w.]+)", text)) == names
    entries = [*catalog["libraries"].values(), *catalog["plugins"].values()]
    assert {entry["version"]["ref"] for entry in entries} == set(catalog["versions"])
