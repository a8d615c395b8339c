"""The run: start every contestant, check the answers, warm up, measure in alternating rounds, read the memory.

What is done with the samples is decided in `report`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import equality, h2load
from benchmarks.contestant import Contestant
from benchmarks.databases import DATABASES, Database, SQLite
from benchmarks.endpoints import Endpoint
from benchmarks.environment import EnvironmentFailed
from benchmarks.processes import Server, free_port
from benchmarks.wrk import Load, WrkResult


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How long and how hard to measure, `rounds` of `seconds` each per endpoint and contestant, and on what database.

    `database` is one of the names in `databases.DATABASES`.
    """

    rounds: int = 5
    seconds: float = 3.0
    connections: int = 64
    database: str = SQLite.name


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
    """All samples, by endpoint and contestant, the memory and versions of each contestant, facts of the database."""

    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    rss_mib: dict[str, float] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    database: dict[str, object] = field(default_factory=dict)


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
    """Measure every endpoint on every contestant that has it; who has none of them is not started.

    Raises EnvironmentFailed, ServerFailed, ServiceFailed or AnswersDiffer; all servers are ended whatever happens.
    """
    server_core, load_core = cores()
    competing = [each for each in contestants if any(each.has(endpoint) for endpoint in endpoints)]
    if not competing:
        raise ValueError("no contestant that was chosen has an endpoint that was chosen; --list names both")
    result = Measurements()
    with ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bolt-bench-")))
        files = workspace / "databases"
        files.mkdir()
        database = stack.enter_context(DATABASES[settings.database](workspace=files, core=load_core))
        servers = {}
        for contestant in competing:
            progress(f"preparing {contestant.name}: {contestant.description}")
            server = _server(contestant, workspace=workspace, core=server_core, database=database)
            result.versions[contestant.name] = contestant.versions()
            servers[contestant.name] = stack.enter_context(server)
        for endpoint in endpoints:
            equality.check(endpoint, {each.name: servers[each.name].port for each in competing if each.has(endpoint)})
        result.database = database.facts()
        load = Load(connections=settings.connections, core=load_core)
        run = _Run(servers=servers, database=database, load=load, workspace=workspace)
        progress(f"answers are the same; warming up, then {settings.rounds} rounds of {settings.seconds:g} s")
        for endpoint in endpoints:
            for contestant in _serving(competing, endpoint):
                run.load_once(contestant.name, endpoint, seconds=database.warm_up_seconds)
        for number in range(settings.rounds):
            for endpoint in endpoints:
                row = result.samples.setdefault(endpoint.name, {})
                for contestant in _serving(competing, endpoint)[:: -1 if number % 2 else 1]:
                    sample = run.sample(contestant.name, endpoint, seconds=settings.seconds)
                    row.setdefault(contestant.name, []).append(sample)
                    progress(_line(f"round {number + 1}/{settings.rounds}", endpoint, contestant, sample))
        for name, server in servers.items():
            result.rss_mib[name] = server.worker_rss() / 2**20
    return result


def _serving(contestants: Sequence[Contestant], endpoint: Endpoint) -> list[Contestant]:
    return [contestant for contestant in contestants if contestant.has(endpoint)]


def _server(contestant: Contestant, *, workspace: Path, core: int, database: Database) -> Server:
    own = workspace / contestant.name
    own.mkdir()
    port = free_port()
    launch = contestant.prepare(workspace=own, port=port, database=database)
    return Server(launch, port=port, core=core, log=own / "server.log")


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What every sample of one run shares."""

    servers: Mapping[str, Server]
    database: Database
    load: Load
    workspace: Path

    def sample(self, name: str, endpoint: Endpoint, *, seconds: float) -> Sample:
        """Load one endpoint of one contestant; raises ValueError where nothing is answered."""
        seen, used = self.load_once(name, endpoint, seconds=seconds)
        if seen.requests == 0:
            raise ValueError(f"{name} answered not one {endpoint.method} {endpoint.paths[0]} in {seconds:g} s")
        return Sample(
            requests=seen.requests,
            requests_per_second=seen.requests_per_second,
            p50_ms=seen.p50_ms,
            p99_ms=seen.p99_ms,
            cpu_us=used * 1e6 / seen.requests,
            errors=seen.errors,
        )

    def load_once(self, name: str, endpoint: Endpoint, *, seconds: float) -> tuple[WrkResult, float]:
        """Load one endpoint, wait until its server is idle again, and undo what it has written.

        Return what wrk saw and the seconds of CPU time that the server used meanwhile.
        """
        server = self.servers[name]
        before = server.cpu_seconds()
        seen = self._send(endpoint, port=server.port, seconds=seconds)
        used = server.cpu_seconds() - before
        server.wait_until_idle()
        server.truncate_log()
        if endpoint.undo:
            self.database.undo(name, endpoint.undo)
        return seen, used

    def _send(self, endpoint: Endpoint, *, port: int, seconds: float) -> WrkResult:
        if endpoint.protocol != "h2":
            return self.load.run(endpoint, port=port, seconds=seconds, workspace=self.workspace)
        connections, core = self.load.connections // h2load.STREAMS or 1, self.load.core
        return h2load.run(
            endpoint, port=port, seconds=seconds, connections=connections, core=core, workspace=self.workspace
        )


def _line(round_name: str, endpoint: Endpoint, contestant: Contestant, sample: Sample) -> str:
    return (
        f"{round_name}  {endpoint.name:<9} {contestant.name:<13} "
        f"{sample.requests_per_second:>10,.0f} requests/s {sample.cpu_us:>9.1f} µs CPU"
        + (f"  {sample.errors} errors" if sample.errors else "")
    )
