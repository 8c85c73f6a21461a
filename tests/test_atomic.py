"""Files appear whole or not at all."""

import errno
import os
import subprocess
import sys

import pytest

from keras_pisr.atomic import atomic_path, remove_stale


def test_the_file_appears_with_its_content_and_nothing_else(tmp_path):
    with atomic_path(tmp_path / "new" / "a.txt") as temporary:
        assert temporary.suffix == ".txt"
        temporary.write_text("whole")
        assert not (tmp_path / "new" / "a.txt").exists()
    assert (tmp_path / "new" / "a.txt").read_text() == "whole"
    assert os.listdir(tmp_path / "new") == ["a.txt"]


def test_an_error_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_the_file_has_ordinary_permissions(tmp_path, mask):
    before = os.umask(mask)
    try:
        (tmp_path / "plain").write_text("")
        with atomic_path(tmp_path / "a.txt"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_umask_of_other_threads_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", None)
    with atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="/proc/x.json'"), atomic_path("/proc/x.json"):
        pass


def test_a_full_disk_names_the_file(tmp_path):
    with pytest.raises(OSError, match="a.json'") as caught, atomic_path(tmp_path / "a.json"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dangling", [True, False])
def test_a_link_stays_and_its_target_is_written(tmp_path, dangling):
    link, target = tmp_path / "link.json", tmp_path / "folder" / "target.json"
    link.symlink_to(target)
    if not dangling:
        target.parent.mkdir()
        target.write_text("old")
    with atomic_path(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink() and target.read_text() == link.read_text() == "new"


def test_a_long_name_leaves_room_for_the_hidden_one(tmp_path):
    for name in ("a" * 251 + ".png", "字" * 83 + ".png"):
        with atomic_path(tmp_path / name) as temporary:
            assert len(os.fsencode(temporary.name)) <= 255
            temporary.write_text("whole")
        assert (tmp_path / name).read_text() == "whole"


KILLED = """
import os, signal
from keras_pisr.atomic import atomic_path, remove_stale
with atomic_path("photo.png") as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="locks and signals are POSIX")
def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, env=environment, check=False)
    (stale,) = tmp_path.iterdir()
    mine = [
        ".hidden",
        ".photo-2024.png",
        ".photo-0123456789abcdeg.png",
        "photo-0123456789abcdef.png",
    ]
    for name in mine:
        (tmp_path / name).write_text("mine")
    with atomic_path(tmp_path / "running.png") as temporary:
        assert remove_stale(tmp_path) == [stale]
        assert temporary.exists()
    assert sorted(os.listdir(tmp_path)) == sorted([*mine, "running.png"])
    assert remove_stale(tmp_path / "absent") == []
