"""The command line of the benchmark: `python -m benchmarks`, which is also `make bench`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from datetime import datetime

from benchmarks import contestant, endpoints, machine, report, scaling, tls
from benchmarks.contestant import Contestant
from benchmarks.databases import DATABASES
from benchmarks.endpoints import Endpoint
from benchmarks.environment import BENCHMARKS, EnvironmentFailed, require_tools
from benchmarks.equality import AnswersDiffer
from benchmarks.measure import Settings, measure
from benchmarks.processes import ServerFailed
from benchmarks.targets import TARGETS
from scripts.postgresql import ServiceFailed

DEFAULTS = Settings()
REFERENCE = "peer"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Serve the example's endpoints from each contestant, check that all answer alike, then measure "
        "them in turn: requests/s, latency, CPU per request, memory. Prints tables and writes dated JSON "
        "into benchmarks/results/.",
        epilog="PYTHON=/path/to/python picks the interpreter under test; the default is the newest CPython found. "
        "Other work on the machine spoils the figures: CPU per request least, p99 most.",
    )
    made.add_argument("--rounds", type=_count, default=DEFAULTS.rounds, help="rounds; the median counts (%(default)s)")
    made.add_argument(
        "--seconds", type=_seconds, default=DEFAULTS.seconds, help="length of one round of one endpoint (%(default)s)"
    )
    made.add_argument(
        "--connections", type=_count, default=DEFAULTS.connections, help="connections that wrk holds (%(default)s)"
    )
    made.add_argument(
        "--database",
        choices=DATABASES,
        default=DEFAULTS.database,
        help="what is asked; all but sqlite leave out endpoints that need no database (%(default)s)",
    )
    made.add_argument("--endpoints", type=_names, metavar="A,B", help="only these, by name (default: all)")
    made.add_argument("--contestants", type=_names, metavar="A,B", help="only these, by name (default: all)")
    made.add_argument(
        "--scaling",
        action="store_true",
        help=f"measure instead how the cost of a request grows with {', '.join(f'{n:,}' for n in scaling.COUNTS)} "
        f"routes (contestants: {', '.join(scaling.PACKAGES)}; default bolt)",
    )
    made.add_argument(
        "--tls", action="store_true", help="measure instead a small answer over TLS, HTTP/1.1 and HTTP/2, beside nginx"
    )
    made.add_argument("--list", action="store_true", help="list contestants and endpoints, and stop")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return the exit code."""
    options = parser().parse_args(arguments)
    if options.list:
        print(_listing())
        return 0
    # TERM unwinds as Ctrl-C does, so that every server is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    try:
        require_tools("wrk", "taskset")
        competing, asked = _scenario(options)
        settings = Settings(
            rounds=options.rounds, seconds=options.seconds, connections=options.connections, database=options.database
        )
        started = datetime.now()
        notes = machine.notes()
        measurements = measure(competing, asked, settings=settings, progress=_progress)
    except (EnvironmentFailed, ServerFailed, ServiceFailed, AnswersDiffer, ValueError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("benchmarks: interrupted; every server was ended", file=sys.stderr)
        return 130
    usual = not (options.scaling or options.tls)
    reference = REFERENCE if usual else competing[0].name
    targets = TARGETS[options.database] if usual else ()
    result = report.document(measurements, started=started, machine=notes, settings=settings)
    path = report.write(result, directory=BENCHMARKS / "results", started=started, suffix=_suffix(options))
    print(f"\n{report.tables(measurements, reference=reference, targets=targets)}\n\nwritten to {path}")
    return 0


def _scenario(options: argparse.Namespace) -> tuple[Sequence[Contestant], Sequence[Endpoint]]:
    if options.scaling:
        if options.database != DEFAULTS.database:
            raise ValueError("--scaling asks no database; leave out --database")
        return scaling.contestants(options.contestants), [scaling.ENDPOINT]
    if options.tls:
        return tls.contestants(), tls.OVER_TLS
    return (
        contestant.select(options.contestants, database=options.database),
        endpoints.select(options.endpoints, database_only=options.database != DEFAULTS.database),
    )


def _suffix(options: argparse.Namespace) -> str:
    if options.scaling:
        return "-scaling"
    if options.tls:
        return "-tls"
    return "" if options.database == DEFAULTS.database else f"-{options.database}"


def _listing() -> str:
    competing = "\n".join(f"  {each.name:<13} {each.description}" for each in contestant.discover().values())
    asked = "\n".join(
        f"  {each.name:<13} {each.method} {each.paths[0]}: {each.description}" for each in endpoints.ENDPOINTS
    )
    systems = "\n".join(f"  {name:<13} {database.description}" for name, database in DATABASES.items())
    return f"contestants\n{competing}\nendpoints\n{asked}\ndatabases\n{systems}"


def _progress(line: str) -> None:
    print(f"{datetime.now():%H:%M:%S}  {line}", flush=True)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, found {text}")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if value < 1 or value != int(value):
        raise argparse.ArgumentTypeError(f"wrk takes whole seconds from 1 on, found {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
