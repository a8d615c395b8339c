"""FastAPI and SQLAlchemy's asyncio on uvicorn: asyncpg or aiosqlite behind pydantic response models."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contestant import Contestant
from benchmarks.databases import Database
from benchmarks.environment import BENCHMARKS, PublishedPackage, clean_environment
from benchmarks.processes import HOST, Launch

PACKAGE = PublishedPackage(
    "fastapi",
    requirements=[
        "fastapi>=0.165",
        "uvicorn>=0.54",
        "uvloop>=0.23",
        "httptools>=0.9",
        "sqlalchemy[asyncio]>=2.1",
        "asyncpg>=0.32",
        "aiosqlite>=0.22",
    ],
)
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


class FastAPI(Contestant):
    """One process, uvloop and httptools, no access log, a pool as large as ours."""

    name = "fastapi"
    description = "FastAPI, SQLAlchemy asyncio, asyncpg or aiosqlite, uvicorn with uvloop"
    serves = frozenset({"hello", "items", "user", "users", "users_for", "create"})

    def prepare(self, *, workspace: Path, port: int, database: Database) -> Launch:
        """Install everything, take a copy of the database, and say how to serve."""
        PACKAGE.install()
        scheme, _, rest = database.copy(self.name).partition("://")
        # SQLAlchemy wants three slashes before the path of a file, whose first character is one more.
        url = f"{DRIVERS[scheme]}://{'/' if scheme == 'sqlite' else ''}{rest}"
        command = [str(PACKAGE.environment.python), "-m", "uvicorn", "fastapi_site.app:app", "--workers", "1"]
        command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        command += ["--host", HOST, "--port", str(port)]
        environment = clean_environment(DATABASE_URL=url, DB_POOL_SIZE=str(database.pool_size))
        return Launch(command=command, directory=BENCHMARKS / "projects" / "fastapi", environment=environment)

    def versions(self) -> dict[str, str]:
        """What is installed."""
        return PACKAGE.environment.versions()


CONTESTANT = FastAPI()
