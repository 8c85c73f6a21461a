import gzip
import io
import struct
import tarfile
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_pisr.data import LabelledImages
from keras_pisr.data.recognition import labelled_sources


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Sets of tests are made up: nothing is downloaded."""
    monkeypatch.setattr("keras_pisr.data.tfds_load.check_reachable", lambda name, data_dir: None)


def png(value, size=(8, 6), mode="RGB"):
    buffer = io.BytesIO()
    colour = (value,) * len(mode) if len(mode) > 1 else value
    Image.new(mode, size, colour).save(buffer, "png")
    return buffer.getvalue()


def write_tar(path, members, suffix=""):
    with tarfile.open(path, "w" + suffix) as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            if content is None:
                entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return path


def small_set(counts=(3, 2, 4)):
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.zeros((len(labels), 4, 4, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(len(labels))
    return LabelledImages(images, labels, [f"class{i}" for i in range(len(counts))])


def test_folders_are_classes_in_natural_order(tmp_path):
    for name, value in [("s10", 10), ("s2", 2), ("s1", 1)]:
        (tmp_path / name).mkdir()
        for i in (10, 9):
            (tmp_path / name / f"{i}.png").write_bytes(png(10 * value + i))
    (tmp_path / "s1" / "notes.txt").write_text("no image")
    data = LabelledImages.from_folder(tmp_path)
    assert data.class_names == ("s1", "s2", "s10")
    np.testing.assert_array_equal(data.labels, [0, 0, 1, 1, 2, 2])
    assert data.images.shape == (6, 6, 8, 3)
    assert data.images[:, 0, 0, 0].tolist() == [19, 20, 29, 30, 109, 110]


def test_chosen_classes_in_the_order_asked(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(png(ord(name), mode="L"))
    data = LabelledImages.from_folder(tmp_path, classes=["c", "a"], channels=1)
    assert data.images[:, 0, 0, 0].tolist() == [ord("c"), ord("a")]
    with pytest.raises(ValueError, match="no image of d"):
        LabelledImages.from_folder(tmp_path, classes=["a", "d"])


def test_images_are_cropped_at_the_centre_and_resized(tmp_path):
    (tmp_path / "a").mkdir()
    wide = np.zeros((4, 12, 3), np.uint8)
    wide[:, 4:8] = 200
    Image.fromarray(wide).save(tmp_path / "a" / "1.png")
    Image.fromarray(wide[:, 4:8]).save(tmp_path / "a" / "2.png")
    with pytest.raises(ValueError, match="2 sizes"):
        LabelledImages.from_folder(tmp_path)
    data = LabelledImages.from_folder(tmp_path, size=(2, 2))
    np.testing.assert_array_equal(data.images, 200)


@pytest.mark.parametrize("suffix", ["", ":gz"])
def test_a_tar_is_read_like_its_folders(tmp_path, suffix):
    members = [
        ("set/classes.txt", b"b\na\n"),
        ("set/train/b/2.png", png(2)),
        ("set/train/a/1.png", png(1)),
        ("set/val/a/3.png", png(3)),
    ]
    path = write_tar(tmp_path / "set.tar", members, suffix)
    data = LabelledImages.from_tar(path, folder="train")
    assert data.class_names == ("a", "b")
    assert data.images[:, 0, 0, 0].tolist() == [1, 2]
    assert len(LabelledImages.from_tar(path)) == 3


def test_a_hostile_tar_writes_nothing_and_is_bounded(tmp_path, monkeypatch):
    members = [("../../a/1.png", png(1)), ("/a/2.png", png(2)), ("a/link.png", None)]
    path = write_tar(tmp_path / "set.tar", members)
    before = sorted(tmp_path.parent.rglob("*"))
    assert len(LabelledImages.from_tar(path)) == 2
    assert sorted(tmp_path.parent.rglob("*")) == before
    monkeypatch.setattr(labelled_sources, "MAX_FILE_BYTES", 50)
    with pytest.raises(ValueError, match="at most"):
        LabelledImages.from_tar(path)
    monkeypatch.undo()
    large = bytearray(png(1))
    large[16:24] = struct.pack(">II", 16_000, 16_000)
    large[29:33] = struct.pack(">I", zlib.crc32(large[12:29]))
    path = write_tar(tmp_path / "large.tar", [("a/1.png", bytes(large))])
    with pytest.raises(ValueError, match=r"a/1\.png.* 16000x16000 px are more than the 250000000"):
        LabelledImages.from_tar(path)


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_header_of_gigabytes_takes_none(tmp_path, kind):
    header = tarfile.TarInfo("long")
    header.type, header.size = kind, 3 * 2**30
    path = tmp_path / "set.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(160):
            file.write(bytes(2**20))
    tracemalloc.start()
    with pytest.raises(ValueError, match="set.tar.gz cannot be read as a tar archive: a header"):
        LabelledImages.from_tar(path)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_a_damaged_image_is_named_with_its_archive(tmp_path):
    path = write_tar(tmp_path / "set.tar", [("a/1.png", png(1)[:40]), ("a/2.png", png(2))])
    with pytest.raises(ValueError, match=r"set\.tar: a/1\.png"):
        LabelledImages.from_tar(path)


def test_a_file_of_a_folder_that_is_too_large_is_named(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(png(1))
    monkeypatch.setattr(labelled_sources, "MAX_FILE_BYTES", 50)
    with pytest.raises(ValueError, match=r"1\.png has .* at most 50"):
        LabelledImages.from_folder(tmp_path)


@pytest.mark.parametrize(
    ("kind", "damage"), [("gz", "cut"), ("bz2", "cut"), ("xz", "cut"), ("xz", "scrambled")]
)
def test_a_compressed_tar_that_is_damaged_is_named(tmp_path, rng, kind, damage):
    members = [(f"a/{i}.png", rng.bytes(30_000)) for i in range(4)]
    path = write_tar(tmp_path / f"set.tar.{kind}", members, f":{kind}")
    content = path.read_bytes()
    half = len(content) // 2
    rest = b"" if damage == "cut" else rng.bytes(half)
    path.write_bytes(content[:half] + rest)
    with pytest.raises(ValueError, match=f"{path.name} cannot be read as a tar archive"):
        list(labelled_sources.tar_files(path, None))


def test_damaged_files_are_named(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(png(1)[:40])
    with pytest.raises(ValueError, match=r"1\.png"):
        LabelledImages.from_folder(tmp_path)
    (tmp_path / "broken.tar").write_bytes(b"not a tar" * 100)
    with pytest.raises(ValueError, match="tar archive"):
        LabelledImages.from_tar(tmp_path / "broken.tar")
    with pytest.raises(FileNotFoundError):
        LabelledImages.from_tar(tmp_path / "none.tar")
    with pytest.raises(FileNotFoundError):
        LabelledImages.from_folder(tmp_path / "none")


def test_split_by_class_shares_none_and_numbers_anew():
    first, second = small_set().split_classes(1, 2)
    assert first.class_names == ("class0",) and second.class_names == ("class1", "class2")
    np.testing.assert_array_equal(second.labels, [0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(second.images[:, 0, 0, 0], [3, 4, 5, 6, 7, 8])
    with pytest.raises(ValueError, match="3 classes"):
        small_set().split_classes(2, 2)


def test_hold_out_takes_of_every_class_and_loses_nothing():
    rest, held = small_set().hold_out(2, seed=1)
    np.testing.assert_array_equal(np.bincount(held.labels), [2, 1, 2])
    marks = [set(part.images[:, 0, 0, 0].tolist()) for part in (rest, held)]
    assert not marks[0] & marks[1] and marks[0] | marks[1] == set(range(9))
    again = small_set().hold_out(2, seed=1)[1]
    np.testing.assert_array_equal(again.images, held.images)


def test_wrong_arrays_are_named():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="uint8"):
        LabelledImages(images / 255, [0, 1])
    with pytest.raises(ValueError, match="one label per image"):
        LabelledImages(images, [0])
    with pytest.raises(ValueError, match="0 to 0"):
        LabelledImages(images, [0, 1], ["only"])


@pytest.mark.parametrize(
    ("name", "channels", "classes"), [("cifar100", 3, 100), ("cars196", 1, 196)]
)
def test_tfds_sets(name, channels, classes, tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")
    with tfds.testing.mock_data(num_examples=5):
        data = LabelledImages.from_tfds(
            name, size=(16, 16), channels=channels, data_dir=str(tmp_path)
        )
    assert data.images.shape == (5, 16, 16, channels)
    assert len(data.class_names) == classes


def test_tfds_labels_that_are_names(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")
    tf = pytest.importorskip("tensorflow")
    people = {"image": np.zeros((3, 8, 8, 3), np.uint8), "label": ["Cy", "Al", "Cy"]}

    def as_dataset(*args, **kwargs):
        return tf.data.Dataset.from_tensor_slices(people)

    with tfds.testing.mock_data(as_dataset_fn=as_dataset):
        data = LabelledImages.from_tfds("lfw", data_dir=str(tmp_path))
    assert data.class_names == ("Al", "Cy")
    np.testing.assert_array_equal(data.labels, [1, 0, 1])


@pytest.mark.slow
def test_published_archives(shared_data):
    faces = LabelledImages.from_tar(shared_data / "recognition/orl_faces.tar", channels=1)
    assert faces.images.shape == (400, 112, 92, 1)
    assert faces.class_names == tuple(f"s{i}" for i in range(1, 41))
    archive = shared_data / "recognition/tiny_imagenet_50.tar"
    data = LabelledImages.from_tar(archive, folder="val")
    assert data.images.shape == (2500, 64, 64, 3) and len(data.class_names) == 50
