"""One thing wrong in the settings, in words."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One thing wrong in the settings."""

    kind: str
    """`unknown`, `disagree`, `value` …: which check tells of it."""
    message: str
    """What was found and what was expected."""
    fix: str
    """How to mend it."""

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}"
