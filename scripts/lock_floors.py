"""Fail where Cargo.lock holds a crate older than the version that mended a known fault.

Nothing here may use the network: the table is kept by hand, a line and its reason for each crate.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "Cargo.lock"

FLOORS = {
    "actix-http": ("3.18.11", "older ones accept ambiguous lengths or a missing or doubled Host"),
    "actix-multipart": ("0.8.0", "older ones panic on a crafted boundary and buffer without limit"),
    "actix-files": ("0.7.0", "older ones panic on a crafted Range or `.` segment"),
    "h2": ("0.3.27", "older ones can be made to reset streams without end"),
    "jsonwebtoken": ("10.3.0", "older ones take an `exp` that is a string for none at all"),
}


def number(version: str) -> tuple[int, ...]:
    """Return ``1.2.3+build`` as ``(1, 2, 3, 1)`` and its pre-releases, which are older, as ``(1, 2, 3, 0)``."""
    release, _, pre_release = version.split("+")[0].partition("-")
    return (*(int(part) for part in release.split(".")), 0 if pre_release else 1)


def too_old(lock: str) -> Iterator[str]:
    """Yield one line of text for every crate in the text of a lock file that is below its floor."""
    for package in tomllib.loads(lock).get("package", []):
        floor, reason = FLOORS.get(package["name"], ("0.0.0", ""))
        if number(package["version"]) < number(floor):
            yield f"Cargo.lock: {package['name']} {package['version']}, at least {floor}: {reason}"


def main() -> int:
    """Print every crate that is too old; return 1 where there is one."""
    found = list(too_old(LOCK.read_text(encoding="utf-8")))
    print("\n".join(found) if found else "lock floors: no crate is too old")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
