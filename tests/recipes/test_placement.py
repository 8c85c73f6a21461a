import importlib
from pathlib import Path
from types import SimpleNamespace

import keras
import pytest

pytestmark = pytest.mark.core
RECIPES = Path(__file__).resolve().parents[2] / "recipes"
ON_TENSORFLOW = keras.backend.backend() == "tensorflow"


@pytest.fixture
def placement(monkeypatch):
    monkeypatch.syspath_prepend(RECIPES)
    return importlib.import_module("placement")


def test_without_an_engine_one_device_does_it_all(placement):
    placed = placement.place("none")
    assert placed.replicas == 1
    assert placed.writes
    with placed.scope():
        pass


@pytest.mark.parametrize("engine", ["mirrored", "multi_worker", "data_parallel"])
def test_an_engine_of_another_backend_is_refused(placement, engine):
    needed = "jax" if engine == "data_parallel" else "tensorflow"
    if keras.backend.backend() == needed:
        pytest.skip(f"{engine} runs here")
    with pytest.raises(ValueError, match=f"{engine} needs KERAS_BACKEND={needed}"):
        placement.place(engine)


@pytest.mark.skipif(not ON_TENSORFLOW, reason="workers are TensorFlow's")
def test_a_worker_without_a_cluster_is_told_how_to_name_it(placement, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match='TF_CONFIG.*"worker"'):
        placement.place("multi_worker")


@pytest.mark.parametrize(
    ("jobs", "task", "index", "writes"),
    [
        (["worker"], "worker", 0, True),
        (["worker"], "worker", 1, False),
        (["chief", "worker"], "worker", 0, False),
        (["chief", "worker"], "chief", 0, True),
    ],
)
def test_one_worker_writes(placement, jobs, task, index, writes):
    resolver = SimpleNamespace(
        cluster_spec=lambda: SimpleNamespace(jobs=jobs), task_type=task, task_id=index
    )
    assert placement.is_chief(resolver) == writes
