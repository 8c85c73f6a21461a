from types import SimpleNamespace

import keras
import pytest

from pisr.settings import Settings
from runs import devices
from runs.command_line import run_command

pytestmark = pytest.mark.core
ON_TENSORFLOW = keras.backend.backend() == "tensorflow"


def test_without_an_engine_one_device_does_it_all():
    placed = devices.place("none")
    assert placed.replicas == 1
    assert placed.writes
    with placed.scope():
        pass


@pytest.mark.parametrize("engine", ["mirrored", "multi_worker", "data_parallel"])
def test_an_engine_of_another_backend_is_refused(engine):
    needed = "jax" if engine == "data_parallel" else "tensorflow"
    if keras.backend.backend() == needed:
        pytest.skip(f"{engine} runs here")
    with pytest.raises(ValueError, match=f"{engine} needs KERAS_BACKEND={needed}"):
        devices.place(engine)


@pytest.mark.skipif(not ON_TENSORFLOW, reason="workers are TensorFlow's")
def test_a_worker_without_a_cluster_is_told_how_to_name_it(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match='TF_CONFIG.*"worker"'):
        devices.place("multi_worker")


@pytest.mark.parametrize(("engine", "operations"), [("multi_worker", 0), ("none", 1)])
def test_workers_meet_before_anything_runs(engine, operations, monkeypatch):
    done, given = [], []
    monkeypatch.setattr(keras.ops, "zeros", done.append)
    monkeypatch.setattr("sys.argv", ["x"])
    monkeypatch.setattr("pisr.run.run_resolved", given.append)
    with pytest.raises(SystemExit) as stop:
        run_command(Settings(distribute=engine), "", "pisr.run")
    assert stop.value.code is None and len(done) == operations
    assert given == [Settings(distribute=engine).resolved()]


@pytest.mark.parametrize(
    ("jobs", "task", "index", "writes"),
    [
        (["worker"], "worker", 0, True),
        (["worker"], "worker", 1, False),
        (["chief", "worker"], "worker", 0, False),
        (["chief", "worker"], "chief", 0, True),
    ],
)
def test_one_worker_writes(jobs, task, index, writes):
    resolver = SimpleNamespace(
        cluster_spec=lambda: SimpleNamespace(jobs=jobs), task_type=task, task_id=index
    )
    assert devices.is_chief(resolver) == writes
