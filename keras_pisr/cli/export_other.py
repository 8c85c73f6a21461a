"""`export` for other runtimes, which the suffix of `--out` chooses."""

from keras_pisr.cli.model_argument import TRAINABLE, super_resolution_model
from keras_pisr.cli.run_command import use_tensorflow
from keras_pisr.console.quiet import without_notices

FORMATS = {".onnx": "ONNX", ".xml": "OpenVINO", ".mlpackage": "Core ML"}


def export_other(student, out, given):
    """Convert a super-resolution student for another runtime, and print the result of the checks.

    Args:
        student: As in `export`.
        out: Path whose suffix is one of `FORMATS`.
        given: Flags of the other options of `export` that are given. All of them are refused.

    Returns:
        The exit code, 0.

    Raises:
        ValueError: If options are given, or the file is not sound.
        ImportError: If the runtime's package is not installed.
    """
    if given:
        raise ValueError(f"{', '.join(given)}: only for .tflite files; {out} has another format.")
    use_tensorflow()
    with without_notices():
        model, _ = super_resolution_model(student, accept=TRAINABLE)
        found = _converted(model, out)
    size = sum(path.stat().st_size for path in _files(out))
    print(f"{out} ({FORMATS[out.suffix]}, any size): {size / 1000:.1f} kB; {found}")
    return 0


def _converted(model, out):
    if out.suffix == ".mlpackage":
        from keras_pisr.mobile.targets.coreml_file import to_coreml

        operations = to_coreml(model, out)
        counts = ", ".join(f"{count} {name}" for name, count in operations.items())
        return f"read back: {counts}. Not run: only macOS and iOS can."
    if out.suffix == ".onnx":
        from keras_pisr.mobile.targets.onnx_file import to_onnx as convert
    else:
        from keras_pisr.mobile.targets.openvino_file import to_openvino as convert
    return f"values differ from Keras by at most {convert(model, out):.1e}"


def _files(out):
    if out.is_dir():
        return [path for path in out.rglob("*") if path.is_file()]
    return [out, out.with_suffix(".bin")] if out.suffix == ".xml" else [out]
