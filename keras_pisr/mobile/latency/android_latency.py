"""Times a `.tflite` file on an Android phone, by `benchmark_model` through adb."""

import dataclasses
import shlex
import signal
import tempfile
import time
from pathlib import Path

from keras_pisr.mobile.latency.adb import Adb, AdbError, last_line
from keras_pisr.mobile.latency.benchmark_output import parse_benchmark
from keras_pisr.mobile.latency.benchmark_program import (
    DELEGATES,
    delegate_flags,
    is_compiled,
    library_environment,
)
from keras_pisr.mobile.latency.phone_folder import PARENT, PhoneFolder
from keras_pisr.mobile.latency.timing import SIZE
from keras_pisr.mobile.runtime.tflite_file import TFLiteFile

APP = "org.tensorflow.lite.benchmark"
# The program stops warming up, and then timing, after 150 s each.
TIMEOUT = 400
# Bytes of output that are read: a program that prints more is not benchmark_model.
MOST_OUTPUT = 2**20
PROPERTIES = {
    "manufacturer": "ro.product.manufacturer",
    "model": "ro.product.model",
    "processor": "ro.soc.model",
    "android": "ro.build.version.release",
    "abi": "ro.product.cpu.abi",
}
HOW_TO_GET = (
    "Timing on a phone needs LiteRT's program `benchmark_model` (--benchmark-binary) or the app "
    "around it (--benchmark-apk), built for the phone's processor, mostly android_arm64. The "
    "program is linked, ready made, at https://ai.google.dev/edge/litert/next/benchmark, the app "
    "at https://ai.google.dev/edge/litert/models/measurement; to build the program from LiteRT's "
    "sources: "
    "bazel build -c opt --config=android_arm64 //litert/tools:benchmark_model"
)


@dataclasses.dataclass(frozen=True)
class PhoneLatency:
    """Times of one file at one size with one delegate on one phone.

    Attributes:
        name: File name.
        machine: Phone, processor, Android version.
        tool: "binary" or "app".
        delegate: "cpu" (XNNPACK), "gpu", "nnapi" or "npu".
        delegation: How much of the network it runs; see `parse_benchmark`, also for the rest.
        size: Input, `(height, width)` px.
        threads: CPU threads.
    """

    name: str
    machine: str
    tool: str
    delegate: str
    delegation: str
    size: tuple
    threads: int
    runs: int
    warmup: int
    median_ms: float
    p95_ms: float
    average_ms: float
    min_ms: float
    initialisation_ms: float
    first_ms: float
    peak_memory_bytes: int | None

    def to_dict(self):
        """Plain types, for JSON."""
        return dataclasses.asdict(self)


def measure_on_phone(
    path,
    *,
    binary=None,
    apk=None,
    serial=None,
    delegates=("cpu",),
    npu_libraries=None,
    size=None,
    threads=(1,),
    runs=50,
    warmup=3,
    parent=PARENT,
):
    """Time a file on an Android phone, with each delegate and each number of threads.

    Afterwards the phone is as before: the files are removed, and so is the app unless it was there
    before. TensorFlow is not imported.

    Args:
        path: A `.tflite` file.
        binary: `benchmark_model` for the phone's processor; or
        apk: the benchmark app for it. The phone schedules it like your own app.
        serial: Serial number of the phone, if several are connected.
        delegates: Some of "cpu", "gpu", "nnapi" and "npu". The program decides whether the last two
            exist: see `benchmark_program`.
        npu_libraries: Folder of the NPU maker's libraries and of LiteRT's for them, `.so` files
            that are put beside the program.
        size: Input `(height, width)`, px; if not given, the size that the file fixes, or 360x640.
        threads: Numbers of CPU threads; delegates other than "cpu" are timed with the first.
        runs, warmup: Smallest numbers of calls; the program also warms up for at least half a
            second and times for at least one second.
        parent: Folder on the phone to work in.

    Returns:
        List of `PhoneLatency`.

    Raises:
        ValueError: If an argument is out of range, or the phone cannot run the file.
        FileNotFoundError: If a file does not exist.
        AdbError: If the phone, or the way to it, fails.
    """
    if (binary is None) == (apk is None):
        raise ValueError(HOW_TO_GET if binary is None else "Expected a binary or an app, got both.")
    tool = Path(binary or apk)
    for file in (Path(path), tool):
        if not file.is_file():
            explanation = f" {HOW_TO_GET}." if file == tool else ""
            raise FileNotFoundError(f"There is no file {file}.{explanation}")
    for name, count in {"threads": min(threads), "runs": runs, "warmup": warmup}.items():
        if count < 1:
            raise ValueError(f"Expected {name} to be 1 or more; got {count}.")
    unknown = set(delegates) - set(DELEGATES)
    if unknown or not delegates:
        raise ValueError(f"Expected delegates of {sorted(DELEGATES)}; got {sorted(unknown)}.")
    if npu_libraries is not None and not Path(npu_libraries).is_dir():
        raise FileNotFoundError(f"There is no folder {npu_libraries}.")
    name, shape = input_of(path, size)
    adb = Adb.find(serial)
    machine = describe(adb)
    # This must be known before the folder is made, because the app is removed with the folder.
    farewell = ":" if apk is None else app_farewell(adb)
    with PhoneFolder(adb, parent, farewell) as folder:
        folder.push(path, "model.tflite")
        prepare(folder, binary, apk, npu_libraries)
        compiled = apk is None and is_compiled(usage(folder))
        if compiled and size_is_free(path):
            raise ValueError(
                "This benchmark_model runs compiled models, which have one size. Export the file "
                "with --size HEIGHT WIDTH."
            )
        libraries = None if npu_libraries is None else folder.path
        flags = {
            delegate: delegate_flags(delegate, compiled=compiled, libraries=libraries)
            for delegate in delegates
        }
        rows = []
        for delegate in delegates:
            # Each setting is run once, because an app's log is found by its arguments.
            for count in dict.fromkeys(threads if delegate == "cpu" else threads[:1]):
                asked = (
                    f"--graph={folder.path}/model.tflite --num_threads={count} --num_runs={runs} "
                    f"--warmup_runs={warmup} --input_layer={shlex.quote(name)} "
                    f"--input_layer_shape={','.join(map(str, shape))} {flags[delegate]}"
                )
                text = (
                    run_binary(folder, asked, libraries) if apk is None else run_app(folder, asked)
                )
                row = PhoneLatency(
                    name=Path(path).name,
                    machine=machine,
                    tool="binary" if apk is None else "app",
                    delegate=delegate,
                    size=shape[1:3],
                    threads=count,
                    **parse_benchmark(text),
                )
                rows.append(row)
    return rows


