"""LiteRT's two programs named `benchmark_model`, and the flags that choose what runs the network.

One program runs LiteRT's interpreter with a delegate (`//tflite/tools/benchmark`). The other, to
which LiteRT's page now links, runs compiled models with accelerators (`//litert/tools`). Each
ignores the other's flags.
"""

import shlex

# The delegate is named, so that the program reports what it took over.
INTERPRETER = {"cpu": "--use_xnnpack=true", "gpu": "--use_gpu=true", "nnapi": "--use_nnapi=true"}
# Without these flags, the CPU runs the operations that the accelerator refuses, and no output says
# how many.
ALONE = "--use_cpu=false --require_full_delegation=true"
COMPILED = {
    "cpu": "--use_cpu=true",
    "gpu": f"--use_gpu=true {ALONE}",
    "npu": f"--use_npu=true {ALONE}",
}
DELEGATES = tuple(dict.fromkeys([*INTERPRETER, *COMPILED]))


def is_compiled(usage):
    """Whether a program runs compiled models, from its output for `--help`."""
    return "--use_npu" in usage


def delegate_flags(delegate, *, compiled, libraries=None):
    """Flags that choose what runs the network.

    Args:
        delegate: One of `DELEGATES`.
        compiled: Whether the program runs compiled models.
        libraries: Folder on the phone with the NPU maker's libraries.

    Raises:
        ValueError: If this program cannot use the delegate.

    Example:
        >>> delegate_flags("gpu", compiled=False)
        '--use_gpu=true'
    """
    known = COMPILED if compiled else INTERPRETER
    if delegate not in known:
        other = (
            "//tflite/tools/benchmark:benchmark_model"
            if compiled
            else "//litert/tools:benchmark_model"
        )
        raise ValueError(
            f"This benchmark_model has no {delegate}, only {', '.join(known)}. The other program "
            f"of that name has: build LiteRT's {other}."
        )
    flags = known[delegate]
    if delegate == "npu" and libraries is not None:
        folder = shlex.quote(libraries)
        flags += f" --dispatch_library_path={folder} --compiler_plugin_library_path={folder}"
    return flags


def library_environment(libraries):
    """Command that runs a program with the NPU maker's libraries in a folder on the phone."""
    folder = shlex.quote(libraries)
    return f"env LD_LIBRARY_PATH={folder} ADSP_LIBRARY_PATH={folder}"
