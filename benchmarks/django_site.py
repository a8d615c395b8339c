"""A contestant that is a Django project with `manage.py runbolt`, served by a package in an environment of its own.

Which package and which project is said by the modules of `contestants`.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.contestant import Contestant
from benchmarks.databases import Database
from benchmarks.demo_data import site_environment
from benchmarks.environment import Package, clean_environment
from benchmarks.processes import HOST, Launch


class DjangoSite(Contestant):
    """Serves the Django project in `project` under the settings module `settings`.

    `arguments` are added to `runbolt --host --port`, `variables` to the environment. Where it `stores` anything, its
    database is the one at `$DATABASE_URL`, which should keep `$DB_POOL_SIZE` connections.
    """

    def __init__(
        self,
        *,
        name: str,
        description: str,
        package: Package,
        project: Path,
        settings: str,
        arguments: tuple[str, ...] = (),
        stores: bool = True,
        variables: dict[str, str] | None = None,
        databases: frozenset[str] | None = None,
        serves: frozenset[str] | None = None,
    ) -> None:
        self.name = name
        self.description = description
        self.package = package
        self.project = project
        self.settings = settings
        self.arguments = arguments
        self.stores = stores
        self.variables = variables or {}
        self.databases = databases
        self.serves = serves

    def prepare(self, *, workspace: Path, port: int, database: Database) -> Launch:
        """Install the package, take a copy of the database, and say how to serve it."""
        self.package.install()
        if self.stores:
            environment = site_environment(
                settings=self.settings,
                url=database.copy(self.name),
                DB_POOL_SIZE=str(database.pool_size),
                **self.variables,
            )
        else:
            environment = clean_environment(DJANGO_SETTINGS_MODULE=self.settings, **self.variables)
        python = str(self.package.environment.python)
        serve = [python, "manage.py", "runbolt", "--host", HOST, "--port", str(port), *self.arguments]
        return Launch(command=serve, directory=self.project, environment=environment)

    def versions(self) -> dict[str, str]:
        """Versions of the interpreter and of all that is installed beside the package."""
        return self.package.environment.versions()