def prepare(folder, binary, apk, libraries):
    """Put the program and its libraries into the phone's folder, or install the app."""
    if apk is not None:
        # `adb install` is not used, because it stores its copy of the app elsewhere.
        folder.push(apk, "benchmark.apk")
        folder.adb.shell(f"pm install -r -d -g {folder.path}/benchmark.apk", timeout=300)
        return
    folder.push(binary, "benchmark_model", mode="755")
    for library in sorted(Path(libraries).glob("*.so")) if libraries else ():
        folder.push(library, library.name)


def usage(folder):
    """Output of the pushed program for `--help`, also if the program fails."""
    folder.execute("./benchmark_model --help", log="usage", timeout=TIMEOUT)
    return output_of(folder, "usage")


def output_of(folder, log):
    """Text of a file in the phone's folder, up to the bytes that benchmark_model writes."""
    with tempfile.TemporaryDirectory() as here:
        copy = Path(here) / log
        folder.read(log, copy)
        return copy.read_bytes()[:MOST_OUTPUT].decode(errors="replace")


def run_binary(folder, flags, libraries):
    """Output of the pushed `benchmark_model`.

    Raises:
        ValueError: If it did not end well.
    """
    before = "" if libraries is None else f"{library_environment(libraries)} "
    code = folder.execute(f"{before}./benchmark_model {flags}", log="log", timeout=TIMEOUT)
    text = output_of(folder, "log")
    if code in (126, 127):
        raise ValueError(
            f"The phone cannot run this benchmark_model ({last_line(text)}). It must be built for "
            f"its processor, {folder.adb.shell('getprop ro.product.cpu.abi || uname -m')}."
        )
    if code > 128:
        name = signal.Signals(code - 128).name
        memory = ", perhaps because memory ran out" if name == "SIGKILL" else ""
        raise ValueError(
            f"benchmark_model was killed by {name}{memory}; its last line: {last_line(text)}."
        )
    if code != 0:
        raise ValueError(f"benchmark_model ended with code {code}: {last_line(text)}.")
    return text


def run_app(folder, flags):
    """Lines of the installed benchmark app in the phone's log.

    Raises:
        ValueError: If it died.
        AdbError: If it does not start, or does not end in time.
    """
    activity = f"{APP}/.BenchmarkModelActivity"
    adb, arguments = folder.adb, shlex.quote(flags)
    adb.shell(f"am start -S -W -n {activity} --es args {arguments}", timeout=TIMEOUT)
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        alive = adb.attempt("shell", f"pidof {APP}").returncode == 0
        # The lines of this run come after the app repeats its arguments; the log is not erased.
        log = adb.shell("logcat -d -s tflite:* tflite_BenchmarkModelActivity:*")
        text = log[-MOST_OUTPUT:].rpartition(flags)[2]
        if "Inference timings in us" in text:
            return text
        if not alive:
            raise ValueError(f"The benchmark app died; its last line: {last_line(text)}.")
        time.sleep(1)
    raise AdbError(f"The benchmark app did not end within {TIMEOUT} s.")


def app_farewell(adb):
    """Shell commands that leave the phone without the app, or with it stopped if it was there."""
    installed = adb.attempt("shell", f"pm path {APP}").stdout.startswith("package:")
    return f"am force-stop {APP}" if installed else f"pm uninstall {APP} > /dev/null"


def input_of(path, size):
    """Name and shape of a file's input, `(batch, height, width, channels)`, at a size, px."""
    model = TFLiteFile(path)
    batch, height, width, channels = model.shape
    height, width = size or (height or SIZE[0], width or SIZE[1])
    # A size that the file does not take is refused here, not on the phone.
    model.resize((batch or 1, height, width, channels))
    name = model.interpreter.get_input_details()[0]["name"]
    return name, (batch or 1, height, width, channels)


def size_is_free(path):
    """Whether a file takes images of any size."""
    return not all(TFLiteFile(path).shape[1:3])


def describe(adb):
    """Phone, processor and Android version, as far as the phone reports them."""
    script = "; ".join(f'echo "$(getprop {key} 2> /dev/null)"' for key in PROPERTIES.values())
    answers = adb.attempt("shell", script).stdout.splitlines()
    known = dict(zip(PROPERTIES, map(str.strip, answers), strict=False))
    found = {name: value for name, value in known.items() if value}
    maker, model = found.get("manufacturer", ""), found.get("model", "unknown phone")
    words = [model if model.startswith(maker) else f"{maker} {model}"]
    words += [found[name] for name in ("processor", "abi") if name in found]
    return ", ".join([*words, f"Android {found.get('android', 'of unknown version')}"])
