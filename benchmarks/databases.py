"""The databases behind the endpoints: filled once, then a copy for each contestant, put back between rounds.

Servers under test are started elsewhere; nothing here measures them.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import statistics
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self

from benchmarks import demo_data
from benchmarks.delay import DELAY_MILLISECONDS
from benchmarks.environment import REPOSITORY, clean_environment
from benchmarks.processes import HOST, Launch, Server, free_port
from scripts.postgresql import PostgreSQL

TEMPLATE = "demo_data"
ROUND_TRIPS = 20
# PostgreSQL's "do you speak TLS?", which it answers by one byte before anybody has logged in.
TLS_QUESTION = bytes.fromhex("0000000804d2162f")


class Database(ABC):
    """One database system, as a context manager that ends whatever it has started.

    `workspace` takes its files, `core` is where its processes run, `load` fills the empty database at a URL. Nothing is
    started before the first copy is asked for, so that a run without a database endpoint needs none.
    """

    name: str
    description: str
    pool_size = 10
    """Connections that a contestant with a pool of its own should keep."""
    warm_up_seconds = 1.0
    """How long each endpoint is loaded before the rounds, so that all connections are open by then."""

    def __init__(self, *, workspace: Path, core: int, load: Callable[[str], None] = demo_data.load) -> None:
        self.workspace = workspace
        self.core = core
        self.load = load
        self.stack = ExitStack()
        self._copies: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def copy(self, owner: str) -> str:
        """Make a database with the demo data for one contestant and return its URL.

        Raises EnvironmentFailed or ServiceFailed when the system is missing or the data cannot be loaded.
        """
        if not self._copies:
            self._fill()
        self._copies.add(owner)
        return self._copy(owner)

    def undo(self, owner: str, sql: str) -> None:
        """Run the statement that removes what a round has written from a contestant's copy, if it has one."""
        if owner in self._copies:
            self._undo(owner, sql)

    def facts(self) -> dict[str, object]:
        """What the result should record of the system."""
        return {"name": self.name, "description": self.description}

    @abstractmethod
    def _fill(self) -> None: ...

    @abstractmethod
    def _copy(self, owner: str) -> str: ...

    @abstractmethod
    def _undo(self, owner: str, sql: str) -> None: ...


class SQLite(Database):
    """A file for each contestant; WAL, `synchronous=NORMAL`, as the example's settings say."""

    name = "sqlite"
    description = "SQLite, a file for each contestant, WAL"

    def _file(self, name: str) -> Path:
        return self.workspace / f"{name}.sqlite3"

    def _fill(self) -> None:
        self.load(f"sqlite://{self._file(TEMPLATE)}")

    def _copy(self, owner: str) -> str:
        shutil.copyfile(self._file(TEMPLATE), self._file(owner))
        return f"sqlite://{self._file(owner)}"

    def _undo(self, owner: str, sql: str) -> None:
        with closing(sqlite3.connect(self._file(owner), timeout=30)) as connection:
            with connection:
                connection.execute(sql)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def facts(self) -> dict[str, object]:
        """The version is that of each contestant's own Python, which this one's need not be."""
        return {**super().facts(), "sqlite": sqlite3.sqlite_version}


class Postgres(Database):
    """A throw-away PostgreSQL server on the load's core, a database for each contestant.

    It vacuums only when it is told to, between the rounds.
    """

    name = "postgresql"
    description = "PostgreSQL on loopback, a database for each contestant"

    def _fill(self) -> None:
        self.server = self.stack.enter_context(PostgreSQL(autovacuum="off"))
        # Its backends are forked from this process, and run where it does.
        os.sched_setaffinity(self.server.pid, {self.core})
        self.load(self.server.dsn(self.server.create_database(TEMPLATE)))
        self.server.execute("VACUUM ANALYZE", database=TEMPLATE)

    def _copy(self, owner: str) -> str:
        self.server.execute(f'CREATE DATABASE "{owner}" TEMPLATE "{TEMPLATE}"')
        return self.server.dsn(owner)

    def _undo(self, owner: str, sql: str) -> None:
        self.server.execute(sql, database=owner)
        self.server.execute("VACUUM", database=owner)

    def facts(self) -> dict[str, object]:
        """The server's version and the settings that are not its defaults."""
        if not self._copies:
            return super().facts()
        version = self.server.execute("SHOW server_version")
        return {**super().facts(), "server_version": version, "options": self.server.options}


class DistantPostgres(Postgres):
    """The same server behind a proxy, in a process of its own, that delays every byte in both directions."""

    name = "distant"
    description = f"the same {DELAY_MILLISECONDS:g} ms away, each way"
    pool_size = 32
    # A connection takes several round trips, and some drivers make the first one alone.
    warm_up_seconds = 3.0

    def _fill(self) -> None:
        super()._fill()
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.delay", "--port", str(port), "--to", str(self.server.port)]
        launch = Launch(command=command, directory=REPOSITORY, environment=clean_environment())
        log = self.workspace / "delay.log"
        self.proxy = self.stack.enter_context(Server(launch, port=port, core=self.core, log=log))

    def _copy(self, owner: str) -> str:
        direct = super()._copy(owner)
        return re.sub(rf":{self.server.port}/", f":{self.proxy.port}/", direct)

    def facts(self) -> dict[str, object]:
        """Beside the server's: the median time from a question to its answer, directly and through the proxy."""
        if not self._copies:
            return super().facts()
        measured = {"round_trip_ms": round_trip(self.proxy.port), "direct_round_trip_ms": round_trip(self.server.port)}
        return {**super().facts(), **{name: round(value, 3) for name, value in measured.items()}}


def round_trip(port: int) -> float:
    """Return the median milliseconds from a question to a PostgreSQL server on `port` to its answer, of 20."""
    times = []
    for _ in range(ROUND_TRIPS):
        with socket.create_connection((HOST, port), timeout=5) as connection:
            started = time.perf_counter()
            connection.sendall(TLS_QUESTION)
            connection.recv(1)
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


DATABASES: dict[str, type[Database]] = {each.name: each for each in (SQLite, Postgres, DistantPostgres)}
