"""The `adb` program, for one Android device, with errors that say what to do."""

import dataclasses
import os
import shutil
import subprocess

# Seconds for commands that only ask; a phone that takes longer no longer answers.
PATIENCE = 30
# Parts of adb's messages on stderr, in lower case (versions differ in the rest), and their meaning.
MEANINGS = {
    "no space left": "The phone {serial} has no space left. Free some and try again.",
    "insufficient_storage": "The phone {serial} has no space left. Free some and try again.",
    "unauthorized": (
        "The phone {serial} does not trust this computer yet. Unlock it, accept 'Allow USB "
        "debugging?' and try again."
    ),
    "no permissions": (
        "This computer may not open the phone {serial} over USB. On Linux install the udev rules "
        "for Android (Debian: android-sdk-platform-tools-common) and plug it in again."
    ),
    "offline": (
        "The phone {serial} is offline. Unplug and reconnect it, or run: adb reconnect offline"
    ),
    "' not found": (
        "The phone {serial} is not connected (any more). `adb devices` lists connected phones."
    ),
}


class AdbError(OSError):
    """A phone, or the connection to it, failed; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class Attached:
    """A line of `adb devices`: a serial number and the state, "device" if it is ready."""

    serial: str
    state: str


class Adb:
    """One device, which is reached through the `adb` program.

    Every command names its device, because adb lists emulators that do not exist if another program
    listens on a port that an emulator might use.

    Args:
        serial: Serial number of the device; one of `attached`.
        program: Path of `adb`.

    Example:
        >>> adb = Adb.find()  # doctest: +SKIP
        >>> adb.shell("getprop ro.product.model")  # doctest: +SKIP
        'Pixel 9'
    """

    def __init__(self, serial, program="adb"):
        self.serial = serial
        self.program = program

    @classmethod
    def find(cls, serial=None):
        """The device called `serial`, or the only one.

        Without `serial`, the environment variable `ANDROID_SERIAL` names the device, as for adb
        itself. Emulators are taken only if nothing else is attached.

        Raises:
            AdbError: If adb is missing; if no device or several are attached; or if the device is
                not ready.
        """
        program = shutil.which("adb")
        if program is None:
            raise AdbError(
                "There is no program adb. Install it (Debian: apt install adb; elsewhere: "
                "Android's platform-tools) and put it on the PATH."
            )
        devices = attached(program)
        listing = ", ".join(f"{device.serial} ({device.state})" for device in devices) or "nothing"
        serial = serial or os.environ.get("ANDROID_SERIAL")
        if not serial:
            phones = [d for d in devices if not d.serial.startswith("emulator-")] or devices
            ready = [d for d in phones if d.state == "device"] or phones
            if not ready:
                raise AdbError(
                    "No phone is connected. Switch on USB debugging in its developer options, "
                    "plug it in, and check that `adb devices` lists it."
                )
            if len(ready) > 1:
                raise AdbError(f"Several devices are connected; choose one with -s: {listing}.")
            serial = ready[0].serial
        states = {device.serial: device.state for device in devices}
        if serial not in states:
            raise AdbError(f"There is no device {serial}; connected: {listing}.")
        if states[serial] != "device":
            raise AdbError(meaning(states[serial], serial))
        return cls(serial, program)

    def command(self, *arguments):
        """The words of a command for this device."""
        return [self.program, "-s", self.serial, *map(str, arguments)]

    def run(self, *arguments, timeout=PATIENCE):
        """Run `adb -s SERIAL ...`; returns its output, without the end of the last line.

        Raises:
            AdbError: If it fails, or takes longer than `timeout` seconds.
        """
        result = self.attempt(*arguments, timeout=timeout)
        if result.returncode != 0:
            raise AdbError(meaning(result.stderr or result.stdout, self.serial))
        return result.stdout.rstrip("\r\n")

    def attempt(self, *arguments, timeout=PATIENCE):
        """Like `run`, but returns the `CompletedProcess` whatever its exit code."""
        try:
            return subprocess.run(
                self.command(*arguments),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise AdbError(
                f"The phone {self.serial} did not answer `adb {arguments[0]}` within {timeout} s. "
                "Wake it, or unplug and reconnect it."
            ) from error

    def shell(self, script, timeout=PATIENCE):
        """Output of a shell script on the phone; raises `AdbError` if it fails."""
        return self.run("shell", script, timeout=timeout)


def attached(program="adb"):
    """All devices that `adb devices` lists: `[Attached]`."""
    # The server is started before the listing, because a new server needs a moment to find devices.
    for words in (["start-server"], ["devices"]):
        try:
            result = subprocess.run(
                [program, *words], capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise AdbError(
                f"`adb {words[0]}` did not end within {PATIENCE} s. Run: adb kill-server"
            ) from error
        if result.returncode != 0:
            raise AdbError(f"`adb {words[0]}` failed: {last_line(result.stderr)}")
    lines = [line.partition("\t") for line in result.stdout.splitlines()]
    return [Attached(serial, state.strip()) for serial, tab, state in lines if tab]


def meaning(text, serial):
    """One sentence for the user about a message of adb."""
    for words, sentence in MEANINGS.items():
        if words in text.lower():
            return sentence.format(serial=serial)
    return f"The phone {serial}: {last_line(text)}."


def last_line(text):
    """The last line of a program's output that is not empty."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "no message"
