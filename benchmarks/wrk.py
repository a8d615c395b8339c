"""wrk: its script, its command line, and what it prints.

It measures from outside; what a request costs the server is read in `processes`.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.endpoints import Endpoint
from benchmarks.processes import HOST

MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}
# What wrk may take beyond the time it was given, before it is ended.
GRACE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class WrkResult:
    """One run of wrk: latencies in milliseconds; `errors` counts socket errors and answers of 400 and above."""

    requests: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


@dataclass(frozen=True, kw_only=True)
class Load:
    """How hard a server is loaded, and on which core the load is made."""

    connections: int
    core: int

    def run(self, endpoint: Endpoint, *, port: int, seconds: float, workspace: Path) -> WrkResult:
        """Load one endpoint of the server on `port` for `seconds` and return what wrk saw."""
        script = workspace / f"{endpoint.name}.lua"
        script.write_text(lua_script(endpoint))
        command = ["taskset", "-c", str(self.core), "wrk", "--latency", "-t", "1", "-c", str(self.connections)]
        command += ["-d", f"{seconds:g}s", "-s", str(script), f"{endpoint.protocol}://{HOST}:{port}{endpoint.paths[0]}"]
        finished = subprocess.run(command, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False)
        if finished.returncode != 0:
            raise ValueError(f"{' '.join(command)} ended with {finished.returncode}:\n{finished.stderr}")
        return parse(finished.stdout)


def lua_script(endpoint: Endpoint) -> str:
    """Return the wrk script that sends `endpoint`, cycling through its paths where it has several."""
    quote = json.dumps  # a JSON string of ASCII text is a Lua string too
    headers = "".join(f"wrk.headers[{quote(name)}] = {quote(value)}\n" for name, value in endpoint.headers.items())
    script = f"wrk.method = {quote(endpoint.method)}\n{headers}"
    if endpoint.body:
        script += f"wrk.body = {quote(endpoint.body.decode('ascii'))}\n"
    if len(endpoint.paths) > 1:
        paths = ", ".join(quote(path) for path in endpoint.paths)
        script += f"""local paths = {{{paths}}}
local requests, turn = {{}}, 0
function init()
  for index, path in ipairs(paths) do requests[index] = wrk.format(nil, path) end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
"""
    return script


def parse(output: str) -> WrkResult:
    """Read what `wrk --latency` prints; raises ValueError quoting it when something is missing."""
    socket_errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    counts = [*(socket_errors.groups() if socket_errors else ()), *(refused.groups() if refused else ())]
    return WrkResult(
        requests=int(_find(r"^\s+(\d+) requests in ", output)[1]),
        requests_per_second=float(_find(r"^Requests/sec:\s+([\d.]+)", output)[1]),
        p50_ms=_latency(50, output),
        p99_ms=_latency(99, output),
        errors=sum(map(int, counts)),
    )


def _latency(percentile: int, output: str) -> float:
    found = _find(rf"^\s+{percentile}%\s+([\d.]+)(us|ms|s|m)\s*$", output)
    return float(found[1]) * MILLISECONDS[found[2]]


def _find(pattern: str, output: str) -> re.Match[str]:
    found = re.search(pattern, output, re.MULTILINE)
    if found is None:
        raise ValueError(f"wrk printed nothing that matches {pattern!r}; its output was:\n{output}")
    return found
