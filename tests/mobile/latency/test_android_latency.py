"""Timing on a phone: a real adb server and daemon, LiteRT's own benchmark in the phone's place."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import keras_pisr as kp
from keras_pisr.cli.latency import main
from keras_pisr.mobile.latency.adb import AdbError
from keras_pisr.mobile.latency.android_latency import measure_on_phone
from tests.mobile.latency.phone import SERIAL, heed_interrupts
from tests.mobile.runtime.test_tflite_model import WITHOUT_TENSORFLOW

SAID = """\
INFO: Explicitly applied GPU delegate, and the model graph will be completely executed by the \
delegate.
INFO: count=2 first=9000 curr=8000 min=8000 max=9000 avg=8500 std=9 p5=8000 median=8000 p95=9000
INFO: count=7 first=5000 curr=4000 min=4000 max=6000 avg=4500 std=9 p5=4000 median=4250 p95=5750
INFO: Inference timings in us: Init: 30000, First inference: 9000, Warmup (avg): 8500, \
Inference (avg): 4500
"""


@pytest.fixture(scope="module")
def fixed(tensorflow_backend, student, tmp_path_factory):
    """A file for one size: LiteRT's own benchmark cannot be told another."""
    path = tmp_path_factory.mktemp("fixed") / "student.tflite"
    kp.mobile.to_tflite(student, path, size=(18, 32))
    return path


@pytest.fixture
def binary(tmp_path):
    """Makes a `benchmark_model` out of a shell script."""

    def make(script):
        path = tmp_path / "benchmark_model"
        path.write_text(f"#!/bin/sh\n{script}\n")
        return path

    return make


def says(text):
    return f"echo {shlex.quote(text)}"


def test_figures_come_from_the_phone_without_tensorflow(phone, fixed, tmp_path):
    phone.program(
        "getprop", "case $1 in ro.product.model) echo Stand-in 9;; *release) echo 16;; esac"
    )
    stand_in = Path(__file__).with_name("stand_in_benchmark.py").read_text()
    (tmp_path / "benchmark_model").write_text(f"#!{sys.executable}\n{stand_in}")
    arguments = [str(fixed), "--android", "-s", SERIAL, "--phone-folder", str(phone.storage)]
    arguments += ["--benchmark-binary", str(tmp_path / "benchmark_model"), "--threads", "1", "2"]
    arguments += ["--runs", "5", "--warmup", "2", "--json", str(tmp_path / "a.json")]
    code = f"from keras_pisr.cli.latency import main; sys.exit(main({arguments!r}))"
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW + code], capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "student.tflite on Stand-in 9, Android 16" in result.stdout
    rows = json.loads((tmp_path / "a.json").read_text())
    assert [row["threads"] for row in rows] == [1, 2]
    for row in rows:
        assert (row["delegate"], row["size"], row["runs"], row["warmup"]) == ("cpu", [18, 32], 5, 2)
        assert 0 < row["min_ms"] <= row["median_ms"] <= row["p95_ms"]
        assert row["initialisation_ms"] > 0


def test_the_program_is_told_size_threads_and_delegate(phone, files, binary):
    seen = f"{phone.storage}/seen"
    tool = binary(f'echo "$@" >> {seen}\n{says(SAID)}')
    rows = measure_on_phone(
        files("float32"),
        binary=tool,
        delegates=("gpu", "cpu"),
        size=(20, 30),
        threads=(2, 1),
        parent=phone.storage,
    )
    # What is no CPU is timed once: its threads are not ours to choose.
    assert [(row.delegate, row.threads) for row in rows] == [("gpu", 2), ("cpu", 2), ("cpu", 1)]
    assert rows[0].median_ms == 4.25 and rows[0].p95_ms == 5.75 and rows[0].runs == 7
    assert rows[0].delegation == "complete"
    assert phone.shell(f"head -n 1 {seen}").strip() == "--help"
    calls = phone.shell(f"tail -n +2 {seen}; rm {seen}").splitlines()
    assert "--input_layer_shape=1,20,30,1 --use_gpu=true" in calls[0]
    assert "--num_threads=1 --num_runs=50 --warmup_runs=3" in calls[2]


