"""What is raised when a declaration cannot become a plan.

No message is composed here: the module that finds the fault knows what to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class PlanError(Exception):
    """A route was declared in a way that cannot be served.

    Raised at start, never while a request runs. The text begins with `METHOD path (module.handler):` and says what was
    found, what was expected and how to fix it.
    """


class UnresolvedName(PlanError):
    """An annotation names something that does not exist (yet): it may be defined further down in the module."""


class UnknownSegment(PlanError):
    """A `Path()` parameter names no segment of the path (yet): a prefix may still bring it."""


@contextmanager
def about(subject: str) -> Iterator[None]:
    """Put `subject: ` before the text of a `PlanError` raised inside, whose type and cause are kept."""
    try:
        yield
    except PlanError as error:
        raise type(error)(f"{subject}: {error}") from error.__cause__
