"""A contestant that is a Django project with `manage.py runbolt`, served by a package in an environment of its own.

Which package and which project is said by the modules of `contestants`.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.contestant import Contestant
from benchmarks.environment import Package, clean_environment, run
from benchmarks.processes import HOST, Launch


class DjangoSite(Contestant):
    """Serves the Django project in `project` under the settings module `settings`.

    `setup` are the management commands that fill its database, a fresh file in `$DATABASE`; `arguments` are
    added to `runbolt --host --port`, `variables` to the environment.
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
        setup: tuple[str, ...] = ("migrate", "load_demo"),
        variables: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.description = description
        self.package = package
        self.project = project
        self.settings = settings
        self.arguments = arguments
        self.setup = setup
        self.variables = variables or {}

    def prepare(self, *, workspace: Path, port: int) -> Launch:
        """Install the package, fill the database in `workspace`, and say how to serve it."""
        self.package.install()
        environment = clean_environment(
            DJANGO_SETTINGS_MODULE=self.settings,
            DATABASE=str(workspace / "db.sqlite3"),
            DEBUG="0",
            **self.variables,
        )
        manage = [str(self.package.environment.python), "manage.py"]
        for command in self.setup:
            run([*manage, command], directory=self.project, environment=environment)
        serve = [*manage, "runbolt", "--host", HOST, "--port", str(port), *self.arguments]
        return Launch(command=serve, directory=self.project, environment=environment)

    def versions(self) -> dict[str, str]:
        """Versions of the interpreter and of all that is installed beside the package."""
        return self.package.environment.versions()
