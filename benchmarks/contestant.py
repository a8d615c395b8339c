"""What a contestant is: something that can be prepared, started and asked for its versions.

How it is loaded and measured is the same for all and stands in `measure`.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from pathlib import Path

from benchmarks import contestants
from benchmarks.databases import Database
from benchmarks.endpoints import Endpoint
from benchmarks.processes import Launch


class Contestant(ABC):
    """One server under test; a module of `benchmarks.contestants` holds one as `CONTESTANT`.

    `serves` names the endpoints it has, `databases` the databases it competes on; None stands for all.
    """

    name: str
    description: str
    serves: frozenset[str] | None = None
    databases: frozenset[str] | None = None

    @abstractmethod
    def prepare(self, *, workspace: Path, port: int, database: Database) -> Launch:
        """Do everything slow (install, build, take a copy of `database`) and say how to serve on `port`.

        `workspace` is a directory of its own. The server must listen on `benchmarks.processes.HOST` only, with one
        worker, and stay in the foreground. Raises EnvironmentFailed when something is missing.
        """

    def versions(self) -> dict[str, str]:
        """What the result should record: names of programs and packages, and their versions."""
        return {}

    def has(self, endpoint: Endpoint) -> bool:
        """Whether this contestant answers `endpoint`."""
        return self.serves is None or endpoint.name in self.serves


def discover() -> dict[str, Contestant]:
    """Return every contestant by name, one for each module of `benchmarks.contestants`."""
    found: dict[str, Contestant] = {}
    for module in sorted(pkgutil.iter_modules(contestants.__path__), key=lambda module: module.name):
        contestant = importlib.import_module(f"{contestants.__name__}.{module.name}").CONTESTANT
        found[contestant.name] = contestant
    return found


def select(names: list[str] | None, *, database: str = "sqlite") -> list[Contestant]:
    """Return the contestants called `names`, in that order; for None all that compete on `database`.

    Raises ValueError naming the first unknown name.
    """
    known = discover()
    for name in names or []:
        if name not in known:
            raise ValueError(f"unknown contestant {name!r}; choose from {', '.join(known)}")
    if names is not None:
        return [known[name] for name in names]
    return [each for each in known.values() if each.databases is None or database in each.databases]
