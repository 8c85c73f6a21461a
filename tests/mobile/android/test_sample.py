"""The Android project holds together, as far as that can be seen without an SDK; see `.ci/check_kotlin`."""

import re
import tomllib
import xml.etree.ElementTree as ElementTree

import pytest

from tests.mobile.android.make_golden import GOLDEN, ROOT, text

PROJECT = ROOT / "mobile" / "android"
MODULES = [PROJECT / "app", PROJECT / "upscaler"]
MAIN = PROJECT / "app" / "src" / "main"
SOURCES = sorted(PROJECT.rglob("src/**/*.kt"))
XML = sorted([*PROJECT.rglob("AndroidManifest.xml"), *(MAIN / "res").rglob("*.xml")])
ANDROID = "{http://schemas.android.com/apk/res/android}"
BUILDS = {module.name: (module / "build.gradle.kts").read_text() for module in MODULES}
CATALOG = tomllib.loads((PROJECT / "gradle" / "libs.versions.toml").read_text())
KINDS = "string|layout|id|drawable|mipmap"


def declared_resources():
    """`string/name`, `id/name`, `layout/name` and so on of every resource there is."""
    files = (path for path in (MAIN / "res").rglob("*.xml") if path.parent.name != "values")
    found = {f"{path.parent.name.partition('-')[0]}/{path.stem}" for path in files}
    strings = ElementTree.parse(MAIN / "res" / "values" / "strings.xml").getroot()
    found |= {f"string/{element.get('name')}" for element in strings}
    for path in XML:
        found |= {f"id/{name}" for name in re.findall(r'"@\+id/(\w+)"', path.read_text())}
    return found


def used_resources():
    """The same for every resource that XML or Kotlin names."""
    found = set()
    for path in XML:
        found |= {"/".join(use) for use in re.findall(rf'"@({KINDS})/(\w+)"', path.read_text())}
    for path in SOURCES:
        source = re.sub(r"android\.R\.\S+", "", path.read_text())
        found |= {"/".join(use) for use in re.findall(rf"\bR\.({KINDS})\.(\w+)", source)}
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
    module, _, _, _, *folders = path.parent.relative_to(PROJECT).parts
    assert package.split(".") == folders
    assert f'namespace = "{package}"' in BUILDS[module]


def test_the_activity_of_the_manifest_exists():
    activity = ElementTree.parse(MAIN / "AndroidManifest.xml").find("application/activity")
    name = activity.get(f"{ANDROID}name").removeprefix(".")
    assert any(f"class {name} " in path.read_text() for path in SOURCES)


def test_the_asset_is_that_of_the_command_in_the_readme():
    sources = "".join(path.read_text() for path in SOURCES)
    asset = re.search(r'ASSET = "(.+)"', sources).group(1)
    page = (PROJECT / "README.md").read_text().replace("\\\n", "")
    command = next(line for line in page.splitlines() if "mobile/export.py" in line)
    assert re.search(r" --size (\d+) \1 ", command), "tiles are square"
    assert command.endswith(f"--out mobile/android/app/src/main/assets/{asset}")


def test_format_arguments_of_strings_are_numbered():
    strings = ElementTree.parse(MAIN / "res" / "values" / "strings.xml").getroot()
    for element in strings:
        assert re.findall(r"%(?!\d+\$)", element.text) == [], element.get("name")


def test_every_alias_is_in_the_version_catalog():
    names = {name.replace("-", ".") for name in CATALOG["libraries"]}
    names |= {f"plugins.{name.replace('-', '.')}" for name in CATALOG["plugins"]}
    builds = "".join(BUILDS.values()) + (PROJECT / "build.gradle.kts").read_text()
    assert set(re.findall(r"\blibs\.([\w.]+)", builds)) == names
    entries = [*CATALOG["libraries"].values(), *CATALOG["plugins"].values()]
    assert {entry["version"]["ref"] for entry in entries} == set(CATALOG["versions"])


def test_android_is_new_enough_for_the_theme():
    minimum = int(re.search(r"minSdk = (\d+)", BUILDS["app"]).group(1))
    assert "DayNight" in (MAIN / "AndroidManifest.xml").read_text() and minimum >= 29


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("androidx.activity", "activity"),
        ("androidx.activity.result", "activity"),
        ("androidx.activity.result.contract", "activity"),
        ("androidx.lifecycle", "lifecycle"),
        ("com.google.ai.edge.litert", "litert"),
    ],
)
def test_signatures_for_the_type_check_are_of_the_versions_used(name, library):
    head = (ROOT / ".ci" / "kotlin" / "stubs" / f"{name}.kt").read_text().splitlines()[0]
    assert CATALOG["versions"][library].startswith(re.search(r"(\d+\.\d+)", head).group(1) + ".")


@pytest.mark.core
def test_the_golden_file_holds_what_upscale_makes_now():
    written, now = (words.split() for words in (GOLDEN.read_text(encoding="ascii"), text()))
    assert len(written) == len(now)
    different = [pair for pair in zip(written, now, strict=True) if pair[0] != pair[1]]
    # Where a value lies between two levels, the processor's order of a sum may decide.
    levels = [bytes.fromhex(word) for pair in different for word in pair]
    for a, b in zip(levels[::2], levels[1::2], strict=True):
        assert max(abs(x - y) for x, y in zip(a, b, strict=True)) <= 1
    assert 1000 * len(different) <= len(now)
