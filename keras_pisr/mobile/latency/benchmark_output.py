"""What `benchmark_model`, LiteRT's program for timing on Android, prints; and what it means."""

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
COMPLETE = re.compile(r"Explicitly applied .* delegate, .* be completely executed")
PARTIAL = re.compile(r"Explicitly applied .* delegate, .* be partially executed .* w/ (\d+)")
REFUSED = re.compile(r"Though (.*) delegate is explicitly applied, .* will not be executed")


def parse_benchmark(text):
    """Figures from the output of `benchmark_model`.

    Returns:
        Dictionary of `runs` and `warmup`: calls made, at least those asked for; in ms `median_ms`,
        `p95_ms`, `average_ms`, `min_ms`, `initialisation_ms`, `first_ms`; `peak_memory_bytes`
        beyond what the program took at its start, None if not printed; and `delegation`:
        "complete", "partial (N parts)" or "not reported".

    Raises:
        ValueError: If the text is not the output of a run that ended well, or the delegate
            asked for runs nothing: the program then times the CPU without failing.

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
            f"The {refused[1]} delegate of this phone takes no part of the network; the times "
            "would be those of the CPU."
        )
    timings = TIMINGS.search(text)
    blocks = [dict(STATISTICS.findall(line)) for line in text.splitlines() if "count=" in line]
    if timings is None or len(blocks) < 2 or "min" not in blocks[-1]:
        raise ValueError("The output is not that of benchmark_model, or ends too early.")
    if "median" not in blocks[-1]:
        raise ValueError("This benchmark_model is too old: it prints no median. Take a newer one.")
    warmup, timed = blocks[-2:]
    milliseconds = {name: float(value) / 1000 for name, value in timed.items()}
    memory, partial = MEMORY.search(text), PARTIAL.search(text)
    delegation = f"partial ({partial[1]} parts)" if partial else "not reported"
    return {
        "runs": int(timed["count"]),
        "warmup": int(warmup["count"]),
        "median_ms": milliseconds["median"],
        "p95_ms": milliseconds["p95"],
        "average_ms": milliseconds["avg"],
        "min_ms": milliseconds["min"],
        "initialisation_ms": float(timings[1]) / 1000,
        "first_ms": float(timings[2]) / 1000,
        "peak_memory_bytes": int(float(memory[2]) * 2**20) if memory else None,
        "delegation": "complete" if COMPLETE.search(text) else delegation,
    }
