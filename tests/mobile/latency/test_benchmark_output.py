"""The words of `benchmark_model`, as read off its sources; the figures are made up."""

import pytest

from keras_pisr.mobile.latency.benchmark_output import parse_benchmark

DELEGATED = (
    "INFO: Explicitly applied XNNPACK delegate, and the model graph will be completely executed "
    "by the delegate.\n"
)
WARMUP = """\
INFO: Running benchmark for at least 3 iterations and at least 0.5 seconds but terminate if \
exceeding 150 seconds.
INFO: count=5 first=151000 curr=120500 min=120100 max=151000 avg=126000 std=12000 p5=120100 \
median=120600 p95=151000
"""
TIMED = """\
INFO: count=50 first=121000 curr=122000 min=119500 max=2.5e+05 avg=123456 std=9000 p5=119700 \
median=121250 p95=131000
"""
TIMINGS = """\
INFO: Inference timings in us: Init: 35250, First inference: 151000, Warmup (avg): 126000, \
Inference (avg): 123456
"""
MEMORY = """\
INFO: Memory footprint delta from the start of the tool (MB): init=2.5 overall=48.25
"""


def test_figures_are_those_of_the_second_block_in_ms():
    assert parse_benchmark(DELEGATED + WARMUP + TIMED + TIMINGS + MEMORY) == {
        "runs": 50,
        "warmup": 5,
        "median_ms": 121.25,
        "p95_ms": 131,
        "average_ms": 123.456,
        "min_ms": 119.5,
        "initialisation_ms": 35.25,
        "first_ms": 151,
        "peak_memory_bytes": 48.25 * 2**20,
        "delegation": "complete",
    }


RESULTS = """\
INFO: [benchmark_litert_model.h:70]
========== BENCHMARK RESULTS ==========
INFO: [benchmark_litert_model.h:71] Model initialization: 35.25 ms
INFO: [benchmark_litert_model.h:72] Warmup (first):       151.00 ms
INFO: [benchmark_litert_model.h:74] Warmup (avg):         126.00 ms (5 runs)
INFO: [benchmark_litert_model.h:76] Inference (avg):      123.46 ms (50 runs)
INFO: [benchmark_litert_model.h:99]
Memory Usage:
INFO: [benchmark_litert_model.h:100] Init footprint:       2.50 MB
INFO: [benchmark_litert_model.h:102] Overall footprint:    48.25 MB
"""


def replaced(some):
    return (
        f"INFO: Replacing {some} out of 9 node(s) with delegate (LiteRtGpu) node, yielding 3 "
        "partitions for subgraph 0.\n"
    )


def test_the_program_for_compiled_models_says_the_same_in_other_words():
    old = parse_benchmark(DELEGATED + WARMUP + TIMED + TIMINGS + MEMORY)
    assert parse_benchmark(replaced(9) + WARMUP + TIMED + RESULTS) == old
    part = parse_benchmark(replaced(1) + replaced(7) + WARMUP + TIMED + RESULTS)
    assert part["delegation"] == "partial (7 of 9 operations)"


def test_what_a_delegate_leaves_is_told():
    part = (
        "INFO: Explicitly applied GPU delegate, and the model graph will be partially executed "
        "by the delegate w/ 2 delegate kernels.\n"
    )
    row = parse_benchmark(part + WARMUP + TIMED + TIMINGS)
    assert row["delegation"] == "partial (2 parts)" and row["peak_memory_bytes"] is None
    assert parse_benchmark(WARMUP + TIMED + TIMINGS)["delegation"] == "not reported"


def test_times_of_the_cpu_are_not_taken_for_those_of_a_delegate_that_refused():
    refusal = (
        "INFO: Though NNAPI delegate is explicitly applied, the model graph will not be executed "
        "by the delegate.\n"
    )
    with pytest.raises(ValueError, match="NNAPI delegate of this phone runs no part"):
        parse_benchmark(refusal + WARMUP + TIMED + TIMINGS)


def test_large_averages_are_read_in_full():
    text = WARMUP + TIMED.replace("avg=123456", "avg=2.95034e+06") + TIMINGS
    assert parse_benchmark(text)["average_ms"] == 2950.34


def test_lines_of_the_phones_log_are_read_too():
    log = "".join(
        f"11-24 10:00:00.000  4242  4242 I tflite  : {line[6:]}\n"
        for line in (DELEGATED + WARMUP + TIMED + TIMINGS + MEMORY).splitlines()
    )
    assert parse_benchmark(log) == parse_benchmark(DELEGATED + WARMUP + TIMED + TIMINGS + MEMORY)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not from benchmark_model"),
        (WARMUP + TIMED, "ends too early"),
        (WARMUP + TIMINGS, "ends too early"),
        (WARMUP + TIMED.partition(" p5")[0] + "\n" + TIMINGS, "prints no median"),
    ],
)
def test_what_is_not_the_output_of_a_good_run_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_benchmark(text)
