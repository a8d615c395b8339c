"""Django's `request_started` and `request_finished` around a handler, where `BOLT["EMIT_SIGNALS"]` asks for them.

The clean-up that Django hangs on these signals is done for every request without them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.core.signals import request_finished, request_started

from django_bolt._plan.model import HandlerKind


def with_signals(call: Callable[..., Any], kind: HandlerKind) -> tuple[Callable[..., Any], HandlerKind]:
    """Return `call` with both signals sent around it, and how that runs.

    A handler without a suspension point gets some: receivers are awaited.
    """
    if kind in ("def", "inline"):

        @functools.wraps(call)
        def send_around(*args: Any, **kwargs: Any) -> Any:
            request_started.send(sender=with_signals)
            try:
                return call(*args, **kwargs)
            finally:
                request_finished.send(sender=with_signals)

        return send_around, kind

    @functools.wraps(call)
    async def asend_around(*args: Any, **kwargs: Any) -> Any:
        await request_started.asend(sender=with_signals)
        try:
            return await call(*args, **kwargs)
        finally:
            await request_finished.asend(sender=with_signals)

    return asend_around, "coroutine"


def send_both() -> None:
    """Send both signals for a request that was answered without a handler."""
    request_started.send(sender=with_signals)
    request_finished.send(sender=with_signals)
