"""What wrk prints, and the script it is given."""

from __future__ import annotations

import pytest

from benchmarks.endpoints import Endpoint
from benchmarks.wrk import WrkResult, lua_script, parse

CLEAN = """\
Running 3s test @ http://127.0.0.1:8000/hello
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.07ms    2.11ms  35.05ms   97.59%
    Req/Sec    93.31k     4.19k  101.22k    80.00%
  Latency Distribution
     50%  612.00us
     75%    1.01ms
     90%    1.60ms
     99%   11.58ms
  279301 requests in 3.00s, 31.43MB read
Requests/sec:  93051.42
Transfer/sec:     10.47MB
"""
ERRORS = "  Socket errors: connect 1, read 2, write 0, timeout 4\n  Non-2xx or 3xx responses: 100\n"


def test_counts_and_latencies_are_read_in_milliseconds():
    assert parse(CLEAN) == WrkResult(
        requests=279_301, requests_per_second=93_051.42, p50_ms=0.612, p99_ms=11.58, errors=0
    )


def test_latencies_of_seconds_are_read_too():
    assert parse(CLEAN.replace("11.58ms", "1.50s")).p99_ms == 1500


def test_socket_errors_and_refusals_are_added_up():
    assert parse(CLEAN.replace("Requests/sec", f"{ERRORS}Requests/sec")).errors == 107


def test_unreadable_output_is_quoted():
    with pytest.raises(ValueError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_a_body_and_its_headers_are_quoted_for_lua():
    endpoint = Endpoint(
        name="orders",
        description="",
        paths=("/orders",),
        method="POST",
        body=b'{"a":"\\n"}',
        headers={"Content-Type": "application/json"},
    )
    script = lua_script(endpoint)
    assert 'wrk.method = "POST"' in script
    assert 'wrk.headers["Content-Type"] = "application/json"' in script
    assert r'wrk.body = "{\"a\":\"\\n\"}"' in script
    assert "function request" not in script


def test_several_paths_are_sent_in_turn():
    script = lua_script(Endpoint(name="routes", description="", paths=("/a", "/b")))
    assert 'local paths = {"/a", "/b"}' in script
    assert "function request" in script
