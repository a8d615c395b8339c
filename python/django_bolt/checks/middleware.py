"""Whether `MIDDLEWARE_THREADS` names middleware that there is, and that runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.conf import settings
from django.utils.module_loading import import_string

from django_bolt._django.middleware import declared_middleware
from django_bolt.checks.finding import Finding
from django_bolt.conf import Configuration
from django_bolt.discovery import discover


def find_middleware_problems(configuration: Configuration) -> Iterator[Finding]:
    """Yield each path that leads nowhere (E017), and each that no application runs (W014)."""
    strangers = []
    for path in configuration.middleware_threads:
        try:
            import_string(path)
        except ImportError as error:
            yield Finding(
                "E017",
                f"found {path!r} in MIDDLEWARE_THREADS, which leads nowhere ({error}), expected the dotted path of a "
                "middleware class",
                "correct the path",
            )
        else:
            if path not in settings.MIDDLEWARE:
                strangers.append(path)
    if strangers:
        declared = listed()
        for path in strangers:
            if path not in declared:
                yield Finding(
                    "W014",
                    f"found {path!r} in MIDDLEWARE_THREADS, which neither MIDDLEWARE nor an application lists, "
                    "so it does nothing",
                    "write the path as it is listed there, or drop it",
                )


def listed() -> set[str]:
    """Return the paths of the middleware that applications list themselves."""
    # What is wrong with an application is told when it is served.
    with contextlib.suppress(Exception):
        members = [member for api in discover() for member in api.family()]
        return {item.path for member in members for item in declared_middleware(member.django_middleware)}
    return set()
