"""LiteRT's own `litert-benchmark`, called and answering as the phone's `benchmark_model` does.

Google's program is built for Android alone; this one comes with ai-edge-litert and times the
same runtime. It has no delegates to choose from and takes the size that the file fixes.
"""

import json
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path


def main(arguments):
    """Translate there and back."""
    options = dict(argument.removeprefix("--").split("=", 1) for argument in arguments)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [Path(sysconfig.get_path("scripts")) / "litert-benchmark"]
        command += ["--model", options["graph"], "--result_json", file.name]
        for name in ("num_threads", "num_runs", "warmup_runs"):
            command += [f"--{name}", options[name]]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"ERROR: {done.stderr.strip().splitlines()[-1]}")
        found = json.load(file)["latency"]
    us = {name: 1000 * value for name, value in found.items() if name.endswith("_ms")}
    warmup = f"count={found['num_warmup_runs']} first={us['warmup_first_ms']:.0f}"
    print(f"INFO: {warmup} avg={us['warmup_avg_ms']:g}\n")
    spread = " ".join(f"{name}={us[name + '_ms']:.0f}" for name in ("p5", "median", "p95"))
    middle = " ".join(f"{name}={us[name + '_ms']:g}" for name in ("min", "max", "avg", "std"))
    print(f"INFO: count={found['num_runs']} {middle} {spread}\n")
    print(
        f"INFO: Inference timings in us: Init: {us['init_ms']:.0f}, "
        f"First inference: {us['warmup_first_ms']:.0f}, Warmup (avg): {us['warmup_avg_ms']:g}, "
        f"Inference (avg): {us['avg_ms']:g}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