COMPILED = """\
INFO: Replacing 9 out of 9 node(s) with delegate (DispatchDelegate) node, yielding 1 partitions.
INFO: count=2 first=9000 curr=8000 min=8000 max=9000 avg=8500 std=9 p5=8000 median=8000 p95=9000
INFO: count=7 first=5000 curr=4000 min=4000 max=6000 avg=4500 std=9 p5=4000 median=4250 p95=5750
INFO: [benchmark_litert_model.h:70]
========== BENCHMARK RESULTS ==========
INFO: [benchmark_litert_model.h:71] Model initialization: 30.00 ms
INFO: [benchmark_litert_model.h:72] Warmup (first):       9.00 ms
"""


def compiled(seen="/dev/null"):
    """The program for compiled models, as a script that notes what it is asked."""
    return f'[ $1 = --help ] && exec echo "	--use_npu=false	bool"\necho "$@" $LD_LIBRARY_PATH >> {seen}\n{says(COMPILED)}'


def test_compiled_models_run_on_an_npu_with_its_makers_libraries(phone, fixed, binary, tmp_path):
    seen = f"{phone.storage}/seen"
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    (libraries / "libDispatch.so").write_bytes(b"code")
    (row,) = measure_on_phone(
        fixed,
        binary=binary(compiled(seen)),
        delegates=("npu",),
        npu_libraries=libraries,
        parent=phone.storage,
    )
    assert (row.delegate, row.delegation, row.median_ms) == ("npu", "complete", 4.25)
    call = phone.shell(f"cat {seen}; rm {seen}")
    assert "--use_npu=true --use_cpu=false --require_full_delegation=true" in call
    folder = call.split("--dispatch_library_path=")[1].split()[0]
    assert folder.startswith(str(phone.storage)) and call.strip().endswith(folder)


def test_what_a_program_does_not_know_is_told_before_it_runs(phone, fixed, files, binary):
    with pytest.raises(ValueError, match="has no nnapi, only cpu, gpu, npu"):
        measure_on_phone(
            fixed, binary=binary(compiled()), delegates=("nnapi",), parent=phone.storage
        )
    with pytest.raises(ValueError, match="has no npu, only cpu, gpu, nnapi.*//litert/tools"):
        measure_on_phone(fixed, binary=binary(says(SAID)), delegates=("npu",), parent=phone.storage)
    with pytest.raises(ValueError, match="have one size. Export the file with --size"):
        measure_on_phone(files("float32"), binary=binary(compiled()), parent=phone.storage)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo loading; kill -SEGV $$", "was killed by SIGSEGV; its last line: loading"),
        ("kill -KILL $$", "killed by SIGKILL, perhaps because memory ran out"),
        ("echo ERROR: no such graph >&2; exit 1", "ended with code 1: ERROR: no such graph"),
        ("echo hello", "output is not from benchmark_model"),
        (
            says(
                SAID.replace("Explicitly applied GPU", "Though GPU").replace(
                    "delegate, and the model graph will be completely",
                    "delegate is explicitly applied, the model graph will not be",
                )
            ),
            "GPU delegate of this phone runs no part",
        ),
    ],
)
def test_a_program_that_fails_is_quoted_and_removed(phone, fixed, binary, script, message):
    with pytest.raises(ValueError, match=message):
        measure_on_phone(fixed, binary=binary(script), parent=phone.storage)


def test_a_program_for_another_processor(phone, fixed, tmp_path):
    # The head of an ELF file for 64-bit ARM.
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00\x01\x00\x00\x00"
    (tmp_path / "benchmark_model").write_bytes(head + bytes(40))
    phone.program("getprop", "[ $1 = ro.product.cpu.abi ] && echo x86_64")
    with pytest.raises(ValueError, match="cannot run .*must be built for its processor, x86_64"):
        measure_on_phone(fixed, binary=tmp_path / "benchmark_model", parent=phone.storage)


def test_no_space_for_the_program(phone, fixed, tmp_path):
    (tmp_path / "benchmark_model").write_bytes(bytes(8 * 2**20))
    with pytest.raises(AdbError, match="has no space left"):
        measure_on_phone(fixed, binary=tmp_path / "benchmark_model", parent=phone.storage)


