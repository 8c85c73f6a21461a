"""adb: which phone is meant, and what is said when it cannot be reached. Against a real daemon."""

import os
import signal

import pytest

from keras_pisr.mobile.latency import adb as module
from keras_pisr.mobile.latency.adb import Adb, AdbError, attached
from tests.mobile.latency.phone import SERIAL, UNTRUSTED


def test_the_only_phone_is_found_beside_the_phantom_emulator(phone):
    # The server takes whatever listens on 5555 for an emulator, if it starts after that does.
    assert {device.serial for device in attached()} - {"emulator-5554"} == {SERIAL}
    assert Adb.find().serial == SERIAL


def test_a_command_fails_with_its_own_words(phone):
    adb = Adb.find(SERIAL)
    assert adb.shell("echo a; echo b") == "a\nb"
    with pytest.raises(AdbError, match=rf"The phone {SERIAL}: it broke"):
        adb.shell("echo it broke. >&2; exit 3")
    assert adb.attempt("shell", "exit 7").returncode == 7


def test_one_of_several_phones_must_be_chosen(phone):
    phone.adb("connect", "localhost:5555")
    try:
        with pytest.raises(AdbError, match=r"choose one with -s: .*localhost:5555 \(device\)"):
            Adb.find()
        assert Adb.find("localhost:5555").shell("echo here") == "here"
    finally:
        phone.adb("disconnect", "localhost:5555")


def test_the_environment_chooses_as_for_adb_itself(phone, monkeypatch):
    monkeypatch.setenv("ANDROID_SERIAL", "no such phone")
    with pytest.raises(AdbError, match=rf"no device no such phone; connected: .*{SERIAL}"):
        Adb.find()


def test_a_phone_that_does_not_trust_this_computer(phone):
    try:
        phone.adb("connect", UNTRUSTED)
        assert phone.wait_for(lambda: UNTRUSTED in phone.adb("devices").stdout)
        with pytest.raises(AdbError, match=f"{UNTRUSTED} does not trust this computer yet"):
            Adb.find(UNTRUSTED)
        # Also when it stops trusting later: these are adb's own words.
        with pytest.raises(AdbError, match=f"{UNTRUSTED} does not trust this computer yet"):
            Adb(UNTRUSTED).shell("true")
        assert Adb.find().serial == SERIAL  # One that is ready comes before one that is not.
    finally:
        phone.adb("disconnect", UNTRUSTED)


def test_a_phone_that_stopped_answering(phone, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 1)
    daemon = int((phone.folder / "adbd.pid").read_text())
    os.kill(daemon, signal.SIGSTOP)
    try:
        with pytest.raises(AdbError, match="did not answer `adb shell` within 1 s"):
            Adb(SERIAL).shell("true", timeout=1)
    finally:
        os.kill(daemon, signal.SIGCONT)


def test_a_phone_that_was_unplugged(phone):
    adb = Adb.find()
    phone.adb("disconnect", SERIAL)
    try:
        with pytest.raises(AdbError, match=f"{SERIAL} is not connected"):
            adb.shell("true")
        # Without a name, the phantom would be taken where it has been seen by now.
        with pytest.raises(AdbError, match=f"There is no device {SERIAL}; connected: "):
            Adb.find(SERIAL)
    finally:
        phone.adb("connect", SERIAL)


def test_a_phone_whose_daemon_died_is_offline(tmp_path, monkeypatch):
    # One of its own: it does not come back.
    from tests.mobile.latency.phone import Phone

    mortal = Phone(tmp_path)
    mortal.start()
    try:
        for name, value in mortal.environment.items():
            monkeypatch.setenv(name, value)
        os.kill(int((mortal.folder / "adbd.pid").read_text()), signal.SIGKILL)
        assert mortal.wait_for(lambda: "offline" in mortal.adb("devices").stdout)
        with pytest.raises(AdbError, match=f"{SERIAL} is offline. Unplug and reconnect"):
            Adb.find()
        with pytest.raises(AdbError, match=f"{SERIAL} is offline. Unplug and reconnect"):
            Adb(SERIAL).shell("true")
    finally:
        mortal.stop()


def test_adb_itself_may_be_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AdbError, match="There is no program adb. Install it"):
        Adb.find()


@pytest.mark.parametrize(
    ("listing", "message"),
    [
        ("", "No phone is connected"),
        ("1234\tunauthorized", "1234 does not trust this computer yet"),
        ("1234\tno permissions (missing udev rules?); see [x]", "may not open the phone 1234"),
        ("1234\trecovery", "The phone 1234: recovery"),
        ("1234\tdevice\n5678\tdevice", r"choose one with -s: 1234 \(device\), 5678 \(device\)"),
    ],
)
def test_states_that_only_hardware_has(tmp_path, monkeypatch, listing, message):
    adb = tmp_path / "adb"
    adb.write_text(
        f"#!/bin/sh\n[ $1 = start-server ] || echo 'List of devices attached\n{listing}\n'\n"
    )
    adb.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("ANDROID_SERIAL", raising=False)
    with pytest.raises(AdbError, match=message):
        Adb.find()
