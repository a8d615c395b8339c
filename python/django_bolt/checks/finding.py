"""One thing found in a configuration, and how it becomes a message of Django's. What is wrong is not decided here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.core import checks


class Finding(NamedTuple):
    """What was found and expected, and how to mend it; `E…` cannot be served, `W…` is seldom meant."""

    code: str
    message: str
    fix: str
    where: str = "settings.BOLT"
    """The setting or the route that it is about."""

    @property
    def is_error(self) -> bool:
        """Whether a server refuses to start with it."""
        return self.code.startswith("E")

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}"


def messages(findings: Iterable[Finding]) -> list[checks.CheckMessage]:
    """Return findings as Django shows them."""
    return [message(finding) for finding in findings]


def message(finding: Finding) -> checks.CheckMessage:
    """Return one finding as Django shows it."""
    kind = checks.Error if finding.is_error else checks.Warning
    return kind(
        f"{finding.where}: {finding.message}.",
        hint=f"{finding.fix[0].upper()}{finding.fix[1:]}.",
        id=f"django_bolt.{finding.code}",
    )
