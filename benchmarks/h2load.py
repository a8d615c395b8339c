"""h2load: its command line, and what it prints. It loads by HTTP/2 what `wrk` loads by HTTP/1.1."""

from __future__ import annotations

import re
import statistics
import subprocess
from pathlib import Path

from benchmarks.endpoints import Endpoint
from benchmarks.processes import HOST
from benchmarks.wrk import GRACE_SECONDS, WrkResult

STREAMS = 8


def run(endpoint: Endpoint, *, port: int, seconds: float, connections: int, core: int, workspace: Path) -> WrkResult:
    """Load one endpoint for `seconds`, with eight streams on each connection, and return what h2load saw."""
    times = workspace / "h2load.tsv"
    times.unlink(missing_ok=True)
    command = ["taskset", "-c", str(core), "h2load", "-t", "1", "-c", str(connections), "-m", str(STREAMS)]
    command += ["-D", f"{seconds:g}", f"--log-file={times}", f"https://{HOST}:{port}{endpoint.paths[0]}"]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False)
    if finished.returncode != 0:
        raise ValueError(f"{' '.join(command)} ended with {finished.returncode}:\n{finished.stderr}")
    return parse(finished.stdout, times=times.read_text())


def parse(output: str, *, times: str) -> WrkResult:
    """Read what h2load prints and its log (start, status and microseconds of each request, tab-separated)."""
    counts = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded", output)
    rate = re.search(r"finished in [\d.]+m?s, ([\d.]+) req/s", output)
    if counts is None or rate is None:
        raise ValueError(f"h2load printed neither its requests nor their rate; its output was:\n{output}")
    milliseconds = [int(line.rsplit("\t", 1)[1]) / 1000 for line in times.splitlines()]
    percentiles = statistics.quantiles(milliseconds, n=100) if len(milliseconds) > 1 else [0.0] * 99
    return WrkResult(
        requests=int(counts[1]),
        requests_per_second=float(rate[1]),
        p50_ms=percentiles[49],
        p99_ms=percentiles[98],
        errors=int(counts[1]) - int(counts[2]),
    )
