"""Metadata of a `.tflite` file in the form that Android Studio and other tools show.

The buffer `TFLITE_METADATA` holds a FlatBuffer with the identifier `M001`; the numbers below are
the places of its fields in TensorFlow Lite's `metadata_schema.fbs`.
"""

NAME = "TFLITE_METADATA"
IDENTIFIER = b"M001"
LICENSE = "Apache-2.0"
AUTHOR = "keras_pisr"
# Fields of ModelMetadata, SubGraphMetadata and TensorMetadata.
MODEL = {"name": 0, "description": 1, "version": 2, "subgraphs": 3, "author": 4, "license": 5}
SUBGRAPH = {"inputs": 2, "outputs": 3}
TENSOR = {"name": 0, "description": 1}


def standard_metadata(fields):
    """The FlatBuffer for a file that `export.py` wrote.

    Args:
        fields: The fields of `write_metadata`: `name`, `version`, `values`, and so on.

    Returns:
        The bytes of the buffer.
    """
    import flatbuffers  # flatbuffers comes with ai-edge-litert, which is optional.

    builder = flatbuffers.Builder(1024)
    values = fields.get("values", "")
    inputs = [_tensor(builder, "image", f"{fields.get('input', 'one size')}; {values}")]
    if "outputs" in fields:
        outputs = [
            _tensor(builder, name, f"{width} float32 numbers")
            for name, width in fields["outputs"].items()
        ]
    else:
        outputs = [_tensor(builder, "enlarged", f"{fields.get('scale')} times as large; {values}")]
    subgraph = _table(
        builder,
        SUBGRAPH,
        inputs=_offsets(builder, inputs),
        outputs=_offsets(builder, outputs),
    )
    model = _table(
        builder,
        MODEL,
        name=builder.CreateString(str(fields.get("name", ""))),
        description=builder.CreateString(description(fields)),
        version=builder.CreateString(str(fields.get("version", ""))),
        subgraphs=_offsets(builder, [subgraph]),
        author=builder.CreateString(AUTHOR),
        license=builder.CreateString(LICENSE),
    )
    builder.Finish(model, IDENTIFIER)
    return bytes(builder.Output())


def description(fields):
    """Sentences about the purpose of the file and its use."""
    if "outputs" in fields:
        return (
            "Recognizes small images. Give one image; the embedding is compared by its cosine, "
            "the largest logit names the class."
        )
    what = {
        "rgb": "Give an RGB image and show what comes out.",
        "luma": "Give the luma (Y of BT.601, 16 to 235) of an image; enlarge Cb and Cr by bicubic "
        "interpolation and put the three together.",
    }[fields.get("color", "luma")]
    preset = f" Preset {fields['preset']} of keras_pisr." if "preset" in fields else ""
    return f"Enlarges images {fields.get('scale')} times. {what}{preset}"


def _tensor(builder, name, text):
    offsets = {"name": builder.CreateString(name), "description": builder.CreateString(text)}
    return _table(builder, TENSOR, **offsets)


def _offsets(builder, offsets):
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def _table(builder, places, **offsets):
    builder.StartObject(max(places.values()) + 1)
    for name, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(places[name], offset, 0)
    return builder.EndObject()
