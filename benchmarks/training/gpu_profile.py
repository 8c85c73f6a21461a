"""Lists the kernels in which the steps of `gpu_training.py` spend their time; needs a GPU."""

import collections
import tempfile
from pathlib import Path

# Number of kernels that are listed by name.
LISTED = 20


def summary(kernels, steps):
    """Figures per step from `(name, nanoseconds)` of every kernel that ran."""
    calls, times = collections.Counter(), collections.Counter()
    for name, nanoseconds in kernels:
        calls[name] += 1
        times[name] += nanoseconds / 1e3
    return {
        "kernels_per_step": sum(calls.values()) / steps,
        "microseconds_per_step": sum(times.values()) / steps,
        "longest": [
            {"name": name[:120], "calls": calls[name] / steps, "microseconds": time / steps}
            for name, time in times.most_common(LISTED)
        ],
    }


def jax_profile(run, steps):
    """The kernels of `run()`, which takes `steps` steps with JAX."""
    import jax

    options = jax.profiler.ProfileOptions()
    options.python_tracer_level = options.host_tracer_level = 0
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder, profiler_options=options):
            run()
        path = next(Path(folder).rglob("*.xplane.pb"))
        planes = jax.profiler.ProfileData.from_file(str(path)).planes
        lines = [line for plane in planes if "GPU" in plane.name for line in plane.lines]
        kernels = [
            (event.name, event.duration_ns)
            for line in lines
            if line.name.startswith("Stream")
            for event in line.events
        ]
    return summary(kernels, steps)


def torch_profile(run, steps):
    """The kernels of `run()`, which takes `steps` steps with PyTorch."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as found:
        run()
        torch.cuda.synchronize()
    kernels = [
        (event.name, 1e3 * event.time_range.elapsed_us())
        for event in found.events()
        if event.device_type == torch.autograd.DeviceType.CUDA
    ]
    return summary(kernels, steps)
