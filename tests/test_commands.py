"""Every command that README, a page or a message shows runs as it stands."""

import re
import runpy
import shutil
import sys
from pathlib import Path

import pytest

from tests.shown_commands import (
    EXEMPT,
    PAGES,
    ROOT,
    commands_of,
    exemption,
    program_and_arguments,
    stage,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_backend")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Commands of a page may use what those before them made, so all run in one folder."""
    folder = tmp_path_factory.mktemp("shown")
    stage(folder)
    return folder


def prepare(command, folder):
    """Make way for a new run, and put in place the student of an old one."""
    for out in (folder / "runs").iterdir():
        if command.startswith("python recipes/pisr") and (out / "settings.json").exists():
            shutil.rmtree(out)
    if command.startswith("python recipes/horkd"):
        shutil.rmtree(folder / "runs" / Path(command.split()[1]).stem, ignore_errors=True)
    student = folder / "runs" / "pisr_x2" / "student.keras"
    if not student.exists():
        student.parent.mkdir(exist_ok=True)
        shutil.copy(folder / "student.keras", student)


def run(command, folder, monkeypatch):
    """Run a command in this process; returns its exit code."""
    prepare(command, folder)
    program, arguments = program_and_arguments(command)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("KERAS_PISR_SMOKE", "1")
    if program == "keras-pisr":
        from keras_pisr.cli.main import main

        try:
            return main(arguments)
        except SystemExit as stop:
            return stop.code or 0
    if program == "-m":
        program, arguments = arguments[0], arguments[1:]
        start = runpy.run_module
    else:
        start, program = runpy.run_path, str(Path(program).resolve())
        monkeypatch.syspath_prepend(str(Path(program).parent))
    monkeypatch.setattr(sys, "argv", [program, *arguments])
    try:
        start(program, run_name="__main__")
    except SystemExit as stop:
        return stop.code or 0
    return 0


def shown():
    for page in PAGES:
        for number, command in enumerate(commands_of(page.read_text())):
            if exemption(command) is None:
                name = f"{page.relative_to(ROOT)}-{number}"
                yield pytest.param(command, id=name)


@pytest.mark.parametrize("command", shown())
def test_a_shown_command_runs_as_it_stands(command, folder, monkeypatch, capsys):
    code = run(command, folder, monkeypatch)
    said = capsys.readouterr()
    assert code == 0, f"{command}\n{said.out[-2000:]}\n{said.err[-2000:]}"


def messages():
    """Commands in the messages of the package and its programs."""
    pattern = re.compile(r"(?:Run|Next): (python [^\"]*|export\.py [^\"]*|keras-pisr [^\"]*)")
    for top in ("keras_pisr", "mobile", "recipes"):
        for path in sorted((ROOT / top).rglob("*.py")):
            joined = re.sub(r"\"\s*\n\s*f?\"", "", path.read_text())
            for found in pattern.findall(joined):
                if exemption(found) is None:
                    yield pytest.param(found, id=f"{path.relative_to(ROOT)}")


@pytest.mark.parametrize("command", messages())
def test_a_command_in_a_message_runs_as_it_stands(command, folder, monkeypatch, capsys):
    names = {"{path}": "upscaler.tflite", "{out}": "student.keras", "{precision}": "float32"}
    for name, value in names.items():
        command = command.replace(name, value)
    assert "{" not in command, f"say what stands for it: {command}"
    code = run(command, folder, monkeypatch)
    said = capsys.readouterr()
    assert code == 0, f"{command}\n{said.err[-2000:]}"


@pytest.mark.parametrize("pattern", EXEMPT)
def test_every_exemption_is_needed(pattern):
    commands = [command for page in PAGES for command in commands_of(page.read_text())]
    assert any(re.search(pattern, command) for command in commands), pattern
