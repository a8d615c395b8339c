"""scripts/lock_floors.py refuses crates below their floor and says nothing of crates that are absent."""

from __future__ import annotations

import pytest

from scripts.lock_floors import too_old


def lock(name: str, version: str) -> str:
    return f'version = 4\n\n[[package]]\nname = "{name}"\nversion = "{version}"\n'


@pytest.mark.parametrize("version", ["3.18.10", "3.9.99", "2.99.0", "3.18.10+metadata", "3.18.11-rc.1"])
def test_below_the_floor(version: str) -> None:
    (line,) = too_old(lock("actix-http", version))
    assert line.startswith(f"Cargo.lock: actix-http {version}, at least 3.18.11:")


@pytest.mark.parametrize("version", ["3.18.11", "3.20.0", "4.0.0"])
def test_from_the_floor_on(version: str) -> None:
    assert list(too_old(lock("actix-http", version))) == []


def test_a_crate_without_a_floor() -> None:
    assert list(too_old(lock("bytes", "0.0.1"))) == []
