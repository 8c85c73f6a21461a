"""What a `.tflite` file says of itself, in a metadata buffer that other readers skip."""

import json
import struct
from pathlib import Path

from keras_pisr.atomic import atomic_path

# Name of the buffer in the file's list of metadata; its content is JSON in UTF-8.
NAME = "keras_pisr"
MOST_BYTES = 64 * 2**10  # A few hundred are written; a stranger's file may hold anything.


def write_metadata(path, **fields):
    """Add fields to the metadata of a `.tflite` file; those of the same name are replaced.

    Args:
        path: A `.tflite` file.
        **fields: Values that JSON has.

    Raises:
        ValueError: If the file's metadata cannot be read, or would be too large.

    Example:
        >>> write_metadata("student.tflite", scale=2, color="luma")  # doctest: +SKIP
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    content = Path(path).read_bytes()
    fields = read_metadata(content) | fields
    data = json.dumps(fields, allow_nan=False).encode("utf-8")
    if len(data) > MOST_BYTES:
        raise ValueError(f"Metadata of {len(data)} bytes; at most {MOST_BYTES} are read.")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    others = [entry for entry in model.metadata or [] if entry.name != NAME.encode()]
    old = [entry for entry in model.metadata or [] if entry.name == NAME.encode()]
    entry, buffer = (old or [schema.MetadataT()])[0], schema.BufferT()
    if not old:
        entry.name, entry.buffer = NAME, len(model.buffers)
        model.buffers.append(buffer)
    model.buffers[entry.buffer] = buffer
    buffer.data = list(data)
    model.metadata = [*others, entry]
    builder = flatbuffers.Builder(len(content) + len(data) + 1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    with atomic_path(path) as temporary:
        temporary.write_bytes(bytes(builder.Output()))


def read_metadata(content):
    """The fields in a `.tflite` file.

    Args:
        content: Bytes of a file that the runtime has accepted.

    Returns:
        Dict; empty if the file says nothing.

    Raises:
        ValueError: If there is an entry of ours that is no small JSON object.
    """
    from ai_edge_litert import schema_py_generated as schema

    try:
        model = schema.Model.GetRootAs(content, 0)
        for i in range(model.MetadataLength()):
            entry = model.Metadata(i)
            if entry.Name() == NAME.encode():
                buffer = model.Buffers(entry.Buffer())
                if not 0 < buffer.DataLength() <= MOST_BYTES:
                    raise ValueError(f"{buffer.DataLength()} bytes")
                fields = json.loads(buffer.DataAsNumpy().tobytes().decode("utf-8"))
                if not isinstance(fields, dict):
                    raise ValueError("no object")
                return fields
    # What reading beyond the end, or JSON that is none, raises.
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError, struct.error) as e:
        raise ValueError(f"The metadata of the file are damaged: {e}.") from e
    return {}
