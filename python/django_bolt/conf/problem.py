"""One thing wrong in the settings or in what was declared, in words."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One thing wrong."""

    message: str
    """What was found and what was expected."""
    fix: str
    """How to mend it."""
    kind: str = "value"
    """`unknown`, `disagree`, `value` …: which check tells of it."""

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}"
