"""Files of weights from strangers: each trick is refused by name, in bounded time and memory."""

import io
import tracemalloc

import h5py
import numpy as np
import pytest

from keras_pisr.presets.weight_file import check_weights

pytestmark = pytest.mark.core
MOST = 2**20


def content(write):
    """The bytes of an HDF5 file that `write` filled."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


def honest(file):
    file.create_group("layers/conv/vars")["0"] = np.ones((3, 3, 1, 4), "float32")
    file["layers/conv/vars/1"] = np.zeros(4, "float32")


def test_numbers_are_counted():
    assert check_weights(content(honest), MOST) == 40


def compressed(file):
    file.create_dataset("vars", (2**28,), "float32", compression="gzip", fillvalue=0)


def huge_chunk(file):
    file.create_dataset("vars", (1,), "float32", chunks=(2**20,), maxshape=(None,))


def one_number_as_an_array_of_gigabytes(file):
    file.create_dataset("vars", (2**40,), "float32")


def group_in_itself(file):
    group = file.create_group("layers")
    group["again"] = group


def array_under_two_names(file):
    honest(file)
    file["copy"] = file["layers/conv/vars/0"]


def soft_link(file):
    honest(file)
    file["copy"] = h5py.SoftLink("/layers/conv/vars/0")


def external_link(file):
    file["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")


def external_storage(file):
    file.create_dataset("vars", (4,), "float32", external=[("/etc/passwd", 0, 16)])


def named_type(file):
    file["type"] = np.dtype("float32")


def words(file):
    file["vars"] = np.array([b"a", b"bc"], dtype=h5py.string_dtype())


def not_a_number(file):
    file["vars"] = np.array([1, np.nan], "float32")


def infinity(file):
    file["vars"] = np.array([1, -np.inf], "float16")


def many_parts(file):
    for i in range(20_001):
        file.create_group(str(i))


REFUSED = {
    compressed: "announces more than the 1048576 bytes",
    huge_chunk: "compressed or in chunks",
    one_number_as_an_array_of_gigabytes: "announces more than",
    group_in_itself: "occurs twice",
    array_under_two_names: "occurs twice",
    soft_link: "/copy is a link",
    external_link: "/elsewhere is a link",
    external_storage: "another file",
    named_type: "neither a group nor an array",
    words: "not numbers",
    not_a_number: "not finite",
    infinity: "not finite",
    many_parts: "more than 20000 parts",
}


@pytest.mark.parametrize("write", REFUSED, ids=lambda write: write.__name__)
def test_tricks_are_refused_by_name(write):
    data = content(write)
    tracemalloc.start()
    with pytest.raises(ValueError, match=REFUSED[write]):
        check_weights(data, MOST)
    assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("data", [b"", b"no HDF5", content(honest)[:-100]])
def test_damage_is_refused(data):
    with pytest.raises(ValueError, match="."):
        check_weights(data, MOST)
