"""The run: start every contestant, check the answers, warm up, measure in alternating rounds, read the memory.

What is done with the samples is decided in `report`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import equality
from benchmarks.contestant import Contestant
from benchmarks.endpoints import Endpoint
from benchmarks.environment import EnvironmentFailed
from benchmarks.processes import Server, free_port
from benchmarks.wrk import Load

WARM_UP_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How long and how hard to measure: `rounds` of `seconds` each, per endpoint and contestant."""

    rounds: int = 5
    seconds: float = 3.0
    connections: int = 64


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One round of one endpoint on one contestant."""

    requests: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    errors: int


@dataclass(kw_only=True)
class Measurements:
    """All samples, by endpoint and contestant, and the memory and versions of each contestant."""

    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    rss_mib: dict[str, float] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)


def cores() -> tuple[int, int]:
    """Return the core for servers and the core for wrk; raises EnvironmentFailed where there are not two."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        raise EnvironmentFailed("measuring needs two cores, one for the server and one for wrk; found one")
    return available[0], available[1]


def measure(
    contestants: Sequence[Contestant],
    endpoints: Sequence[Endpoint],
    *,
    settings: Settings,
    progress: Callable[[str], None],
) -> Measurements:
    """Measure every endpoint on every contestant that has it.

    Raises EnvironmentFailed, ServerFailed or AnswersDiffer; all servers are ended whatever happens.
    """
    server_core, load_core = cores()
    load = Load(connections=settings.connections, core=load_core)
    result = Measurements()
    with ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bolt-bench-")))
        servers = {}
        for contestant in contestants:
            progress(f"preparing {contestant.name}: {contestant.description}")
            server = _server(contestant, workspace=workspace, core=server_core)
            result.versions[contestant.name] = contestant.versions()
            servers[contestant.name] = stack.enter_context(server)
        for endpoint in endpoints:
            ports = {each.name: servers[each.name].port for each in contestants if each.has(endpoint)}
            equality.check(endpoint, ports)
        progress(f"answers are the same; warming up, then {settings.rounds} rounds of {settings.seconds:g} s")
        for endpoint in endpoints:
            for contestant in _serving(contestants, endpoint):
                _sample(servers[contestant.name], endpoint, load=load, seconds=WARM_UP_SECONDS, workspace=workspace)
        for number in range(settings.rounds):
            for endpoint in endpoints:
                row = result.samples.setdefault(endpoint.name, {})
                for contestant in _serving(contestants, endpoint)[:: -1 if number % 2 else 1]:
                    server = servers[contestant.name]
                    sample = _sample(server, endpoint, load=load, seconds=settings.seconds, workspace=workspace)
                    row.setdefault(contestant.name, []).append(sample)
                    progress(_line(f"round {number + 1}/{settings.rounds}", endpoint, contestant, sample))
        for name, server in servers.items():
            result.rss_mib[name] = server.worker_rss() / 2**20
    return result


def _serving(contestants: Sequence[Contestant], endpoint: Endpoint) -> list[Contestant]:
    return [contestant for contestant in contestants if contestant.has(endpoint)]


def _server(contestant: Contestant, *, workspace: Path, core: int) -> Server:
    own = workspace / contestant.name
    own.mkdir()
    port = free_port()
    launch = contestant.prepare(workspace=own, port=port)
    return Server(launch, port=port, core=core, log=own / "server.log")


def _sample(server: Server, endpoint: Endpoint, *, load: Load, seconds: float, workspace: Path) -> Sample:
    before = server.cpu_seconds()
    seen = load.run(endpoint, port=server.port, seconds=seconds, workspace=workspace)
    used = server.cpu_seconds() - before
    server.wait_until_idle()
    server.truncate_log()
    if seen.requests == 0:
        raise ValueError(f"not one {endpoint.method} {endpoint.paths[0]} was answered in {seconds:g} s")
    return Sample(
        requests=seen.requests,
        requests_per_second=seen.requests_per_second,
        p50_ms=seen.p50_ms,
        p99_ms=seen.p99_ms,
        cpu_us=used * 1e6 / seen.requests,
        errors=seen.errors,
    )


def _line(round_name: str, endpoint: Endpoint, contestant: Contestant, sample: Sample) -> str:
    return (
        f"{round_name}  {endpoint.name:<9} {contestant.name:<13} "
        f"{sample.requests_per_second:>10,.0f} requests/s {sample.cpu_us:>9.1f} µs CPU"
        + (f"  {sample.errors} errors" if sample.errors else "")
    )
