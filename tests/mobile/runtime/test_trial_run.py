"""A file that would take this process with it is refused by what another process did."""

import signal
import subprocess
import sys

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.mobile.runtime import trial_run

pytest.importorskip("ai_edge_litert")


@pytest.fixture
def corrupted(files, tmp_path):
    """A sound file whose convolutions read a tensor that is not there to be read as it is."""
    from ai_edge_litert import schema_py_generated as schema

    def corrupt(change):
        import flatbuffers

        model = schema.ModelT.InitFromPackedBuf(files("float32").read_bytes(), 0)
        change(model)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        path = tmp_path / "corrupted.tflite"
        path.write_bytes(bytes(builder.Output()))
        return path

    return corrupt


def test_a_sound_file_runs_and_is_run_elsewhere_once(files, monkeypatch):
    trial_run._try.cache_clear()
    runs = []
    monkeypatch.setattr(
        subprocess, "run", lambda *a, run=subprocess.run, **k: runs.append(a) or run(*a, **k)
    )
    for _ in range(2):
        kp.mobile.TFLiteModel(files("float32"))
    assert len(runs) == 1
    kp.mobile.TFLiteModel(files("float16"), trusted=True)
    assert len(runs) == 1


def test_a_file_of_another_size_than_it_says_is_refused(corrupted):
    def huge(model):
        tensor = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]]
        tensor.shape, tensor.shapeSignature = [1, 200_000, 200_000, 1], None

    with pytest.raises(ValueError, match="corrupted.tflite"):
        kp.mobile.TFLiteModel(corrupted(huge))


def test_a_process_that_dies_is_told_by_its_signal(files, monkeypatch):
    trial_run._try.cache_clear()
    real = subprocess.run

    def dies(command, **options):
        code = f"import os, signal; os.kill(os.getpid(), signal.{signal.SIGSEGV.name})"
        return real([sys.executable, "-c", code], **options)

    monkeypatch.setattr(subprocess, "run", dies)
    with pytest.raises(ValueError, match=r"float32.tflite crashes the runtime \(SIGSEGV\)"):
        kp.mobile.TFLiteModel(files("float32"))
    trial_run._try.cache_clear()


def test_a_process_that_does_not_end_is_ended(files, monkeypatch):
    trial_run._try.cache_clear()
    monkeypatch.setattr(trial_run, "SECONDS", 0.01)
    with pytest.raises(ValueError, match="took more than 0.01 s"):
        kp.mobile.TFLiteModel(files("float32"))
    trial_run._try.cache_clear()


def test_a_file_that_merely_fails_is_left_to_say_so_here(tmp_path):
    (tmp_path / "a.tflite").write_bytes(b"0000TFL3" + bytes(100))
    trial_run.try_file(tmp_path / "a.tflite", b"")
    with pytest.raises(ValueError, match="a.tflite is damaged"):
        kp.mobile.TFLiteModel(tmp_path / "a.tflite")


def test_gray_comes_through(files):
    image = np.full((1, 8, 8, 1), 0.5, "float32")
    assert kp.mobile.TFLiteModel(files("float32"))(image).shape == (1, 16, 16, 1)
