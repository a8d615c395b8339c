"""This project: a release wheel of the checkout, serving the example as its users would."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from benchmarks.demo_data import DRIVER
from benchmarks.django_site import DjangoSite
from benchmarks.environment import BENCHMARKS, REPOSITORY, EnvironmentFailed, Package, VirtualEnvironment, run

REQUIREMENTS = ["maturin>=1.9,<2", DRIVER]
BUILD_SECONDS = 1800.0
SOURCES = ("pyproject.toml", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "crates", "python")


class Checkout(Package):
    """A wheel of this checkout, built again only when a source has changed."""

    def __init__(self) -> None:
        self.environment = VirtualEnvironment("bolt")

    def install(self) -> None:
        """Build the wheel by maturin in the release profile, and install it with what it needs."""
        self.environment.ensure(REQUIREMENTS)
        stamp = self.environment.directory / "built-from"
        sources = fingerprint(REPOSITORY, SOURCES)
        if stamp.exists() and stamp.read_text() == sources:
            return
        with tempfile.TemporaryDirectory(prefix="bolt-wheel-") as output:
            python = str(self.environment.python)
            build = [
                python,
                "-m",
                "maturin",
                "build",
                "--release",
                "--locked",
                "--interpreter",
                python,
                "--out",
                output,
            ]
            run(build, directory=REPOSITORY, seconds=BUILD_SECONDS)
            wheels = [str(wheel) for wheel in Path(output).glob("*.whl")]
            if len(wheels) != 1:
                raise EnvironmentFailed(f"expected one wheel from {' '.join(build)}, found {wheels}")
            # What the wheel needs comes with the first call; the second replaces an older build of the same version.
            self.environment.install(wheels[0])
            self.environment.install("--force-reinstall", "--no-deps", wheels[0])
        stamp.write_text(sources)


def fingerprint(root: Path, names: tuple[str, ...]) -> str:
    """Return a hash of path and content of every source of `root` below `names`; missing ones are left out."""
    digest = hashlib.sha256()
    for name in names:
        below = [root / name] if (root / name).is_file() else sorted((root / name).rglob("*"))
        for path in below:
            if path.is_file() and path.suffix not in {".pyc", ".so"}:
                digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


CONTESTANT = DjangoSite(
    name="bolt",
    description="this project, release build, as it comes",
    package=Checkout(),
    project=BENCHMARKS / "projects" / "bolt",
    settings="bolt_site.settings",
    arguments=("--processes", "1"),
)
