"""A folder on the phone that goes when its user goes, however that happens."""

import queue
import secrets
import shlex
import subprocess
import threading

from keras_pisr.mobile.latency.adb import PATIENCE, AdbError, meaning

# Where Android lets adb write and run programs.
PARENT = "/data/local/tmp"


class PhoneFolder:
    """Context manager: a new folder on a phone, removed at the end.

    A small script on the phone holds the folder: it waits for its input to end, then stops what
    runs, says farewell and removes the folder. Its input ends when the block does, but also when
    this process is killed or the cable is pulled, so the phone is left clean whatever happens.

    Args:
        adb: `Adb` of the phone.
        parent: Where to make it.
        farewell: Shell commands to run on the phone before the folder is removed.

    Raises:
        AdbError: On entry if the folder cannot be made; on exit if the phone does not confirm
            that it is gone.

    Example:
        >>> with PhoneFolder(adb) as folder:  # doctest: +SKIP
        ...     folder.push("model.tflite", "model.tflite")
        ...     code = folder.execute("./benchmark_model --graph=model.tflite", "log", timeout=60)
    """

    def __init__(self, adb, parent=PARENT, farewell=":"):
        self.adb = adb
        self.path = f"{parent}/keras_pisr_{secrets.token_hex(6)}"
        self._lines = queue.Queue()
        folder = shlex.quote(self.path)
        # The daemon makes each command the leader of a process group: all of it is killed. HUP is
        # what the daemon sends when this side is gone, and just then there is something to do.
        self._script = (
            f"trap '' HUP INT TERM; mkdir {folder} && chmod 755 {folder} && echo ready || exit 1; "
            f"cat > /dev/null; "
            f"[ -f {folder}/pid ] && kill -9 -$(cat {folder}/pid) 2> /dev/null; "
            f"{farewell}; rm -rf {folder} && echo removed"
        )

    def __enter__(self):
        """Make the folder."""
        self._holder = subprocess.Popen(
            self.adb.command("shell", self._script),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C in a terminal goes to this process alone.
        )
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            heard = self._hear("ready")
        except BaseException:
            self._leave()
            raise
        if heard[-1] != "ready":
            self._leave()
            raise AdbError(meaning("\n".join(heard[:-1]), self.adb.serial))
        return self

    def __exit__(self, kind, error, trace):
        """Remove it, and with it what still runs there."""
        if self._leave() != "removed":
            before = f"{error or kind.__name__} Besides: " if kind else ""
            raise AdbError(
                f"{before}The phone {self.adb.serial} did not confirm that {self.path} is gone. It "
                "removes the folder itself as soon as it notices that the connection is."
            ) from error

    def push(self, path, name, mode="644", timeout=300):
        """Copy a file of this computer to `name` in the folder."""
        target = f"{self.path}/{name}"
        self.adb.run("push", path, target, timeout=timeout)
        self.adb.shell(f"chmod {mode} {shlex.quote(target)}")

    def execute(self, command, log, timeout):
        """Run a command in the folder; its output goes to the file `log` there.

        Returns:
            Exit code; of a command that was killed, 128 and the signal's number.
        """
        # A file, not the connection: no figure depends on how fast adb carries text.
        script = f"cd {shlex.quote(self.path)} && echo $$ > pid && exec {command} > {log} 2>&1"
        result = self.adb.attempt("shell", script, timeout=timeout)
        # What the command said went to the log: what is left are words of adb or of the shell.
        if result.returncode != 0 and result.stderr.strip():
            raise AdbError(meaning(result.stderr, self.adb.serial))
        return result.returncode

    def read(self, name, path):
        """Copy the file `name` back to `path` on this computer."""
        self.adb.run("pull", f"{self.path}/{name}", path)

    def _listen(self):
        for line in self._holder.stdout:
            self._lines.put(line.strip())
        self._lines.put(None)

    def _hear(self, word):
        """Lines from the phone up to `word`, or up to None if its script ended without it."""
        heard = []
        while not heard or heard[-1] not in (word, None):
            try:
                heard.append(self._lines.get(timeout=PATIENCE))
            except queue.Empty:
                raise AdbError(
                    f"The phone {self.adb.serial} did not answer within {PATIENCE} s. Wake it, or "
                    "unplug and reconnect it."
                ) from None
        if heard[-1] is None:
            self._lines.put(None)  # For who asks again.
        return heard

    def _leave(self):
        """End the script's input; returns the last that the phone said."""
        try:
            self._holder.stdin.close()
            return self._hear("removed")[-1]
        except (OSError, AdbError):
            return None
        finally:
            # Whatever it says, no process of ours outlives this one.
            self._holder.kill()
            self._holder.wait()
