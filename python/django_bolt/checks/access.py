"""What is wrong with `AUTHENTICATION`: entries that are no backends. What a backend is is not decided here."""

from __future__ import annotations

from collections.abc import Iterator

from django_bolt import conf
from django_bolt._plan.errors import PlanError
from django_bolt._runtime.declared import configured_backends
from django_bolt.checks.finding import Finding


def find_access_problems(configuration: conf.Configuration) -> Iterator[Finding]:
    """Yield an error for each backend that cannot be imported or made, or is none."""
    for item in configuration.authentication or ():
        try:
            configured_backends([item])
        except PlanError as error:
            found, _, fix = str(error).removeprefix('BOLT["AUTHENTICATION"]').lstrip(": ").rpartition("; ")
            message = f"AUTHENTICATION: {found or fix}"
            yield Finding("E014", message, fix if found else "write the dotted path of a backend, or a backend")
