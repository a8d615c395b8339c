"""Plain Django behind granian's WSGI: what the same queries cost a view without middleware."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contestant import Contestant
from benchmarks.databases import Database
from benchmarks.demo_data import PACKAGE, PROJECT, site_environment
from benchmarks.processes import HOST, Launch


class Django(Contestant):
    """Views that return JsonResponse; one worker; each thread keeps its connection for ever (`CONN_MAX_AGE=None`)."""

    name = "django"
    description = "plain Django, no middleware, granian WSGI, one worker"
    serves = frozenset({"hello", "items", "user", "users", "users_for", "create", "user_def"})

    def prepare(self, *, workspace: Path, port: int, database: Database) -> Launch:
        """Install both, take a copy of the database, and say how to serve."""
        PACKAGE.install()
        command = [str(PACKAGE.environment.directory / "bin" / "granian"), "--interface", "wsgi", "--workers", "1"]
        # granian starts threads as they are needed and advises against another number of them; 1, 2 and 4 threads, and
        # a limit of connections, were no better here.
        command += ["--log-level", "warning", "--host", HOST, "--port", str(port), "django_site.wsgi:application"]
        environment = site_environment(settings="django_site.settings", url=database.copy(self.name))
        return Launch(command=command, directory=PROJECT, environment=environment)

    def versions(self) -> dict[str, str]:
        """What is installed."""
        return PACKAGE.environment.versions()


CONTESTANT = Django()
