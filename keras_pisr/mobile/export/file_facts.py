"""The contents of a `.tflite` file, and checks that a phone can run it as intended."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_pisr.mobile.runtime.tflite_file import TFLiteFile

if TYPE_CHECKING:
    import os


# Variables in a file mean that the exporter lost track of weights: the file is small and
# computes nothing sensible.
VARIABLE_OPERATIONS = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}
# Operations that convert pixels from one type to another at the ends of a file. They take almost no
# time.
BOUNDARY = {"QUANTIZE", "DEQUANTIZE", "CAST"}
# Operations of `WholeAndRest`, which splits the pixels before the first operation of 8 bit.
SPLITTING = {"MUL", "FLOOR", "SUB", "CONCATENATION"}
# Convolutions of `whole_image`: to luma, from luma, and of the chroma.
COLOUR_CONVOLUTIONS = 3
# Bytes per weight, and bytes for the rest of a file: names, shapes, quantization.
WEIGHT_BYTES = {"float32": 4, "float16": 2, "dynamic": 1, "int8": 1}
OVERHEAD = 64 * 2**10
SLOPES = (
    "In 8 bit it runs a PReLU only with one slope for the layer; it runs ReLUs, as in "
    "ResidualFSRCNN (preset residual_fsrcnn_x2); and float16 and dynamic files of this network."
)


@dataclasses.dataclass(frozen=True)
class FileFacts:
    """The contents of a file.

    Attributes:
        name: File name.
        bytes: File size.
        operations: Operation name to count, before delegation.
        delegates: Number of parts that XNNPACK runs. 1 means the whole network.
        not_delegated: Names of the operations that XNNPACK does not run, in no special order.
        float_operations: Names of the operations that compute in float, without those that split
            the pixels for an 8-bit network (`WholeAndRest`) and, in a file of whole images, those
            that compute colours before, beside and after it.
    """

    name: str
    bytes: int
    operations: dict
    delegates: int
    not_delegated: tuple
    float_operations: tuple

    @classmethod
    def of(cls, file: Any) -> FileFacts:
        """The facts of a file, from its path or opened; raises the errors of `TFLiteFile`."""
        model = opened(file)
        # Delegation happens when memory is allocated, for which open sizes must be fixed.
        model.resize(tuple(n or 16 for n in model.shape))
        operations = [*model.interpreter._get_ops_details()]
        types = {t["index"]: t["dtype"] for t in model.interpreter.get_tensor_details()}
        original = [op for op in operations if op["op_name"] != "DELEGATE"]
        return cls(
            name=model.name,
            bytes=model.bytes,
            operations=dict(Counter(op["op_name"] for op in original)),
            delegates=len(operations) - len(original),
            not_delegated=executed(operations, model.interpreter.get_output_details()),
            float_operations=computed_in_float(original, types, images=gives_rgb(model)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        return dataclasses.asdict(self)


def gives_rgb(model):
    """Whether a file makes whole images."""
    return model.color == "rgb" and len(model.interpreter.get_output_details()[0]["shape"]) == 4


def computed_in_float(operations, types, *, images):
    """Names of the operations that compute in float and should not, if the file is in 8 bit.

    Args:
        operations: The original ones, in the order in which they run.
        types: Dict from the index of a tensor to its dtype.
        images: Whether the file makes whole images.
    """

    def in_float(operations):
        return [
            op["op_name"]
            for op in operations
            if any(types.get(i) == np.float32 for i in op["outputs"])
        ]

    if images:
        inside = between_8_bit(operations, types)
        around = in_float([op for op in operations if op not in inside])
        if around.count("CONV_2D") <= COLOUR_CONVOLUTIONS:
            return tuple(in_float(inside))
    return tuple(in_float(after_splitting(operations)))


def after_splitting(operations):
    """The operations without those at the start that only split pixels for 8 bit."""
    first = next((i for i, op in enumerate(operations) if op["op_name"] == "QUANTIZE"), 0)
    before = {op["op_name"] for op in operations[:first]}
    return operations[first:] if before <= SPLITTING else operations


def between_8_bit(operations, types):
    """The operations that read what 8 bit computed and whose result 8 bit reads again.

    In a file of whole images, colours are computed in float before, beside and after an 8-bit
    network. If nothing is computed in 8 bit, all operations are returned.
    """

    def in_8_bit(operation):
        results = [types.get(i) for i in operation["outputs"]]
        return operation["op_name"] not in BOUNDARY and np.int8 in results

    def following(operations, start, end):
        """Indices of the operations that follow one in 8 bit, from tensors `start` to `end`."""
        tensors, found = set(), set()
        for operation in operations:
            follows = not tensors.isdisjoint(map(int, operation[start]))
            if follows:
                found.add(operation["index"])
            if follows or in_8_bit(operation):
                tensors.update(map(int, operation[end]))
        return found

    if not any(map(in_8_bit, operations)):
        return operations
    after = following(operations, "inputs", "outputs")
    before = following(operations[::-1], "outputs", "inputs")
    return [op for op in operations if op["index"] in after & before]


def executed(operations, outputs):
    """Names of the operations that the interpreter runs itself, outside delegates.

    The runtime lists the original operations and, after them, the delegates that replaced
    some of them. A delegate takes over the tensors that it writes. A walk back from the outputs,
    through delegates if there are any, therefore meets exactly the operations that run.
    """
    writer = {}
    for operation in operations:  # Delegates come last and so take precedence.
        writer |= {int(tensor): operation for tensor in operation["outputs"]}
    waiting, seen, names = [output["index"] for output in outputs], set(), []
    while waiting:
        operation = writer.get(int(waiting.pop()))
        if operation is None or operation["index"] in seen:
            continue
        seen.add(operation["index"])
        waiting += list(operation["inputs"])
        if operation["op_name"] != "DELEGATE":
            names.append(operation["op_name"])
    return tuple(names)


def opened(file):
    """A `TFLiteFile` for a path; a `TFLiteFile` is returned unchanged."""
    return file if isinstance(file, TFLiteFile) else TFLiteFile(file)


def check_file(
    path: str | os.PathLike[str],
    *,
    precision: str,
    weights: int | None = None,
    max_bytes: int | None = None,
    wholly_delegated: bool = True,
) -> FileFacts:
    """Raise a `ValueError` for a file that is not as requested.

    The file must have no variables. An int8 file must not compute in float between its ends, except
    the colours of whole images. The file must not be smaller than its weights (some exporters drop
    them silently) nor larger than `max_bytes`. XNNPACK must run the whole network, except for the
    conversions of pixels at its ends. The output must be finite for black, white and noise at an
    odd size.

    Args:
        path: Path of a `.tflite` file, or an opened `TFLiteFile`.
        precision: Precision of the file; see `to_tflite`.
        weights: Number of values that the file should hold: the weights of the Keras model or, for
            a file of one size, `stored_weights`. Without it, the size is compared only with
            `max_bytes`.
        max_bytes: Largest file allowed; if not given, twice the weights and 64 KiB.
        wholly_delegated: Whether operations outside XNNPACK are an error. Otherwise they are only
            listed in the result.

    Returns:
        `FileFacts`.

    Raises:
        ValueError: If a check fails; the message says which.
    """
    file = opened(path)
    facts = FileFacts.of(file)
    variables = sorted(VARIABLE_OPERATIONS & facts.operations.keys())
    if variables:
        raise ValueError(
            f"The file holds {', '.join(variables)}: weights were not converted to constants. "
            "Convert with to_tflite."
        )
    if precision == "int8":
        floats = [name for name in facts.float_operations if name not in BOUNDARY]
        if floats:
            raise ValueError(
                f"The file should be int8, but computes in float: {_counted(floats)}. These "
                "operations have no 8-bit form; replace their layers."
            )
    _check_size(facts, precision, weights, max_bytes)
    outside = [name for name in facts.not_delegated if name not in BOUNDARY]
    if wholly_delegated and outside:
        slopes = f"{SLOPES} " if "PRELU" in outside else ""
        raise ValueError(
            f"XNNPACK does not run {_counted(outside)}; it runs the rest in {facts.delegates} "
            f"part(s), and the file is slower. {slopes}Replace those layers (an untrained network "
            "with weights of zero may only need training), or allow it with "
            "wholly_delegated=False (--allow-undelegated)."
        )
    _check_finite(file)
    return facts


def _check_size(facts, precision, weights, max_bytes):
    if weights is not None:
        expected = weights * WEIGHT_BYTES[precision]
        # Half of them are enough, because a converter may fold some weights into others.
        if facts.bytes < expected / 2:
            raise ValueError(
                f"The file has {facts.bytes} bytes, but the {weights} weights alone take "
                f"{expected}: the conversion lost some."
            )
        max_bytes = max_bytes or 2 * expected + OVERHEAD
    if max_bytes is not None and facts.bytes > max_bytes:
        raise ValueError(f"The file has {facts.bytes} bytes; at most {max_bytes} were expected.")


def _check_finite(model):
    batch, height, width, channels = (n or 1 for n in model.shape)
    shape = (batch, max(height, 17), max(width, 23), channels)
    noise = np.random.default_rng(0).random(shape, "float32")
    for name, image in {"black": 0 * noise, "white": 0 * noise + 1, "noise": noise}.items():
        image = image[:, : model.shape[1], : model.shape[2]]
        if not all(np.isfinite(output).all() for output in model.run(image)):
            raise ValueError(f"The file gives values that are not finite for {name} {image.shape}.")


def _counted(names):
    return ", ".join(f"{count} {name}" for name, count in sorted(Counter(names).items()))
