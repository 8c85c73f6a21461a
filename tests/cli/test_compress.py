"""Pruning, clustering and 8-bit training by tensorflow-model-optimization, and the command."""

import json
import subprocess
import sys

import numpy as np
import pytest

import keras_pisr as kp
from keras_pisr.cli import compress
from tests.models.students import small_student

pytest.importorskip(
    "tf_keras", reason="compressing takes tf_keras and tensorflow-model-optimization"
)
pytestmark = pytest.mark.usefixtures("tensorflow_backend")


@pytest.fixture
def feed(rng):
    """Batches of LR patches and the same enlarged by repeating pixels."""
    import tensorflow as tf

    lr = rng.random((4, 8, 8, 1), dtype="float32")
    return tf.data.Dataset.from_tensors((lr, lr.repeat(2, axis=1).repeat(2, axis=2))).repeat(20)


def small_fsrcnn():
    return small_student(features=6, shrunk_features=4)


def small_residual():
    return kp.models.ResidualFSRCNN(scale=2, features=6, shrunk_features=4, mapping_layers=1)


def kernels(model):
    return [weight for weight in model.get_weights() if weight.ndim == 4]


def moved(model, student):
    """Whether every bias learnt something."""
    pairs = zip(model.get_weights(), student.get_weights(), strict=True)
    return all(np.any(a != b) for a, b in pairs if a.ndim == 1)


@pytest.mark.parametrize("schedule", ["polynomial", "constant"])
def test_pruned_kernels_have_the_share_of_zeros(feed, schedule):
    from keras_pisr.mobile.tfmot.training import prune

    student = small_fsrcnn()
    before = student.get_weights()
    pruned = prune(student, feed, steps=4, sparsity=0.75, schedule=schedule)
    for kernel in kernels(pruned):
        assert np.mean(kernel == 0) == pytest.approx(0.75, abs=1 / kernel.size)
    assert type(pruned) is kp.models.FSRCNN and moved(pruned, student)
    for old, now in zip(before, student.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)


def check_clusters(clustered, student, count):
    """Check that each kernel has so many values, near the weights that they replace."""
    assert [len(np.unique(kernel)) for kernel in kernels(clustered)] == [count] * 5
    assert moved(clustered, student)
    for kernel, old in zip(kernels(clustered), kernels(student), strict=True):
        assert np.abs(kernel - old).mean() < np.abs(old - old.mean()).mean()


def test_clustered_kernels_have_so_many_values(feed):
    from keras_pisr.mobile.tfmot.training import cluster

    student = small_fsrcnn()
    check_clusters(cluster(student, feed, steps=3, clusters=5), student, 5)


def check_file_of_8_bit(path, twin, student, rng):
    """Check that a file computes what its twin does, in 8 bit, wholly delegated."""
    facts = kp.mobile.check_file(path, precision="int8", weights=student.count_params())
    assert facts.delegates == 1 and facts.not_delegated == ("QUANTIZE", "QUANTIZE")
    file = kp.mobile.TFLiteModel(path)
    assert file.dtype == np.uint8 and file.metadata["scale"] == 2
    lr = rng.integers(0, 256, (1, 9, 8, 1)).astype("float32") / np.float32(255)
    levels = np.abs(file(lr) - np.clip(twin(lr).numpy(), 0, 1)).max() * 255
    assert levels < 2.5


def test_a_file_of_8_bit_computes_what_its_twin_does(feed, tmp_path, rng, monkeypatch):
    from keras_pisr.forms.int8.quantized import quantized_form
    from keras_pisr.mobile.tfmot import training_in_8_bit as tfmot_qat

    # The command below settles the ranges, which takes long.
    monkeypatch.setattr(tfmot_qat, "post_training_form", lambda model, lumas: quantized_form(model))
    student = small_fsrcnn()
    twin, trained = tfmot_qat.train_in_8_bit(student, feed, steps=4, learning_rate=1e-3)
    assert moved(trained, student)
    tfmot_qat.twin_to_tflite(twin, tmp_path / "a.tflite", student=student)
    check_file_of_8_bit(tmp_path / "a.tflite", twin, student, rng)


@pytest.fixture
def folder(tmp_path, monkeypatch, photographs):
    """A folder with a student and images to train on."""
    small_residual().save(tmp_path / "student.keras")
    monkeypatch.chdir(tmp_path)
    return tmp_path


ARGUMENTS = [
    "student.keras",
    "--hr-dir",
    "HR",
    "--images",
    "HR",
    "--patch-size",
    "16",
    "--batch-size",
    "2",
    "--steps",
    "3",
]


def test_clustering_writes_a_student_and_says_what_it_saved(folder, capsys):
    more = ["--method", "cluster", "--clusters", "4", "--out", "a.keras", "--report", "a.json"]
    assert compress.main([*ARGUMENTS, *more]) == 0
    found = json.loads((folder / "a.json").read_text())
    before, after = found["before"], found["after"]
    assert before["values"] > 50 and after["values"] == 4
    assert after["gzip_bytes"] < 0.8 * before["gzip_bytes"]
    assert found["settings"]["hr_dir"] == ["HR"] and found["images"] == "HR"
    output = capsys.readouterr().out
    assert (
        f"{after['gzip_bytes'] / 1000:.1f} kB" in output
        and "Next: python mobile/export.py a.keras" in output
    )
    check_clusters(kp.load_student("a.keras"), kp.load_student("student.keras"), 4)
    assert {path.name for path in folder.iterdir()} == {"HR", "student.keras", "a.keras", "a.json"}


def test_8_bit_training_writes_a_file_and_the_student(folder, capsys, monkeypatch, rng):
    from keras_pisr.mobile.tfmot import training_in_8_bit as tfmot_qat

    twins, write = [], tfmot_qat.twin_to_tflite

    def keep_and_write(twin, path, **options):
        twins.append(twin)
        write(twin, path, **options)

    monkeypatch.setattr(tfmot_qat, "twin_to_tflite", keep_and_write)
    more = ["--method", "qat", "--out", "a.tflite", "--trained", "a.keras"]
    assert compress.main([*ARGUMENTS, *more]) == 0
    assert "int8 .tflite" in capsys.readouterr().out
    student, trained = kp.load_student("student.keras"), kp.load_student("a.keras")
    check_file_of_8_bit("a.tflite", *twins, student, rng)
    assert type(trained) is kp.models.ResidualFSRCNN and moved(trained, student)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--method prune --out a.tflite", "--out must end in .keras; got a.tflite"),
        ("--method qat --out a.keras", "--out must end in .tflite; got a.keras"),
        ("--method prune --out a.keras --trained b.keras", "goes with --method qat"),
        ("--method qat --out a.tflite --quantize int8", "goes with --method prune or cluster"),
        ("--method cluster --out a.keras --sparsity 0.5", "goes with --method prune, not cluster"),
        ("--method prune --out a.keras --sparsity 1", "sparsity from 0 to below 1; got 1.0"),
        ("--method cluster --out a.keras --clusters 1", "at least 2 clusters; got 1"),
    ],
)
def test_mistakes_are_one_line(folder, capsys, arguments, message):
    assert compress.main([*ARGUMENTS, *arguments.split()]) == 2
    error = capsys.readouterr().err
    assert error.startswith("compress.py: error: ") and error.count("\n") == 1
    assert message in error
    assert {path.name for path in folder.iterdir()} == {"HR", "student.keras"}


def test_help_imports_no_backend():
    code = (
        "import sys\nfrom keras_pisr.cli.compress import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(str({'tensorflow', 'keras', 'tf_keras'} & sys.modules.keys() or '') or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "--sparsity" in result.stdout
