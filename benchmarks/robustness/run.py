"""Tries damaged files, killed runs and signals, and counts how many are made, refused or failed.

    python benchmarks/robustness/run.py docs/results/robustness.json
    python benchmarks/robustness/run.py trial.json --scale 0.05 --kinds images exif

*Made*: there is a result. *Refused*: one line names the file, and the others were still made.
*Failed*: there was a traceback or a dead process, it took more than a minute, a hidden file was
left behind, or the weights differ from those of a run that was not interrupted. The target for
*failed* is 0.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

from keras_pisr.atomic import atomic_path
from kills import killed_runs, signalled_commands
from mutate import FORMATS, archive, damaged, damaged_json, photograph, with_damaged_exif

WORKER = Path(__file__).with_name("files.py")
BATCH = 100
Kind = Literal[
    "images", "exif", "presets", "keras", "tflite", "tars", "run_folders", "kills", "signals"
]
# Number of tries of each kind at full scale.
COUNTS = {
    "images": 1000,
    "exif": 500,
    "presets": 150,
    "keras": 150,
    "tflite": 600,
    "tars": 100,
    "run_folders": 60,
    "kills": 40,
    "signals": 16,
}


def small_student(folder):
    """A tiny trained-like student as `.keras`, preset and `.tflite`."""
    import keras_pisr as kp

    model = kp.models.FSRCNN(2, features=8, shrunk_features=4, mapping_layers=1)
    kp.models.start_as_bicubic(model)
    model.save(folder / "student.keras")
    model.save_to_preset(folder / "preset")
    kp.mobile.to_tflite(model, folder / "student.tflite")


def images(count, rng, work, make):
    """Damaged images through `keras-pisr upscale`, a hundred per command."""
    outcomes = []
    for start in range(0, count, BATCH):
        folder = work / f"in_{start}"
        folder.mkdir()
        for i in range(start, min(start + BATCH, count)):
            suffix = list(FORMATS)[i % len(FORMATS)]
            (folder / f"{i}.{suffix}").write_bytes(make(suffix, rng))
        out = work / f"out_{start}"
        command = [sys.executable, "-m", "keras_pisr", "upscale", folder, "-o", out]
        command += ["--model", work.parent / "student.keras"]
        result = subprocess.run(command, capture_output=True, text=True, errors="replace")
        made = {path.stem for path in out.iterdir()} if out.is_dir() else set()
        dead = result.returncode not in (0, 1) or "Traceback" in result.stderr
        for path in sorted(folder.iterdir()):
            if path.stem in made:
                outcomes.append((path.name, "made", ""))
            elif path.name in result.stderr and not dead:
                outcomes.append((path.name, "refused", ""))
            else:
                outcomes.append((path.name, "failed", result.stderr[-200:]))
        outcomes += [(p.name, "failed", "left behind") for p in out.glob(".*")]
    return outcomes


def tried(kind, folder):
    """Reports of a worker on the files of a folder; after a death, a new worker continues."""
    outcomes = []
    while True:
        names = {name for name, *_ in outcomes}
        for path in list(folder.iterdir()):
            if path.name in names:
                path.rename(folder.with_name("done") / path.name)
        if not any(folder.iterdir()):
            return outcomes
        command = [sys.executable, WORKER, kind, folder]
        result = subprocess.run(command, capture_output=True, text=True, errors="replace")
        lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("[")]
        finished = [line for line in lines if line[1] != "begun"]
        outcomes += finished
        if lines and lines[-1][1] == "begun":
            outcomes.append((lines[-1][0], "failed", f"died with code {result.returncode}"))
        elif not lines:
            raise RuntimeError(result.stderr[-2000:])


def files(kind, count, rng, work, make):
    """Damaged files of a kind, each loaded by a worker process."""
    folder = work / "files"
    folder.mkdir()
    (work / "done").mkdir()
    for i in range(count):
        make(folder, i, rng)
    return tried(kind, folder)


def makers(base):
    """The functions that write the i-th damaged file of each kind into a folder."""
    from keras_pisr.presets.preset_checks import checksum

    keras_bytes = (base / "student.keras").read_bytes()
    tflite_bytes = (base / "student.tflite").read_bytes()

    def preset(folder, i, rng):
        target = folder / f"{i}"
        target.mkdir()
        content = {path.name: path.read_bytes() for path in (base / "preset").iterdir()}
        name = ("config.json", "model.weights.h5", "metadata.json")[i % 3]
        change = damaged_json if name.endswith(".json") else damaged
        content[name] = change(content[name], rng)
        if name != "metadata.json":
            # The checksums are made to fit, as the author of a malicious preset would do.
            metadata = json.loads(content["metadata.json"])
            metadata["sha256"][name] = checksum(content[name])
            content["metadata.json"] = json.dumps(metadata).encode()
        for name, data in content.items():
            (target / name).write_bytes(data)

    def keras_file(folder, i, rng):
        (folder / f"{i}.keras").write_bytes(damaged(keras_bytes, rng))

    def tflite(folder, i, rng):
        (folder / f"{i}.tflite").write_bytes(damaged(tflite_bytes, rng))

    def tar(folder, i, rng):
        (folder / f"{i}.tar").write_bytes(damaged(archive(rng), rng))

    return {"presets": preset, "keras": keras_file, "tflite": tflite, "tars": tar}


def main(
    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT.json")],
    kinds: tuple[Kind, ...] = tuple(COUNTS),
    scale: float = 1.0,
    seed: int = 0,
):
    """Try damaged files, killed runs and signals.

    Args:
        out: File for the counts and for the failures.
        kinds: Kinds to try.
        scale: Share of the full number of files and runs.
        seed: Makes the damage repeatable.
    """
    results = json.loads(out.read_text())["kinds"] if out.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        small_student(base)
        for kind in kinds:
            count = max(1, round(scale * COUNTS[kind]))
            rng = np.random.default_rng((seed, list(COUNTS).index(kind)))
            work = base / kind
            work.mkdir()
            if kind == "images":
                make = lambda suffix, rng: damaged(photograph(suffix, rng), rng)  # noqa: E731
                outcomes = images(count, rng, work, make)
            elif kind == "exif":
                outcomes = images(count, rng, work, with_damaged_exif)
            elif kind in ("run_folders", "kills"):
                outcomes = killed_runs(kind, count, rng, work)
            elif kind == "signals":
                outcomes = signalled_commands(count, rng, work, base)
            else:
                name = {"presets": "preset", "tars": "tar"}.get(kind, kind)
                outcomes = files(name, count, rng, work, makers(base)[kind])
            counts = {x: sum(o[1] == x for o in outcomes) for x in ("made", "refused", "failed")}
            failed = [list(o) for o in outcomes if o[1] == "failed"]
            results[kind] = {"tried": len(outcomes), **counts, "seed": seed, "what failed": failed}
            print(kind, {k: v for k, v in results[kind].items() if k != "what failed"}, flush=True)
            with atomic_path(out) as temporary:
                command = "python benchmarks/robustness/run.py OUT.json"
                content = {"command": command, "kinds": results}
                temporary.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    tyro.cli(main)
