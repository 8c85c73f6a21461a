"""A folder on the phone is gone afterwards, however its use ended. Against a real daemon."""

import os
import signal
import subprocess
import sys

import pytest

from keras_pisr.mobile.latency import phone_folder as module
from keras_pisr.mobile.latency.adb import Adb, AdbError
from keras_pisr.mobile.latency.phone_folder import PhoneFolder
from tests.mobile.latency.phone import SERIAL, STORAGE_BYTES, heed_interrupts


def test_files_go_there_run_and_come_back(phone, tmp_path):
    (tmp_path / "program").write_text("#!/bin/sh\necho said $1; echo and more >&2; exit $1\n")
    with PhoneFolder(Adb(SERIAL), phone.storage) as folder:
        folder.push(tmp_path / "program", "program", mode="755")
        assert folder.execute("./program 0", "log", timeout=10) == 0
        assert folder.execute("./program 3", "log", timeout=10) == 3
        folder.read("log", tmp_path / "log")
    assert (tmp_path / "log").read_text() == "said 3\nand more\n"
    assert phone.left() == []


def test_it_is_gone_after_an_error_and_the_farewell_was_said(phone):
    with (
        pytest.raises(KeyboardInterrupt),
        PhoneFolder(Adb(SERIAL), phone.storage, f"echo bye > {phone.storage}/said") as folder,
    ):
        assert phone.shell(f"ls {phone.storage}").strip() == folder.path.rpartition("/")[2]
        raise KeyboardInterrupt
    assert phone.shell(f"cat {phone.storage}/said; rm {phone.storage}/said") == "bye\n"


def test_what_runs_is_stopped(phone):
    adb = Adb(SERIAL)
    with (
        pytest.raises(AdbError, match="did not answer `adb shell` within 1 s"),
        PhoneFolder(adb, phone.storage) as folder,
    ):
        folder.execute(f"sh -c 'sleep 60; : {folder.path}'", "log", timeout=1)
    assert phone.wait_for(lambda: phone.left() == [], seconds=3)


def test_no_space(phone, tmp_path):
    (tmp_path / "large").write_bytes(bytes(STORAGE_BYTES + 1))
    with (
        pytest.raises(AdbError, match=f"{SERIAL} has no space left. Free some"),
        PhoneFolder(Adb(SERIAL), phone.storage) as folder,
    ):
        folder.push(tmp_path / "large", "large")


def test_a_place_that_cannot_be_written_is_named(phone):
    with (
        pytest.raises(AdbError, match="mkdir: .*/missing/keras_pisr_.*No such file"),
        PhoneFolder(Adb(SERIAL), f"{phone.storage}/missing"),
    ):
        pass


HOLD = """
import sys, time
from keras_pisr.mobile.latency.adb import Adb
from keras_pisr.mobile.latency.phone_folder import PhoneFolder
with PhoneFolder(Adb(sys.argv[1]), sys.argv[2]) as folder:
    print("there", flush=True)
    folder.execute(f"sh -c 'sleep 60; : {folder.path}'", "log", timeout=60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_is_gone_when_its_user_is_killed(phone, number):
    command = [sys.executable, "-c", HOLD, SERIAL, str(phone.storage)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=heed_interrupts,
    ) as user:
        user.stdout.readline()
        assert phone.wait_for(lambda: any("sleep" in line for line in phone.left()))
        os.kill(user.pid, number)
        user.wait()
    assert phone.wait_for(lambda: phone.left() == [], seconds=5)


def test_it_is_gone_when_the_cable_is_pulled(phone, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 2)
    with (
        pytest.raises(AdbError, match=r"is not connected.*did not confirm that .* is gone"),
        PhoneFolder(Adb(SERIAL), phone.storage) as folder,
    ):
        phone.adb("disconnect", SERIAL)
        folder.execute("true", "log", timeout=5)
    phone.adb("connect", SERIAL)
    assert phone.wait_for(lambda: phone.left() == [], seconds=5)
