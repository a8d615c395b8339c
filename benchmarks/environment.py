"""Interpreters and virtual environments: the newest CPython found, and one environment for each package under test.

Two contestants share the import name `django_bolt`, so none may be installed beside another.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent
REPOSITORY = BENCHMARKS.parent
INSTALL_SECONDS = 900.0

_DESCRIBE = """
import json, platform, sys, sysconfig
print(json.dumps({
    "executable": sys.executable,
    "version": platform.python_version(),
    "release": sys.version_info[:3],
    "usable": sys.implementation.name == "cpython" and sys.version_info.releaselevel == "final"
              and not sysconfig.get_config_var("Py_GIL_DISABLED"),
}))
"""


class EnvironmentFailed(RuntimeError):
    """Something needed to run a contestant is missing or could not be installed; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A CPython: the file to run, and its version as text and as numbers."""

    executable: Path
    version: str
    release: tuple[int, ...]


def newest_interpreter() -> Interpreter:
    """Return `$PYTHON` where it is set, else the newest released CPython with a GIL that is found.

    Looked at: `$PYENV_ROOT/versions/*/bin/python` (real interpreters, not pyenv's shims), `python3.x` on the
    path, and the interpreter that runs this. Raises EnvironmentFailed when none answers.
    """
    if chosen := os.environ.get("PYTHON"):
        path = shutil.which(chosen)
        described = _describe(Path(path)) if path else None
        if described is None:
            raise EnvironmentFailed(f"PYTHON={chosen} is not a released CPython with a GIL; name another or unset it")
        return described
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [*pyenv.glob("versions/3.*/bin/python"), Path(sys.executable)]
    candidates += [Path(path) for minor in range(11, 20) if (path := shutil.which(f"python3.{minor}"))]
    found = [interpreter for candidate in candidates if (interpreter := _describe(candidate))]
    if not found:
        raise EnvironmentFailed("no CPython found; name one by PYTHON=/path/to/python")
    return max(found, key=lambda interpreter: interpreter.release)


def _describe(executable: Path) -> Interpreter | None:
    try:
        output = run([str(executable), "-c", _DESCRIBE], seconds=20)
    except EnvironmentFailed:  # a pyenv shim of a version that is not chosen, for one
        return None
    facts = json.loads(output)
    if not facts["usable"]:
        return None
    return Interpreter(executable=Path(facts["executable"]), version=facts["version"], release=tuple(facts["release"]))


def run(
    command: list[str],
    *,
    directory: Path = REPOSITORY,
    environment: dict[str, str] | None = None,
    seconds: float = INSTALL_SECONDS,
) -> str:
    """Run a command to its end and return what it printed, in `build_environment()` unless another is given.

    Raises EnvironmentFailed with the end of its output when it fails or takes longer than `seconds`.
    """
    try:
        finished = subprocess.run(
            command,
            cwd=directory,
            env=build_environment() if environment is None else environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFailed(f"{' '.join(command)}: {error}") from error
    if finished.returncode != 0:
        raise EnvironmentFailed(
            f"{' '.join(command)} ended with {finished.returncode}:\n{finished.stdout[-3000:].strip()}"
        )
    return finished.stdout


def require_tools(*names: str) -> None:
    """Raise EnvironmentFailed unless every named program is on the path."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise EnvironmentFailed(f"not found: {', '.join(missing)}; apt-get install wrk nginx-light util-linux")


def build_environment() -> dict[str, str]:
    """Return this process's environment without what would lead an installer to another interpreter."""
    misleading = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYO3_PYTHON", "CONDA_PREFIX"}
    return {name: value for name, value in os.environ.items() if name not in misleading}


def clean_environment(**extra: str) -> dict[str, str]:
    """Return the environment of a server: nothing of the caller's but what it needs to find programs, plus `extra`."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, **extra}


class VirtualEnvironment:
    """`benchmarks/.venv-<name>`: made when it is missing, remade when the interpreter or what it holds has changed."""

    def __init__(self, name: str) -> None:
        self.directory = BENCHMARKS / f".venv-{name}"
        self.python = self.directory / "bin" / "python"
        self._stamp = self.directory / "holds.json"

    def ensure(self, requirements: list[str], *, minimum: tuple[int, int] = (3, 11)) -> None:
        """Make the environment hold `requirements`; raises EnvironmentFailed when no interpreter is new enough."""
        interpreter = newest_interpreter()
        if interpreter.release < minimum:
            raise EnvironmentFailed(
                f"{self.directory.name} needs CPython {minimum[0]}.{minimum[1]} or newer, the newest found is "
                f"{interpreter.version} ({interpreter.executable}); name another by PYTHON=/path/to/python"
            )
        holds = {"interpreter": str(interpreter.executable), "version": interpreter.version, "holds": requirements}
        if self._stamp.exists() and json.loads(self._stamp.read_text()) == holds:
            return
        run([str(interpreter.executable), "-m", "venv", "--clear", str(self.directory)])
        self.install(*requirements)
        self._stamp.write_text(json.dumps(holds))

    def install(self, *requirements: str) -> None:
        """Install requirements or wheel files by pip."""
        run([str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])

    def versions(self) -> dict[str, str]:
        """Return the interpreter's version under `python`, and that of every installed distribution."""
        listed = run([str(self.python), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"])
        versions = {package["name"]: package["version"] for package in json.loads(listed) if package["name"] != "pip"}
        described = _describe(self.python)
        return {"python": described.version if described else "unknown", **versions}


class Package(ABC):
    """A package under test and the virtual environment that holds it."""

    environment: VirtualEnvironment

    @abstractmethod
    def install(self) -> None:
        """Make the environment hold the package; raises EnvironmentFailed when that is not possible."""


class PublishedPackage(Package):
    """Packages from PyPI, pinned, in `benchmarks/.venv-<name>`; `minimum` is the oldest CPython they run on."""

    def __init__(self, name: str, *, requirements: list[str], minimum: tuple[int, int] = (3, 11)) -> None:
        self.environment = VirtualEnvironment(name)
        self.requirements = requirements
        self.minimum = minimum

    def install(self) -> None:
        """Install the requirements where the environment does not hold exactly them."""
        self.environment.ensure(self.requirements, minimum=self.minimum)
