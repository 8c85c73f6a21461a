"""The commands that pages and messages show, and a folder in which they can run as they stand."""

import re
import shlex
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "RELEASING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / "mobile").rglob("*.md"),
]
PAGES = [page for page in PAGES if "vendor" not in page.parts]
STARTS = ("python ", "keras-pisr ", "pip ", "pytest", "KERAS_BACKEND=")
# Why a command that is shown is not run here; the first pattern that is found counts.
EXEMPT = {
    r"^(python -m venv|pip |pytest)": "set-up: .ci/run does it on a clean machine",
    r"\[-s SERIAL\]|benchmark_model": "needs a phone; tests/mobile/latency runs it on a stand-in",
    r"web/(build|serve|fetch_runtime)\.py": "downloads from npm, or serves until it is stopped; tests/mobile/web",
    r"\.(onnx|xml|mlpackage)\b": "needs an optional package; tests/mobile/targets",
    r"export(\.py)? --all": "a minute; tests/mobile/export/test_ready_files.py",
    r"hf://": "needs the network; tests/presets/test_hubs.py has a stand-in",
    r"multi_worker|mirrored|data_parallel": "needs several devices; tests/distillers",
    r"^(KERAS_BACKEND=\w+ )?python benchmarks/": "measures for minutes; what is measured has its own tests",
    r"make_preset\.py": "needs a whole run; tests/presets/test_model_card.py makes one",
    r"mobile/compress\.py": "minutes each; tests/cli/test_compress.py",
}


def commands_of(text):
    """Commands in the code blocks of a page, in order, with continued lines joined."""
    found = []
    for block in re.findall(r"(?:^|\n)((?:    .*\n)+)|```\w*\n(.*?)```", text, re.DOTALL):
        for line in "".join(block).replace("\\\n", " ").splitlines():
            line = re.sub(r"\s+# .*", "", line.strip())
            if line.startswith(STARTS):
                found.append(" ".join(line.split()))
    return found


def exemption(command):
    """Why a command is not run, or None."""
    return next((reason for pattern, reason in EXEMPT.items() if re.search(pattern, command)), None)


def program_and_arguments(command):
    """The program's file or `keras-pisr`, and the words behind it."""
    words = shlex.split(command)
    while "=" in words[0]:
        words.pop(0)
    return (words[1], words[2:]) if words[0] == "python" else (words[0], words[1:])


def image(path, size, seed=0, mode="RGB"):
    """A small image that is smooth enough to compress."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (7, 9, 3), "uint8")).convert(mode)
    path.parent.mkdir(parents=True, exist_ok=True)
    small.resize(size, Image.Resampling.BICUBIC).save(path)


def folder_of_images(path, count=4, size=(120, 110)):
    """A folder of small images."""
    for i in range(count):
        image(path / f"{i}.png", size, seed=i)


def archive_of_classes(path, classes, each, size, parts=(None,)):
    """A tar archive of class folders."""
    folder = path.with_suffix("")
    for part in parts:
        for name in range(classes):
            for i in range(each):
                place = folder / part if part else folder
                image(place / f"class_{name:02}" / f"{i}.png", size, seed=name)
    with tarfile.open(path, "w") as archive:
        archive.add(folder, folder.name)


def clip(path):
    """A video of five frames."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 48, 32
        for level in range(5):
            pixels = np.full((32, 48, 3), 40 * level, "uint8")
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def stage(folder):
    """Fill a folder with stand-ins for what the pages name."""
    import keras_pisr as kp

    for name in ("recipes", "mobile"):
        (folder / name).symlink_to(ROOT / name)
    image(folder / "photo.jpg", (40, 30))
    image(folder / "photo.png", (40, 30))
    image(folder / "scans" / "a.tif", (40, 30))
    clip(folder / "clip.mp4")
    for name in ("photos", "holiday", "HR_DIR", "T91", "BSDS400", "DIV2K/HR"):
        folder_of_images(folder / name)
    for name in ("Set5", "Set14", "B100"):
        for place in (folder, folder / "DATA", folder / "DATA" / "benchmarks"):
            folder_of_images(place / name / "HR", count=2, size=(48, 48))
    for name in ("T91", "BSDS400", "DIV2K_crops_Y", "photo_tiles_Y"):
        folder_of_images(folder / "DATA" / "train" / name, size=(150, 150))
    recognition = folder / "DATA" / "recognition"
    recognition.mkdir()
    archive_of_classes(recognition / "tiny_imagenet_50.tar", 40, 5, (64, 64), ("train", "val"))
    archive_of_classes(recognition / "orl_faces.tar", 40, 4, (46, 56))
    student = kp.models.FSRCNN(2, features=8, shrunk_features=4, mapping_layers=1)
    kp.models.start_as_bicubic(student)
    student.save(folder / "student.keras")
    student.save_to_preset(folder / "STUDENT")
    (folder / "runs" / "pisr_x2").mkdir(parents=True)
    student.save(folder / "runs" / "pisr_x2" / "student.keras")
    kp.models.SmallRecognizer(40, width=4).save(folder / "horkd_123.keras")
