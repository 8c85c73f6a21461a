"""A command ends with its exit code and one line, whatever ends it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from keras_pisr.console.one_line_errors import run_with_one_line_errors, signals_unwind

RUN = """
import sys, time
from keras_pisr.atomic import atomic_path
from keras_pisr.console.one_line_errors import run_with_one_line_errors

def work():
    with atomic_path("result.png") as temporary:
        temporary.write_bytes(b"half")
        print("ready", flush=True)
        time.sleep(60)

sys.exit(run_with_one_line_errors(work, "program"))
"""


def heed_signals():
    """As a terminal starts it: whoever started the tests may ignore signals (nohup, `&`)."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def started(folder, *before):
    process = subprocess.Popen(
        [*before, sys.executable, "-c", RUN],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=heed_signals,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_signal_removes_hidden_files_and_says_so_in_one_line(tmp_path, name, code):
    process = started(tmp_path)
    assert len(os.listdir(tmp_path)) == 1
    process.send_signal(getattr(signal, name))
    _, told = process.communicate(timeout=20)
    assert process.returncode == code
    wanted = "interrupted" if name == "SIGINT" else f"stopped by {name}"
    assert told == f"program: {wanted}\n"
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_what_is_ignored_stays_ignored(tmp_path):
    process = started(tmp_path, "nohup")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143 and os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with signals_unwind():
        assert signal.getsignal(signal.SIGTERM) is not before or before is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_name_that_the_console_cannot_encode_is_escaped():
    code = (
        "import sys\nfrom keras_pisr.console.one_line_errors import *\n"
        "sys.exit(run_with_one_line_errors(lambda: print('\\u5b57.png \\udcff'), 'program'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTHONIOENCODING": "cp1252",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
    assert (done.returncode, done.stdout) == (0, "\\u5b57.png \\udcff\n")


@pytest.mark.parametrize("error", [ValueError, OSError, ImportError])
def test_a_mistake_is_one_line_and_code_two(capsys, error):
    def fail():
        raise error("two\nlines")

    assert run_with_one_line_errors(fail, "program") == 2
    assert capsys.readouterr().err == "program: error: two lines\n"
