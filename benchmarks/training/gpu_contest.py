"""Runs the cases of `gpu_training.py` in two processes, one at a time, until a deadline."""

import multiprocessing
import time
from contextlib import suppress

from gpu_worker import NOT_BEGUN, PATIENCE, serve

# Seconds that a started case may take beyond the deadline; its process is then killed.
GRACE = 15


def compiled_case(case):
    """The case to prepare for `case`; ours is compiled once for all feeds."""
    return case._replace(how="") if case.framework == "JAX" else case


class Worker:
    """The process of one framework."""

    def __init__(self, framework, settings):
        # Spawned, because neither framework survives a fork.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, framework, settings))
        self.process.start()
        theirs.close()

    def ask(self, *command):
        """Send a command."""
        with suppress(OSError):
            self.pipe.send(command)

    def answer(self, until):
        """The answer; `{"error": ...}` if there is none by `until`, seconds of `time.time`."""
        try:
            if self.pipe.poll(max(0, until - time.time())):
                return self.pipe.recv()
        except (OSError, EOFError):
            return {"error": "the process has ended"}
        self.process.kill()
        return {"error": "stopped: it took too long"}


class Contest:
    """The two processes and their answers; a context manager.

    Args:
        settings: Settings of `gpu_training.py`.

    Attributes:
        told: Answers to `describe`, by framework.
        prepared: Answers to `prepare`, by case.
        runs: A list of the answers to `measure`, by case.
        errors: Error messages, by case.
    """

    def __init__(self, settings):
        self.start = time.time()
        self.end = self.start + settings.seconds
        self.workers = {name: Worker(name, settings) for name in ("JAX", "PyTorch")}
        self.told, self.prepared, self.runs, self.errors = {}, {}, {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def ask(self, framework, *command):
        """The answer to a command."""
        self.workers[framework].ask(*command)
        return self.workers[framework].answer(self.end + GRACE)

    def close(self):
        """End both processes."""
        for worker in self.workers.values():
            worker.ask("stop")
        for worker in self.workers.values():
            worker.process.join(2)
            worker.process.kill()

    def describe(self):
        """Begin: find out whether JAX uses TF32, and make PyTorch do the same."""
        self.told["JAX"] = self.ask("JAX", "describe")
        self.told["tf32"] = self.told["JAX"].get("convolution_error", 1) > 1e-5
        self.told["PyTorch"] = self.ask("PyTorch", "describe", self.told["tf32"])

    def prepare(self, cases, until):
        """Let both frameworks compile at the same time, and wait for them.

        A framework that does not answer in time is stopped, and has no figures.
        """
        # Threads of JAX that take too long do not prevent its answer.
        latest = min(until + PATIENCE + 5, self.end + GRACE)
        cases = list(dict.fromkeys(map(compiled_case, cases)))
        asked = {}
        for name, worker in self.workers.items():
            asked[name] = [c for c in cases if c.framework == name and c not in self.prepared]
            if asked[name]:
                worker.ask("prepare", asked[name], until)
        for name, own in asked.items():
            if own:
                answers = self.workers[name].answer(latest)
                if "error" in answers:
                    answers = dict.fromkeys(own, answers)
                # Cases that were not begun can be prepared later.
                answers = {c: a for c, a in answers.items() if a.get("error") != NOT_BEGUN}
                self.prepared |= answers
                self.errors |= {c: a["error"] for c, a in answers.items() if "error" in a}

    def measure(self, case):
        """Run a case once, if it is or can be prepared; returns whether there was time left."""
        compiled = compiled_case(case)
        if time.time() > self.end:
            return False
        self.prepare([compiled], self.end)
        if compiled in self.errors or case in self.errors:
            return True
        answer = self.ask(case.framework, "measure", case)
        if "error" in answer:
            self.errors[case] = answer["error"]
        else:
            self.runs.setdefault(case, []).append(answer)
        return True

    def profile(self, case):
        """List the kernels of a measured case, if there is time."""
        if time.time() < self.end and case in self.runs:
            answer = self.ask(case.framework, "profile", case)
            self.told.setdefault("profiles", []).append({**case._asdict(), **answer})

    def why_not(self, case):
        """Why a case has no runs."""
        return self.errors.get(case, self.errors.get(compiled_case(case), NOT_BEGUN))
