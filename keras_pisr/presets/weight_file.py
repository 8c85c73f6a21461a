"""Checks a file of weights before Keras reads it."""

import io
import math

# Number of groups and arrays in one file: a network for a phone has some hundreds.
MOST_ITEMS = 20_000
# Kinds of plain numbers: booleans, signed and unsigned integers, and floats.
NUMBERS = "biuf"


def check_weights(content, max_bytes):
    """Count the numbers in an HDF5 file of weights, if Keras could have written it.

    An HDF5 file can point to other files of the machine, can contain a group within itself, can
    announce more data than it has, and can decompress to any size. All of this is refused, and so
    are numbers that are not finite.

    Args:
        content: The file's bytes.
        max_bytes: Largest memory that its arrays may take.

    Returns:
        Count of numbers in all arrays.

    Raises:
        ValueError: If a part of the file is refused; the error names it.
    """
    import h5py

    total = size = items = 0
    seen = set()
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            groups = [file]
            while groups:
                group = groups.pop()
                for name in group:
                    item = _plain_item(h5py, group, name)
                    address = h5py.h5o.get_info(item.id).addr
                    items += 1
                    if address in seen or items > MOST_ITEMS:
                        raise ValueError(
                            f"{item.name} occurs twice"
                            if address in seen
                            else f"it holds more than {MOST_ITEMS} parts"
                        )
                    seen.add(address)
                    if isinstance(item, h5py.Group):
                        groups.append(item)
                        continue
                    total += item.size or 0
                    size += item.nbytes
                    if size > max_bytes:
                        raise ValueError(
                            f"it announces more than the {max_bytes} bytes allowed; if you trust "
                            "it, raise max_bytes"
                        )
                    _check_array(item)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(str(error).strip() or repr(error)) from error
    return total


def check_numbers(numbers, model):
    """Raise a `ValueError` if the file holds more or fewer numbers than the model takes."""
    wanted = sum(math.prod(variable.shape) for variable in model.variables)
    if numbers != wanted:
        raise ValueError(f"the model takes {wanted} numbers, but the file holds {numbers}")


def _plain_item(h5py, group, name):
    """Get a group or an array that lies in this file, under its own name."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{group.name}/{name} is a link")
    item = group[name]
    if not isinstance(item, (h5py.Group, h5py.Dataset)):
        raise ValueError(f"{item.name} is neither a group nor an array")
    if isinstance(item, h5py.Dataset) and (item.is_virtual or item.external):
        raise ValueError(f"{item.name} lies in another file")
    return item


def _check_array(array):
    """Raise a `ValueError` unless an array has plain, finite numbers, stored as by Keras."""
    import numpy as np

    if array.dtype.kind not in NUMBERS:
        # Keras stores a few words with optimizers; a student has none.
        raise ValueError(f"{array.name} holds {array.dtype}, not numbers")
    if array.chunks is not None:
        raise ValueError(
            f"{array.name} is compressed or in chunks, unlike arrays that Keras writes"
        )
    if array.dtype.kind == "f" and not np.isfinite(array[()]).all():
        raise ValueError(f"{array.name} holds values that are not finite")
