"""The example's demo data, loaded once by plain Django: every contestant gets a copy of the same rows.

Who serves them, and from which kind of database, is decided elsewhere.
"""

from __future__ import annotations

import os

from benchmarks.credentials import SECRET, SESSION_KEY, USER_ID
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
        JWT_SECRET_KEY=SECRET,
        **extra,
    )


def load(url: str) -> None:
    """Make and fill tables in the empty database at `url`, log a user in; raises EnvironmentFailed otherwise."""
    PACKAGE.install()
    environment = site_environment(settings="django_site.settings", url=url)
    for command in ("migrate", "load_demo"):
        run([str(PACKAGE.environment.python), "manage.py", command], directory=PROJECT, environment=environment)
    log_in = [str(PACKAGE.environment.python), "-m", "django_site.log_in", str(USER_ID), SESSION_KEY]
    run(log_in, directory=PROJECT, environment=environment)
