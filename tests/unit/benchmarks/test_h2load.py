"""What h2load prints, and the log that it writes."""

from __future__ import annotations

import pytest

from benchmarks.h2load import parse
from benchmarks.wrk import WrkResult

PRINTED = """\
starting benchmark...
finished in 2.00s, 112160.50 req/s, 6.42MB/s
requests: 224321 total, 224385 started, 224321 done, 224320 succeeded, 1 failed, 0 errored, 0 timeout
status codes: 224320 2xx, 0 3xx, 0 4xx, 1 5xx
"""
TIMES = "".join(f"1700000000{number:06}\t200\t{number}\n" for number in range(1, 1001))


def test_counts_rate_and_percentiles():
    seen = parse(PRINTED, times=TIMES)
    assert (seen.requests, seen.requests_per_second, seen.errors) == (224_321, 112_160.5, 1)
    assert seen.p50_ms == pytest.approx(0.5005)
    assert seen.p99_ms == pytest.approx(0.991, abs=0.001)


def test_a_single_request_has_no_percentiles():
    assert parse(PRINTED, times="1700000000000000\t200\t50\n") == WrkResult(
        requests=224_321, requests_per_second=112_160.5, p50_ms=0, p99_ms=0, errors=1
    )


def test_what_it_did_not_print_is_an_error():
    with pytest.raises(ValueError, match="its output was:\nnothing"):
        parse("nothing", times="")
