"""A folder on the phone that is removed when this process ends, in any way."""

import queue
import secrets
import shlex
import subprocess
import threading

from keras_pisr.mobile.latency.adb import PATIENCE, AdbError, meaning

# Folder in which Android lets adb write and run programs.
PARENT = "/data/local/tmp"


class PhoneFolder:
    """Context manager: a new folder on a phone, removed at the end.

    A small script on the phone holds the folder. It waits for the end of its input, then stops the
    running command, runs `farewell` and removes the folder. Its input ends when the block ends, and
    also when this process is killed or the cable is pulled, so the phone is always left clean.

    Args:
        adb: `Adb` of the phone.
        parent: Folder on the phone in which it is made.
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
        # The daemon makes each command the leader of a process group, and the whole group is
        # killed. The daemon sends HUP when this side is gone, so the script ignores HUP in order to
        # clean up.
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
            start_new_session=True,  # Ctrl-C in a terminal goes only to this process.
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
        """Stop the running command and remove the folder."""
        if self._leave() != "removed":
            before = f"{error or kind.__name__} Besides: " if kind else ""
            raise AdbError(
                f"{before}The phone {self.adb.serial} did not confirm that {self.path} is gone. It "
                "removes the folder itself when it notices that the connection has ended."
            ) from error

    def push(self, path, name, mode="644", timeout=300):
        """Copy a file of this computer to `name` in the folder."""
        target = f"{self.path}/{name}"
        self.adb.run("push", path, target, timeout=timeout)
        self.adb.shell(f"chmod {mode} {shlex.quote(target)}")

    def execute(self, command, log, timeout):
        """Run a command in the folder; its output goes to the file `log` there.

        Returns:
            Exit code; for a command that was killed, 128 plus the signal's number.
        """
        # The output goes to a file, not to the connection, so that no figure depends on the speed
        # of adb.
        script = f"cd {shlex.quote(self.path)} && echo $$ > pid && exec {command} > {log} 2>&1"
        result = self.adb.attempt("shell", script, timeout=timeout)
        # The command's output went to the log; the rest is from adb or the shell.
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
            self._lines.put(None)  # This is for the next call.
        return heard

    def _leave(self):
        """End the script's input; returns the last line from the phone."""
        try:
            self._holder.stdin.close()
            return self._hear("removed")[-1]
        except (OSError, AdbError):
            return None
        finally:
            # In every case, no process of ours outlives this one.
            self._holder.kill()
            self._holder.wait()
