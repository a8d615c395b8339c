"""The version of the installed distribution. The number itself is in `Cargo.toml` alone."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """Return the version of `django-bolt`, or `0+source` where its sources run without being installed."""
    try:
        return version("django-bolt")
    except PackageNotFoundError:
        return "0+source"
