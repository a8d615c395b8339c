"""What Rust calls by name: one attribute for each, read once when an application or a worker starts.

`crates/server/src/app.rs` (Hooks) and `handler/seat.rs` read them; nothing here may do work of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import SynchronousOnlyOperation

from django_bolt._django.not_found import not_found
from django_bolt._runtime.access_log import access_log
from django_bolt._runtime.drive import deliver
from django_bolt._runtime.fail import timed_out
from django_bolt._runtime.invalid import body_errors, convert_error, nul_errors
from django_bolt._runtime.rate_store import rate_store
from django_bolt._runtime.refusal import refusal_exception
from django_bolt._runtime.run import Deferred
from django_bolt.request import Request
from django_bolt.responses import Response


class AppHooks:
    """For `_core.App`."""

    request = Request
    response = Response
    deferred = Deferred
    body_errors = staticmethod(body_errors)
    nul_errors = staticmethod(nul_errors)
    convert_error = staticmethod(convert_error)
    refusal = staticmethod(refusal_exception)
    timed_out = staticmethod(timed_out)
    not_found = staticmethod(not_found)
    blocks = SynchronousOnlyOperation
    access_log = staticmethod(access_log)
    rate_store = staticmethod(rate_store)

    def __init__(self, refused: Callable[[], None] | None, ready: Callable[[], Any] | None = None) -> None:
        self.ready = ready
        """Returns a coroutine that returns the answer of `/ready`."""
        self.refused = refused
        """Told of each request that no handler saw; None where nobody wants to know."""


@dataclass(frozen=True, kw_only=True)
class SeatHooks:
    """For `_core.Worker` and `_core.Remote`."""

    drive: Callable[..., Any]
    """`drive(awaitable, exchange)`: the coroutine of a handler's Task."""
    submit: Callable[..., Any]
    """`submit(job)`: runs a `def` handler."""
    after: Callable[[], None]
    """Clean-up after a handler that ran on the worker's own thread."""
    deliver: Callable[..., Any] = deliver
    """`deliver(coroutine, exchange)`: the coroutine of an answer's second half."""
