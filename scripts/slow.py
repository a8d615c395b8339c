"""Holds a server with a thousand slow clients of `slowhttptest` and tells how long others wait meanwhile.

A prober with a connection of its own each time measures the 99th percentile, alone first and then beside slow heads
(-H), slow bodies (-B) and slow readers (-X). The verdict is against twice what it was alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable

from scripts.under_load import require, served
from tests.server.harness import Server, request

CONNECTIONS = 1000
RATE = 500
MOST_TIMES_BASE = 2.0
FLOOR_MS = 5.0
"""Bases below this count as this: under it, the clock of a busy machine is what is measured."""
ATTACKS = {
    "slow heads": ["-H", "-i", "5", "-x", "24", "-u", "/hello"],
    "slow bodies": ["-B", "-i", "5", "-s", "8192", "-x", "10", "-t", "POST", "-u", "/echo"],
    "slow readers": ["-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-u", "/large?kib=256"],
}


def probe(server: Server, going_on: Callable[[], bool]) -> tuple[float, int, int]:
    """Ask one request after the other; returns the 99th percentile in ms, the number of them and the failures."""
    times, failures = [], 0
    while going_on():
        begin = time.perf_counter()
        try:
            response = server.ask(request("GET", "/hello", "Connection: close"))
        except OSError:
            response = None
        failures += response is None or response.status != 200
        times.append((time.perf_counter() - begin) * 1000)
        time.sleep(0.01)
    return sorted(times)[int(len(times) * 0.99)], len(times), failures


def for_seconds(seconds: float) -> Callable[[], bool]:
    """Return what is true for so long."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def attacked(server: Server, options: list[str], seconds: int) -> tuple[float, int, int]:
    """Probe while slowhttptest runs."""
    *rest, flag, path = options
    command = [
        "slowhttptest",
        *rest,
        flag,
        server.url(path),
        "-c",
        str(CONNECTIONS),
        "-r",
        str(RATE),
        "-l",
        str(seconds),
    ]
    attack = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # It ends early where the server has closed every connection.
        return probe(server, for_seconds(seconds))
    finally:
        attack.kill()
        attack.wait()


def main() -> int:
    """Run and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.slow", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="how long each attack lasts")
    seconds: int = parser.parse_args().seconds
    require("slowhttptest")
    with served() as server:
        base, count, failures = probe(server, for_seconds(min(seconds, 10)))
        most = max(base, FLOOR_MS) * MOST_TIMES_BASE
        print(f"{'alone':<14}{base:>9.2f} ms at the 99th percentile of {count} requests, {failures} failed", flush=True)
        well = not failures
        for name, options in ATTACKS.items():
            p99, count, failures = attacked(server, options, seconds)
            well = well and p99 < most and not failures
            print(f"{name:<14}{p99:>9.2f} ms at the 99th percentile of {count} requests, {failures} failed", flush=True)
        server.assert_well()
    print(f"at most {most:.2f} ms and no failure: {'held' if well else 'NOT HELD'}")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
