"""Serves millions of requests, good and bad ones mixed, and tells whether the server's memory stays flat.

Good ones come from wrk, bad ones from raw sockets meanwhile. The verdict is the slope of the resident memory over the
second half of the run: the first half fills caches and allocators.
"""

from __future__ import annotations

import argparse
import itertools
import re
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from scripts.under_load import require, served
from tests.server.harness import Server, post, request

ROUND_SECONDS = 2
MOST_KIB_PER_MILLION = 4096.0
PATHS = ["/hello", "/def", "/typed/number/7", "/nowhere", "/typed/number/x"]
BAD = [
    b"GET /hello HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    request("GET", "/hello", "Host: other"),
    request("GET", "/hello", b"X: a\x00b"),
    request("GET", "/hello", *(f"X-{number}: a" for number in range(200))),
    request("GET", "/hello", "X-Text: " + "a" * 200_000),
    request("POST", "/echo", "Transfer-Encoding: chunked", "Content-Length: 5"),
    request("POST", "/echo", "Transfer-Encoding: chunked") + b"-5\r\nhello\r\n",
    request("POST", "/echo", "Content-Length: 5") + b"he",
    post("/typed/any", b'{"a": '),
    post("/typed/any", b"[" * 10_000),
    post("/typed/person", b"\xff\xfe"),
    post("/echo", b"a" * 100_000) + request("GET", "/hello", "Connection: close"),
]


@contextmanager
def bad_traffic(server: Server) -> Iterator[Callable[[], int]]:
    """Send bad messages until the block ends; gives a function that returns how many there were."""
    ended = threading.Event()
    sent = itertools.count()

    def run() -> None:
        for data in itertools.cycle(BAD):
            if ended.is_set():
                return
            with suppress(OSError), server.connect() as wire:
                wire.socket.settimeout(0.05)
                wire.send(data).socket.recv(4096)
            next(sent)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield lambda: int(re.findall(r"\d+", repr(sent))[0])
    finally:
        ended.set()
        thread.join()


def good_traffic(server: Server, path: str) -> int:
    """Let wrk ask for a path and return how often it was answered."""
    command = ["wrk", "--threads", "1", "--connections", "32", "--duration", f"{ROUND_SECONDS}s", server.url(path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=ROUND_SECONDS + 30, check=True).stdout
    found = re.search(r"(\d+) requests in", told)
    return int(found[1]) if found else 0


def soak(server: Server, wanted: int) -> list[tuple[int, int]]:
    """Return pairs of requests answered and resident memory in KiB."""
    samples: list[tuple[int, int]] = []
    done = 0
    with bad_traffic(server) as bad:
        for path in itertools.cycle(PATHS):
            done += good_traffic(server, path)
            samples.append((done + bad(), server.resident()))
            print(f"{samples[-1][0]:>10,} requests ({bad():,} bad)  {samples[-1][1]:>8,} KiB", flush=True)
            if samples[-1][0] >= wanted and len(samples) >= 2 * len(PATHS):
                server.assert_well()
                return samples
    raise AssertionError("a cycle has no end")


def main() -> int:
    """Run and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=2_000_000, help="how many at least")
    wanted: int = parser.parse_args().requests
    require("wrk")
    with served() as server:
        samples = soak(server, wanted)
    half = samples[len(samples) // 2 :]
    counts, memory = zip(*half, strict=True)
    slope = statistics.linear_regression(counts, memory).slope * 1_000_000
    flat = slope <= MOST_KIB_PER_MILLION
    print(f"second half: {slope:,.0f} KiB a million requests: {'flat' if flat else 'GROWING'}")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
