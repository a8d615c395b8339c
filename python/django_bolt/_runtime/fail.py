"""What a client gets when a handler raises: the project's own handlers first, then the mapping, then a 500.

Nothing here may say what a mapped exception looks like (`error_handlers` does).
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

from django.core.exceptions import SuspiciousOperation

from django_bolt._django.report import report_server_error, report_suspicious
from django_bolt._runtime.finish import compose, split
from django_bolt.error_handlers import generic_exception_handler, mapping_of
from django_bolt.exceptions import HTTPException
from django_bolt.responses import Reply, header_pair

__all__ = ["Fail", "failer_for"]

Fail = Callable[[BaseException, Any], Reply | Coroutine[Any, Any, Reply]]
Handler = Callable[[BaseException, Any], Any]


class Failing(Protocol):
    """What is asked of an application."""

    exception_handlers: Mapping[type[BaseException], Handler]
    unmapped_handler: Handler | None


class Exchange(Protocol):
    """What is asked of an exchange."""

    @property
    def request(self) -> Any:
        """The Request, or None where it cannot be had any more."""
        ...


def timed_out(seconds: float) -> HTTPException:
    """Return what is answered in place of a handler that has had its time."""
    return HTTPException(504, f"no answer within {seconds:g} s")


Unanswered = Callable[[BaseException, Any], Awaitable[Reply | None] | Reply | None]


def failer_for(api: Failing, *, unanswered: Unanswered | None = None) -> Fail:
    """Return `fail(exc, exchange)`: the reply for an exception, or a coroutine of it for an async handler.

    `unanswered(exc, request)` is asked before the 500 of an exception that nothing else answers; where it is a plain
    function nothing has to be awaited for that.
    """

    def fail(exc: BaseException, exchange: Exchange) -> Reply | Coroutine[Any, Any, Reply]:
        handler = _handler_of(api, type(exc))
        if handler is None:
            if unanswered is not None and mapping_of(type(exc)) is None and isinstance(exc, Exception):
                return _asked(exc, exchange.request, unanswered)
            return _mapped(exc, exchange.request)
        request = exchange.request
        try:
            result = handler(exc, request)
        except Exception as second:  # noqa: BLE001  # the project's own handler
            return _broken(exc, second, request)
        if inspect.isawaitable(result):
            return _awaited(exc, request, result)
        return _settled(exc, request, result)

    return fail


def _handler_of(api: Failing, kind: type[BaseException]) -> Handler | None:
    """Return the most specific handler registered for this type; the catch-all only for what nothing maps."""
    for base in kind.__mro__:
        if base in api.exception_handlers:
            return api.exception_handlers[base]
    if issubclass(kind, Exception) and mapping_of(kind) is None:
        return api.unmapped_handler
    return None


def _asked(exc: BaseException, request: Any, unanswered: Unanswered) -> Reply | Coroutine[Any, Any, Reply]:
    try:
        reply = unanswered(exc, request)
    except Exception as second:  # noqa: BLE001  # the project's own
        return _broken(exc, second, request)
    if inspect.isawaitable(reply):
        return _awaited_else(exc, request, reply)
    return _unhandled(exc, request) if reply is None else reply


async def _awaited_else(exc: BaseException, request: Any, unanswered: Awaitable[Reply | None]) -> Reply:
    try:
        reply = await unanswered
    except Exception as second:  # noqa: BLE001  # as above
        return _broken(exc, second, request)
    return _unhandled(exc, request) if reply is None else reply


def _mapped(exc: BaseException, request: Any) -> Reply:
    handler = mapping_of(type(exc))
    if handler is None:
        return _unhandled(exc, request)
    if isinstance(exc, SuspiciousOperation):
        report_suspicious(exc, request)
    try:
        reply = handler(exc)
    except Exception as second:  # noqa: BLE001  # a detail that JSON cannot say, for instance
        return _broken(exc, second, request)
    if reply[0] >= 500:
        report_server_error(exc, request, status=reply[0])
    return reply


async def _awaited(exc: BaseException, request: Any, result: Awaitable[Any]) -> Reply:
    try:
        value = await result
    except Exception as second:  # noqa: BLE001  # as above
        return _broken(exc, second, request)
    return _settled(exc, request, value)


def _settled(exc: BaseException, request: Any, value: Any) -> Reply:
    """Return the reply for what a handler returned: a body, (body, status), (body, status, headers) or a response."""
    try:
        is_tuple = type(value) is tuple
        reply = compose(*split(value)) if is_tuple else compose(value, _status_of(exc), explicit=False)
        if isinstance(exc, HTTPException) and exc.headers and reply[0] == exc.status_code:
            reply = _with_headers(reply, exc.headers)
    except Exception as second:  # noqa: BLE001  # a value that has no form as a response
        return _broken(exc, second, request)
    if reply[0] >= 500:
        report_server_error(exc, request, status=reply[0])
    return reply


def _with_headers(reply: Reply, headers: Mapping[str, str]) -> Reply:
    """Return a reply with an exception's headers that it has not: a 401 says how to authenticate, a 405 what is."""
    status, pairs, body = reply
    have = {name for name, _ in pairs}
    more = [header_pair(name, value) for name, value in headers.items() if name.lower() not in have]
    return status, [*pairs, *more], body


def _status_of(exc: BaseException) -> int:
    """Return the status of a body that comes without one: the exception's own, 500 where it has none."""
    if isinstance(exc, HTTPException):
        return exc.status_code
    handler = mapping_of(type(exc))
    return handler(exc)[0] if handler else 500


def _broken(exc: BaseException, second: BaseException, request: Any) -> Reply:
    """Answer for an error handler that raised; the log has both tracebacks."""
    if second.__context__ is None and second is not exc:
        second.__context__ = exc
    return _unhandled(second, request)


def _unhandled(exc: BaseException, request: Any) -> Reply:
    report_server_error(exc, request)
    try:
        return generic_exception_handler(exc, request=request)
    except Exception as second:  # noqa: BLE001  # the traceback page itself, under DEBUG
        report_server_error(second, request)
        return generic_exception_handler(exc, debug=False)
