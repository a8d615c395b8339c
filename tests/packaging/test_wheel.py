"""The wheel, as a newcomer meets it: installed into an empty environment, it serves a project that Django just made.

The wheel is built by cargo's dev profile, whose target directory the set-up has filled already; `BOLT_WHEEL=PATH` names
another one, such as a release's. Its dependencies come from the package index.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.server.harness import eventually, free_port

pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[2]
API = """
from django_bolt import BoltAPI

api = BoltAPI()


@api.get("/hello")
async def hello(name: str = "world"):
    return {"hello": name}
"""


@dataclass
class Environment:
    """A virtual environment that holds what the wheel brought, and nothing of this one."""

    directory: Path

    def command(self, name: str, *arguments: str | Path) -> list[str]:
        return [str(self.directory / "bin" / name), *map(str, arguments)]

    def run(self, name: str, *arguments: str | Path, within: Path | None = None) -> str:
        result = subprocess.run(
            self.command(name, *arguments), cwd=within, env=outside(), capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout


def outside() -> dict[str, str]:
    """Return the environment variables without those that speak of this checkout and its environment."""
    ours = ("PYTHON", "DJANGO_", "VIRTUAL_ENV", "PIP_QUIET")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if given := os.environ.get("BOLT_WHEEL"):
        return Path(given).resolve()
    directory = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "maturin", "build", "--profile", "dev", "--locked"]
    result = subprocess.run(
        [*build, "--interpreter", sys.executable, "--out", str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    (made,) = directory.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def environment(wheel: Path) -> Iterator[Environment]:
    # Thousands of files: gone with the tests, where pytest keeps those of its last three runs.
    with tempfile.TemporaryDirectory() as directory:
        environment = Environment(Path(directory).resolve())
        venv.create(environment.directory, with_pip=True)
        environment.run("pip", "install", "--quiet", "--disable-pip-version-check", wheel)
        yield environment


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, environment: Environment) -> Path:
    directory = tmp_path_factory.mktemp("project")
    environment.run("django-admin", "startproject", "mysite", within=directory)
    settings = directory / "mysite" / "mysite" / "settings.py"
    text = settings.read_text()
    assert "INSTALLED_APPS = [\n" in text
    settings.write_text(text.replace("INSTALLED_APPS = [\n", 'INSTALLED_APPS = [\n    "django_bolt",\n'))
    (settings.parent / "api.py").write_text(API)
    return directory / "mysite"


@contextmanager
def serving(environment: Environment, project: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `manage.py runbolt` until it answers; what it writes goes to `server.log`."""
    log = project / "server.log"
    command = environment.command("python", "manage.py", "runbolt", f"127.0.0.1:{port}")
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=project, env=outside(), stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:

            def answers() -> bool:
                assert process.poll() is None, log.read_text()
                try:
                    return bool(get(port, "/hello"))
                except urllib.error.URLError:
                    return False

            eventually(answers, timeout=30)
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def get(port: int, path: str) -> bytes:
    """Return the body of a 200; raises `URLError` for an error."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        assert response.status == 200
        return response.read()


def test_a_new_project_is_served(environment: Environment, project: Path) -> None:
    port = free_port()
    with serving(environment, project, port) as process:
        assert get(port, "/hello?name=Ada") == b'{"hello":"Ada"}'
        assert b"swagger-ui" in get(port, "/docs")
        assert b'"/hello"' in get(port, "/openapi.json")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0, (project / "server.log").read_text()


def test_the_documentation_page_loads_nothing_that_is_missing(environment: Environment, project: Path) -> None:
    port = free_port()
    with serving(environment, project, port):
        page = get(port, "/docs").decode()
        assets = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert any(asset.endswith(".css") for asset in assets)
        assert any(asset.endswith(".js") for asset in assets)
        for asset in assets:
            assert "//" not in asset, f"{asset} is another host's"
            assert get(port, urljoin("/docs", asset))


def test_everything_that_is_imported_was_installed(environment: Environment, tmp_path: Path) -> None:
    """Every module of the package imports with its declared dependencies alone; a database driver is the project's."""
    script = """
import django, importlib, pkgutil
from django.conf import settings
settings.configure(INSTALLED_APPS=["django_bolt"])
django.setup()
import django_bolt
# Imported where a database is PostgreSQL, whose driver is the project's choice.
drivers = {"django_bolt.orm.postgresql": "psycopg"}
for module in pkgutil.walk_packages(django_bolt.__path__, "django_bolt."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        assert error.name == drivers.get(module.name), error
print(django_bolt.__file__)
"""
    place = environment.run("python", "-W", "error", "-c", script, within=tmp_path).strip()
    assert Path(place).is_relative_to(environment.directory)


def test_the_wheel_says_what_it_needs(environment: Environment) -> None:
    installed = {line.split("==")[0].lower() for line in environment.run("pip", "list", "--format=freeze").splitlines()}
    assert {"django-bolt", "django", "msgspec", "asgiref", "greenlet", "httpx", "drf-spectacular-sidecar"} <= installed
    assert not {"pytest", "django-stubs", "maturin", "mypy"} & installed
    assert "No broken requirements" in environment.run("pip", "check")
