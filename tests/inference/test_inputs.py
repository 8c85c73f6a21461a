"""Which files are meant, and where their results go."""

from pathlib import Path

import pytest

from keras_pisr.inference.inputs import find_files, name_results, plan_results


def find(inputs, **options):
    return find_files(inputs, {}, **options)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.jpg", "c.webp"):
        (tmp_path / "in" / name).touch()
    return tmp_path


def test_files_folders_and_patterns_are_found(folder):
    a, b, c = (folder / "in" / name for name in ("a.png", "b.jpg", "c.webp"))
    assert list(find([folder / "in"])) == [a, b, c]
    assert list(find([c, folder / "in"])) == [c, a, b]
    assert list(find([f"{folder}/in/*.[jw]*"])) == [b, c]
    with pytest.raises(FileNotFoundError, match="gone"):
        find([folder / "gone"])
    with pytest.raises(FileNotFoundError, match="tif"):
        find([f"{folder}/in/*.tif"])
    with pytest.raises(ValueError, match="got none"):
        find([])


def test_results_are_named(tmp_path):
    paths = [tmp_path / "a.JPG", tmp_path / "b.bmp"]
    named = name_results(dict.fromkeys(paths, Path()), tmp_path / "out", suffix="_x2")
    assert [path.name for path in named.values()] == ["a_x2.JPG", "b_x2.png"]
    assert name_results({paths[0]: Path()}, tmp_path / "z.png") == {paths[0]: tmp_path / "z.png"}


@pytest.mark.parametrize(
    ("paths", "out", "message"),
    [
        (["a.png", "b.png"], "z.png", "2 files cannot go to one file"),
        (["a.png"], ".", "one of the originals"),
        (["a.png"], "a.png", "one of the originals"),
        (["a.png", "in/a.png"], "out", "would both become"),
        (["a.png"], "z.bmp", "cannot become z.bmp; choose one of .png"),
        (["a.png"], "z.GIF", "cannot become z.GIF"),
        (["a.png"], "z.avif", "cannot become"),
        (["a.png"], "z.heic", "cannot become"),
        (["a.png"], "z.mp4", "cannot become"),
        (["a.mp4"], "z.png", "cannot become z.png; choose one of .mp4"),
        (["a.mp4"], "z.avi", "cannot become"),
    ],
)
def test_names_that_collide_are_refused(tmp_path, monkeypatch, paths, out, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        name_results({tmp_path / path: Path() for path in paths}, tmp_path / out)


def test_what_of_a_folder_is_left_out_is_counted_and_named(folder):
    for name in ("d.heic", "e.txt", ".hidden.png", *(f"{i}.pdf" for i in range(6))):
        (folder / "in" / name).touch()
    for name in ("sub", "sub2", ".git"):
        (folder / "in" / name).mkdir()
    plan = plan_results([folder / "in"], folder / "out")
    assert len(plan.targets) == 3
    others, subfolders = plan.notes[folder / "in"]
    assert others.startswith("8 files of other kinds are left out: 0.pdf, 1.pdf")
    assert others.endswith("and 3 more")
    assert subfolders == "2 subfolders are left out: sub, sub2. Include them with --recursive"


@pytest.mark.parametrize("name", ["a.jfif", "a.jpe", "a.avif", "a.gif", "a.PBM"])
def test_every_kind_that_is_read_is_found(tmp_path, name):
    (tmp_path / name).touch()
    assert list(find([tmp_path])) == [tmp_path / name]


def test_subfolders_are_taken_where_asked(folder):
    (folder / "in" / "sub" / "deep").mkdir(parents=True)
    (folder / "in" / "sub" / "a.png").touch()
    (folder / "in" / "sub" / "deep" / "d.avi").touch()
    (folder / "in" / "link").symlink_to(folder / "in")
    out = folder / "in" / "large"
    out.mkdir()
    (out / "a.png").touch()
    plan = plan_results([folder / "in"], out, recursive=True)
    results = [str(target.relative_to(out)) for target in plan.targets.values()]
    assert results == ["a.png", "b.jpg", "c.webp", "sub/a.png", "sub/deep/d.mkv"]
    assert not plan.notes


def test_a_folder_of_other_things_says_what_it_holds(tmp_path):
    (tmp_path / "a.heic").touch()
    (tmp_path / "sub").mkdir()
    with pytest.raises(ValueError, match=r"1 files of other kinds .* a\.heic.* --recursive"):
        find([tmp_path])
