"""The example's demo data, loaded once by plain Django: every contestant gets a copy of the same rows.

Who serves them, and from which kind of database, is decided elsewhere.
"""

from __future__ import annotations

import os

from benchmarks.environment import BENCHMARKS, REPOSITORY, PublishedPackage, clean_environment, run

DRIVER = "psycopg[binary,pool]>=3.2"
PACKAGE = PublishedPackage("django", requirements=["Django>=6.1", DRIVER, "granian>=2.8"], minimum=(3, 12))
PROJECT = BENCHMARKS / "projects" / "django"


def site_environment(*, settings: str, url: str, **extra: str) -> dict[str, str]:
    """Return the environment of a Django project that has the example's models, with its database at `url`."""
    paths = (REPOSITORY / "example", BENCHMARKS / "projects" / "shared")
    return clean_environment(
        DJANGO_SETTINGS_MODULE=settings,
        PYTHONPATH=os.pathsep.join(map(str, paths)),
        DATABASE_URL=url,
        DEBUG="0",
        **extra,
    )


def load(url: str) -> None:
    """Make the tables in the empty database at `url` and fill them; raises EnvironmentFailed when that fails."""
    PACKAGE.install()
    environment = site_environment(settings="django_site.settings", url=url)
    for command in ("migrate", "load_demo"):
        run([str(PACKAGE.environment.python), "manage.py", command], directory=PROJECT, environment=environment)
