"""The id of the request that the running code belongs to."""

from __future__ import annotations

from django_bolt import _core
from django_bolt._runtime.threads import REQUEST


def current_request_id() -> str | None:
    """Return the id; None outside of a request."""
    exchange = REQUEST.get(None)
    if exchange is None or exchange.request is None:
        return _core.current_request_id()
    return str(exchange.request.id)