def test_interrupted_half_way(phone, fixed, binary):
    tool = binary(f"touch {phone.storage}/started; sleep 60")
    command = [sys.executable, "-m", "keras_pisr.cli.latency", fixed, "--android"]
    command += ["--benchmark-binary", tool, "--phone-folder", phone.storage]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    ) as user:
        assert phone.wait_for(lambda: "started" in phone.left())
        os.killpg(user.pid, signal.SIGINT)  # As a terminal does it: to all that runs there.
        out, error = user.communicate(timeout=60)
    assert (user.returncode, out, error) == (130, "", "latency.py: interrupted\n")
    assert phone.left() == ["started"]
    phone.shell(f"rm {phone.storage}/started")


def test_a_budget_holds_on_the_phone_too(phone, fixed, binary, capsys):
    arguments = [str(fixed), "--android", "--benchmark-binary", str(binary(says(SAID)))]
    arguments += ["--phone-folder", str(phone.storage), "--budget-ms"]
    assert main([*arguments, "4.3"]) == 0
    assert main([*arguments, "4.2"]) == 1
    assert "takes 4.25 ms (median of 7 calls" in capsys.readouterr().err


@pytest.fixture
def app(phone, tmp_path):
    """What of Android an app meets: `pm`, `am`, `logcat`, as scripts."""
    there, log = phone.folder / "app_is_there", phone.folder / "app_log"
    phone.program(
        "pm",
        f"case $1 in path) [ -f {there} ] && echo package:/x;; uninstall) rm {there};; "
        f"install) [ -f $5 ] && cp $5 {there};; esac",
    )
    phone.program(
        "am", f'[ $1 = start ] && echo "args: $8" >> {log} && {says(SAID)} >> {log} || true'
    )
    phone.program("logcat", f"cat {log}")
    phone.program("pidof", "exit 1")
    apk = tmp_path / "benchmark.apk"
    apk.write_bytes(b"an app")
    yield apk, there, log
    for path in (there, log):
        path.unlink(missing_ok=True)


def test_the_app_is_installed_asked_and_removed(phone, app, fixed):
    apk, there, log = app
    (row,) = measure_on_phone(fixed, apk=apk, parent=phone.storage)
    assert (row.tool, row.median_ms) == ("app", 4.25)
    asked = log.read_text()
    assert "args: --graph=" in asked and "/model.tflite --num_threads=1" in asked
    assert not there.exists()


def test_an_app_that_was_there_stays(phone, app, fixed):
    apk, there, _ = app
    there.write_text("the user's own")
    measure_on_phone(fixed, apk=apk, parent=phone.storage)
    assert there.exists()


def test_an_app_that_dies_is_quoted_and_removed(phone, app, fixed):
    apk, there, log = app
    phone.program("am", f'[ $1 = start ] && echo "args: $8" >> {log} && echo F tflite: oh >> {log}')
    with pytest.raises(ValueError, match="benchmark app died; its last line: F tflite: oh"):
        measure_on_phone(fixed, apk=apk, parent=phone.storage)
    assert not there.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs LiteRT's program `benchmark_model` .*at https://"),
        ({"binary": "a", "apk": "b"}, "got both"),
        ({"binary": __file__, "threads": (0,)}, "threads to be 1 or more; got 0"),
        ({"binary": __file__, "delegates": ("tpu",)}, r"of \['cpu', 'gpu', 'nnapi', 'npu'\]; got"),
        ({"binary": __file__, "size": (9, 9)}, r"takes luma \(1, 18, 32, 1\), got \(1, 9, 9, 1\)"),
    ],
)
def test_requests_that_cannot_be_met_never_reach_the_phone(fixed, monkeypatch, arguments, message):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match=message):
        measure_on_phone(fixed, **arguments)


def test_a_missing_program_comes_with_the_way_to_one(fixed):
    with pytest.raises(FileNotFoundError, match="no file gone. Timing .*bazel build"):
        measure_on_phone(fixed, binary="gone")
