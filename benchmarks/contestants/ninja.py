"""Django Ninja on uvicorn, behind the middleware of `startproject`: what most would take for an API in Django."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contestant import Contestant
from benchmarks.databases import Database
from benchmarks.demo_data import DRIVER, site_environment
from benchmarks.environment import BENCHMARKS, PublishedPackage
from benchmarks.processes import HOST, Launch

PACKAGE = PublishedPackage(
    "ninja",
    requirements=["django-ninja>=1.7", "Django>=6.1", DRIVER, "uvicorn>=0.54", "uvloop>=0.23", "httptools>=0.9"],
    minimum=(3, 12),
)


class Ninja(Contestant):
    """One process, uvloop and httptools, no access log."""

    name = "ninja"
    description = "Django Ninja, middleware of startproject, uvicorn with uvloop, one worker"
    serves = frozenset({"stack_hello", "stack_hello_def", "session_user"})

    def prepare(self, *, workspace: Path, port: int, database: Database) -> Launch:
        """Install everything, take a copy of the database, and say how to serve."""
        PACKAGE.install()
        command = [str(PACKAGE.environment.python), "-m", "uvicorn", "ninja_site.asgi:application", "--workers", "1"]
        command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        command += ["--host", HOST, "--port", str(port), "--lifespan", "off"]
        environment = site_environment(settings="ninja_site.settings", url=database.copy(self.name))
        return Launch(command=command, directory=BENCHMARKS / "projects" / "ninja", environment=environment)

    def versions(self) -> dict[str, str]:
        """What is installed."""
        return PACKAGE.environment.versions()


CONTESTANT = Ninja()
