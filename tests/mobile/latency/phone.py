"""A stand-in for a phone: Android's own daemon `adbd`, and a real adb server, on this machine.

`adbd` listens on all addresses, so it gets a network of its own, in which nothing else is; the
adb server runs there too and is reached from outside by a socket in the file system. The phone's
"storage" is a file system of its own, small enough to fill. What Android has and Debian has not
(`getprop`, `am`, `pm`, `cmd`, `logcat`, the benchmark) are scripts in the folder `programs`.

Daemons are taken from the folder in the environment variable KERAS_PISR_ADBD, unpacked there by
`.ci/debian_root FOLDER trixie amd64 adbd`, or from the PATH.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

SERIAL = "127.0.0.1:5555"
UNTRUSTED = "127.0.0.1:5600"
STORAGE_BYTES = 4 * 2**20


class Phone:
    """A running daemon, and the environment in which `adb` finds it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.storage = self.folder / "storage"
        self.programs = self.folder / "programs"
        self.environment = {
            "ADB_SERVER_SOCKET": f"localfilesystem:{self.folder / 'adb.sock'}",
            # Where adb keeps its keys.
            "HOME": str(self.folder),
            "ANDROID_SERIAL": "",
        }
        for place in (self.storage, self.programs):
            place.mkdir()

    def start(self):
        """Start both daemons; skips the test, with a reason, where that cannot be."""
        daemon = daemon_command()
        if shutil.which("adb") is None or daemon is None:
            pytest.skip("a stand-in for a phone takes adb and adbd; see tests/mobile/phone.py")
        inside = f"""
            ip link set lo up && mount -t tmpfs -o size={STORAGE_BYTES} tmpfs {self.storage} || exit
            PATH={self.programs}:$PATH {daemon} &
            echo $! > {self.folder}/adbd.pid
            {sys.executable} {Path(__file__).with_name("untrusting_daemon.py")} {UNTRUSTED} &
            exec adb -L $ADB_SERVER_SOCKET server nodaemon
        """
        roots = [] if os.geteuid() == 0 else ["--map-root-user"]
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                ["unshare", *roots, "--net", "--mount", "sh", "-c", inside],
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # A client that meets no server starts one, outside.
        up = self.wait_for((self.folder / "adb.sock").exists)
        if not up or not self.wait_for(lambda: "connected" in self.adb("connect", SERIAL).stdout):
            self.stop()
            reason = (self.folder / "log").read_text().strip().splitlines() or ["no reason given"]
            pytest.skip(f"no stand-in for a phone can be started here: {reason[0]}")

    def stop(self):
        """End what was started."""
        if self.process.poll() is None:
            self.adb("kill-server")  # It leaves the group in which it is started.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def adb(self, *arguments):
        """Run adb itself, as a user would."""
        return subprocess.run(
            ["adb", *arguments],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=30,
        )

    def shell(self, script):
        """What a script prints on the phone."""
        return self.adb("-s", SERIAL, "shell", script).stdout

    def left(self):
        """What lies in the storage, and what of the benchmark runs."""
        running = self.shell("ps -eo args | grep '[k]eras_pisr_' | grep -v 'trap'")
        return self.shell(f"ls -A {self.storage}").split() + running.splitlines()

    def clear(self):
        """Remove what `left` lists."""
        self.shell(f"pkill -f '[k]eras_pisr_'; rm -rf {self.storage}/* {self.storage}/.[!.]*")

    def program(self, name, script):
        """Put a program on the phone's PATH."""
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def wait_for(self, condition, seconds=15):
        """Whether `condition()` becomes true in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if condition():
                return True
            time.sleep(0.1)
        return False


def heed_interrupts():
    """Make a child hear SIGINT, also where these tests run in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def daemon_command():
    """How to run `adbd`, or None: by the loader and libraries that it came with."""
    folder = os.environ.get("KERAS_PISR_ADBD")
    if not folder:
        return shutil.which("adbd")
    libraries = Path(folder) / "usr/lib/x86_64-linux-gnu"
    return (
        f"{folder}/usr/lib64/ld-linux-x86-64.so.2 --library-path {libraries}:{libraries}/android "
        f"{folder}/usr/lib/android-sdk/platform-tools/adbd"
    )
