"""The folder of a run: which machines it names, and which runs may go on in it."""

import json

import keras
import pytest

from pisr.settings import Settings
from runs.run_folder import RunFolder


def change(path, **content):
    """Write other content into a JSON file; None removes a name."""
    before = json.loads(path.read_text()) | content
    path.write_text(json.dumps({k: v for k, v in before.items() if v is not None}))


def test_a_run_scored_elsewhere_names_both_machines_and_the_first_first(tmp_path):
    here = RunFolder(tmp_path, Settings(), resume=False).environment
    assert here["backend"] == keras.backend.backend() and "resumed_on" not in here
    change(tmp_path / "environment.json", devices=["a large one"])
    for _ in range(2):
        record = RunFolder(tmp_path, Settings(), resume=True).environment
    assert record == here | {"devices": ["a large one"], "resumed_on": [here]}
    assert record == json.loads((tmp_path / "environment.json").read_text())


def test_a_run_of_a_release_with_fewer_settings_is_continued(tmp_path):
    RunFolder(tmp_path, Settings(), resume=False)
    change(tmp_path / "settings.json", drawings=None)
    RunFolder(tmp_path, Settings(), resume=True)
    change(tmp_path / "settings.json", drawings=None)
    with pytest.raises(ValueError, match="drawings was 0.0, now 0.5"):
        RunFolder(tmp_path, Settings(drawings=0.5), resume=True)


def test_a_folder_that_holds_a_run_is_not_written_over(tmp_path):
    RunFolder(tmp_path, Settings(), resume=False)
    with pytest.raises(ValueError, match="Continue it with --resume"):
        RunFolder(tmp_path, Settings(), resume=False)


def test_a_run_is_resumed_with_its_own_settings_only(tmp_path):
    RunFolder(tmp_path, Settings(batch_size=2), resume=False)
    with pytest.raises(ValueError, match="batch_size was 2, now 3"):
        RunFolder(tmp_path, Settings(batch_size=3), resume=True)


def test_what_changes_no_weight_may_change_on_resume(tmp_path):
    RunFolder(tmp_path, Settings(tensorboard=False), resume=False)
    changed = Settings(out=tmp_path, test_dirs=(tmp_path,), controls=(), tensorboard=True)
    RunFolder(tmp_path, changed, resume=True)


@pytest.mark.parametrize("name", ["settings.json", "environment.json"])
@pytest.mark.parametrize("content", ["{", "[1]", "null", "\udcff"])
def test_a_damaged_file_is_named(tmp_path, name, content):
    RunFolder(tmp_path, Settings(), resume=False)
    (tmp_path / name).write_text(content, errors="surrogateescape")
    with pytest.raises(ValueError, match=rf"{name} (is not JSON|holds .* not a JSON object)"):
        RunFolder(tmp_path, Settings(), resume=True)


def test_what_is_no_number_is_not_written(tmp_path):
    folder = RunFolder(tmp_path, Settings(), resume=False)
    with pytest.raises(ValueError, match="JSON"):
        folder.write_json("results.json", {"psnr": float("nan")})
    assert not (tmp_path / "results.json").exists()
