"""scripts/imports.py refuses imports of the package root, and of the core from where it must not be known."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.imports import offences


@pytest.fixture
def package(tmp_path: Path) -> Path:
    root = tmp_path / "django_bolt"
    for name in ("_plan", "_runtime", "_core"):
        (root / name).mkdir(parents=True)
    (root / "request.py").touch()
    return root


@pytest.mark.parametrize(
    "source", ["import django_bolt", "from django_bolt import BoltAPI", "from .. import BoltAPI", "from ... import x"]
)
def test_the_root_is_nobodys(package: Path, source: str) -> None:
    found = list(offences(package / "_plan" / "compile.py", source, package))
    assert len(found) == (0 if "..." in source else 1)


@pytest.mark.parametrize(
    "source",
    ["import django_bolt._core", "from django_bolt import _core", "from django_bolt._core import Request"],
)
def test_the_core_is_for_its_users(package: Path, source: str) -> None:
    assert len(list(offences(package / "_plan" / "compile.py", source, package))) == 1
    assert list(offences(package / "_runtime" / "loop.py", source, package)) == []
    assert list(offences(package / "request.py", source, package)) == []


@pytest.mark.parametrize("source", ["from django_bolt import request", "from django_bolt.request import Request"])
def test_modules_are_anybodys(package: Path, source: str) -> None:
    assert list(offences(package / "_plan" / "compile.py", source, package)) == []
