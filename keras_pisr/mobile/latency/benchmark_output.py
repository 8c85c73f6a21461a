"""Reads the output of LiteRT's two programs `benchmark_model` for timing on Android."""

import re

# Microseconds; large averages come as 2.95e+06.
NUMBER = r"([0-9.]+(?:e[+-]?[0-9]+)?)"
STATISTICS = re.compile(rf"\b(count|first|curr|min|max|avg|std|p5|median|p95)={NUMBER}")
TIMINGS = re.compile(
    rf"Inference timings in us: Init: {NUMBER}, First inference: {NUMBER}, "
    rf"Warmup \(avg\): {NUMBER}, Inference \(avg\): {NUMBER}"
)
MEMORY = re.compile(
    rf"Memory footprint delta from the start of the tool \(MB\): init={NUMBER} overall={NUMBER}"
)
# The same figures from the program for compiled models.
RESULTS = re.compile(
    rf"Model initialization: +{NUMBER} ms.*?Warmup \(first\): +{NUMBER} ms", re.DOTALL
)
FOOTPRINT = re.compile(rf"Overall footprint: +{NUMBER} MB")
# Messages of the runtime when a delegate takes over operations.
REPLACED = re.compile(r"Replacing (\d+) out of (\d+) node\(s\) with delegate \(")
COMPLETE = re.compile(r"Explicitly applied .* delegate, .* be completely executed")
PARTIAL = re.compile(r"Explicitly applied .* delegate, .* be partially executed .* w/ (\d+)")
REFUSED = re.compile(r"Though (.*) delegate is explicitly applied, .* will not be executed")


def parse_benchmark(text):
    """Figures from the output of `benchmark_model`.

    Returns:
        Dictionary of `runs` and `warmup`: numbers of calls, at least the requested ones; in ms
        `median_ms`, `p95_ms`, `average_ms`, `min_ms`, `initialisation_ms`, `first_ms`;
        `peak_memory_bytes` beyond the program's memory at its start, None if not printed; and
        `delegation`: "complete", "partial (N parts)", "partial (N of M operations)" or "not
        reported".

    Raises:
        ValueError: If the text is not the output of a successful run, or if the requested delegate
            runs no operation. In the latter case the program times the CPU without an error.

    Example:
        >>> lines = [
        ...     "INFO: count=9 first=4000 curr=3900 min=3800 max=4000 avg=3900 std=9",
        ...     "INFO: count=50 min=2900 max=3500 avg=3100 std=9 p5=3000 median=3050 p95=3400",
        ...     "INFO: Inference timings in us: Init: 9000, First inference: 4000, "
        ...     "Warmup (avg): 3900, Inference (avg): 3100",
        ... ]
        >>> parse_benchmark(chr(10).join(lines))["median_ms"]
        3.05
    """
    refused = REFUSED.search(text)
    if refused:
        raise ValueError(
            f"The {refused[1]} delegate of this phone runs no part of the network; the times "
            "would be those of the CPU."
        )
    init_ms, first_ms = _start(text)
    blocks = [dict(STATISTICS.findall(line)) for line in text.splitlines() if "count=" in line]
    if init_ms is None or len(blocks) < 2 or "min" not in blocks[-1]:
        raise ValueError("The output is not from benchmark_model, or ends too early.")
    if "median" not in blocks[-1]:
        raise ValueError("This benchmark_model is too old: it prints no median. Use a newer one.")
    warmup, timed = blocks[-2:]
    milliseconds = {name: float(value) / 1000 for name, value in timed.items()}
    old, new = MEMORY.search(text), FOOTPRINT.search(text)
    footprint = old[2] if old else new[1] if new else None
    return {
        "runs": int(timed["count"]),
        "warmup": int(warmup["count"]),
        "median_ms": milliseconds["median"],
        "p95_ms": milliseconds["p95"],
        "average_ms": milliseconds["avg"],
        "min_ms": milliseconds["min"],
        "initialisation_ms": init_ms,
        "first_ms": first_ms,
        "peak_memory_bytes": None if footprint is None else int(float(footprint) * 2**20),
        "delegation": _delegation(text),
    }


def _start(text):
    """Time until ready and of the first call, ms, or None twice."""
    timings, results = TIMINGS.search(text), RESULTS.search(text)
    if timings:
        return float(timings[1]) / 1000, float(timings[2]) / 1000
    return (float(results[1]), float(results[2])) if results else (None, None)


def _delegation(text):
    """The share of the network that the delegate runs, in words."""
    if COMPLETE.search(text):
        return "complete"
    partial = PARTIAL.search(text)
    if partial:
        return f"partial ({partial[1]} parts)"
    taken = [(int(some), int(every)) for some, every in REPLACED.findall(text)]
    if not taken:
        return "not reported"
    some, every = max(taken)
    return "complete" if some == every else f"partial ({some} of {every} operations)"
