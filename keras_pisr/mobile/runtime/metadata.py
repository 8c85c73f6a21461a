"""Metadata of a `.tflite` file, in a buffer that other readers skip."""

import json
import struct
from pathlib import Path

from keras_pisr.atomic import atomic_path
from keras_pisr.mobile.runtime import standard_metadata

# Name of the buffer in the file's list of metadata; its content is JSON in UTF-8.
NAME = "keras_pisr"
# The package writes a few hundred bytes; a file from elsewhere may hold anything.
MOST_BYTES = 64 * 2**10


def write_metadata(path, **fields):
    """Add fields to the metadata of a `.tflite` file; those of the same name are replaced.

    They are written twice: as JSON, for this package and for apps, and in TFLite's standard form,
    for tools that show it. Pixels of 8 bit state a scale of 1/255, whatever the precision.

    Args:
        path: A `.tflite` file.
        **fields: Values of types that JSON has.

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
    put_buffer(model, NAME, data)
    put_buffer(model, standard_metadata.NAME, standard_metadata.standard_metadata(fields))
    state_pixel_scale(model)
    builder = flatbuffers.Builder(len(content) + len(data) + 1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    with atomic_path(path) as temporary:
        temporary.write_bytes(bytes(builder.Output()))


def put_buffer(model, name, data):
    """Put bytes into a model's metadata under a name; those of the same name are replaced."""
    from ai_edge_litert import schema_py_generated as schema

    model.metadata = model.metadata or []
    entries = [entry for entry in model.metadata if entry.name in (name, name.encode())]
    if not entries:
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, len(model.buffers)
        model.metadata.append(entry)
        model.buffers.append(None)
        entries = [entry]
    buffer = schema.BufferT()
    buffer.data = list(data)
    model.buffers[entries[0].buffer] = buffer


def state_pixel_scale(model):
    """Give uint8 ends of a network that casts its pixels the scale 1/255, as int8 files have."""
    from ai_edge_litert import schema_py_generated as schema

    graph = model.subgraphs[0]
    for index in {*graph.inputs, *graph.outputs}:
        tensor = graph.tensors[index]
        silent = tensor.quantization is None or tensor.quantization.scale is None
        if tensor.type == schema.TensorType.UINT8 and silent:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [1 / 255], [0]


def read_metadata(content):
    """The fields in a `.tflite` file.

    Args:
        content: Bytes of a file that the runtime has accepted.

    Returns:
        Dict; empty if the file has no metadata.

    Raises:
        ValueError: If the entry of this package is not a small JSON object.
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
                    raise ValueError("not an object")
                return fields
    # Reading beyond the end, or invalid JSON, raises these.
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError, struct.error) as e:
        raise ValueError(f"The metadata of the file are damaged: {e}.") from e
    return {}
