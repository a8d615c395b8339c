"""From a handler's return value to the reply, for everything that is not a plain dict, list or fast type.

Nothing here may map an exception (`fail` does), and no value is guessed at: what has no documented form raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, get_origin

from django.core.exceptions import SynchronousOnlyOperation
from django.http.response import HttpResponseBase

from django_bolt import _json
from django_bolt._django.response import from_http_response, is_unrendered
from django_bolt._plan.compile import Route
from django_bolt._runtime.encode import ByType, Encode, encoder_for, is_typed
from django_bolt._runtime.rows import asks_database, holds_rows
from django_bolt._runtime.twin import strip
from django_bolt.orm.entry import run_blocking
from django_bolt.responses import JSON, HeaderInput, Reply, Response, ResponseHeaders, checked_status

__all__ = ["Finish", "compose", "finisher_for", "is_loaded", "split", "wants_thread"]

Finish = Callable[[Any], Reply | Coroutine[Any, Any, Reply]]

_JSON_HEADER: tuple[str, str] = ("content-type", "application/json")
_TEXT_HEADER: tuple[str, str] = ("content-type", "text/plain; charset=utf-8")
_BYTES_HEADER: tuple[str, str] = ("content-type", "application/octet-stream")
_BINARY = (bytes, bytearray, memoryview)
_OBJECTS = (Response, HttpResponseBase)
_BODILESS = frozenset({204, 205, 304})


def finisher_for(route: Route, *, encoder: tuple[Encode, ByType] | None = None) -> Finish:
    """Return `finish(value)` of a route: the reply, or a coroutine of it where reading a value blocks under a loop.

    `encoder` is what `encoder_for(route)` returns, where the caller has it already.
    """
    encode, by_type = encoder or encoder_for(route)
    default, typed = route.status, is_typed(route.response_type)
    is_data = _is_tuple_type(route.response_type)

    def finish(value: Any) -> Reply | Coroutine[Any, Any, Reply]:
        at_once = by_type.get(type(value))
        if at_once is not None:
            # What the server does where nothing stands around the handler.
            try:
                return default, [_JSON_HEADER], at_once(value)
            except SynchronousOnlyOperation:
                pass
        if type(value) is str and not typed:
            return default, [_TEXT_HEADER], value.encode()
        status: int | None = None
        headers: HeaderInput | None = None
        if type(value) is tuple and not is_data:
            value, status, headers = split(value)
        code = default if status is None else status
        if isinstance(value, JSON):
            code = value.status_code if status is None else status
        checked = typed and code < 400
        parts = (value, code, headers, encode if checked else _json.encode, checked, status is not None)
        if not wants_thread(value):
            return _compose(*parts)
        if is_loaded(value):
            # Mostly with everything the type names: an instance takes 4 µs here, and another thread alone 100.
            try:
                return _compose(*parts)
            except SynchronousOnlyOperation:
                pass
        # The reading happens where Django allows it, with the connection of the handler's other queries.
        return run_blocking(_compose, *parts)

    return finish


def _is_tuple_type(response_type: Any) -> bool:
    bare = strip(response_type)
    kind = get_origin(bare) or bare
    return isinstance(kind, type) and issubclass(kind, tuple)


def wants_thread(value: Any) -> bool:
    """Return whether making the reply may block (rows to read, a template to render) and a loop runs on this thread."""
    if isinstance(value, JSON):
        value = value.data
    rows = any(map(holds_rows, value.values())) if type(value) is dict else holds_rows(value)
    if not rows and not (isinstance(value, HttpResponseBase) and is_unrendered(value)):
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def is_loaded(value: Any) -> bool:
    """Return whether the rows in a value are loaded, so that it asks the database for their relations at most."""
    if isinstance(value, JSON):
        value = value.data
    if isinstance(value, HttpResponseBase):
        return False
    return not any(map(asks_database, value.values() if type(value) is dict else (value,)))


def split(value: tuple[Any, ...]) -> tuple[Any, int, HeaderInput | None]:
    """Return body, status and headers of `(body, status)` or `(body, status, headers)`; raises `TypeError`."""
    if len(value) == 2 and isinstance(value[1], int):
        return value[0], checked_status(value[1]), None
    if len(value) == 3 and isinstance(value[1], int) and (value[2] is None or hasattr(value[2], "__iter__")):
        return value[0], checked_status(value[1]), value[2]
    shown = ", ".join(type(item).__name__ for item in value)
    raise TypeError(
        f"found a tuple of ({shown}), expected (body, status) or (body, status, headers); "
        "annotate the handler -> tuple[...] to return a tuple as data"
    )


def compose(value: Any, status: int, headers: HeaderInput | None = None, *, explicit: bool = True) -> Reply:
    """Return the reply for a value with no declared type; `explicit`: `status` wins over a response object's own."""
    return _compose(value, status, headers, _json.encode, False, explicit)


def _compose(
    value: Any, status: int, headers: HeaderInput | None, encode: Encode, checked: bool, explicit: bool
) -> Reply:
    reply: Reply
    if isinstance(value, _OBJECTS):
        reply = _object(value, encode, checked)
        return _merge((status, *reply[1:]) if explicit else reply, headers)
    if value is None and status in _BODILESS:
        reply = (status, [], b"")
    elif isinstance(value, str):
        if checked:
            encode(value)
        reply = (status, [_TEXT_HEADER], value.encode())
    elif isinstance(value, _BINARY):
        if checked:
            encode(value)
        reply = (status, [_BYTES_HEADER], bytes(value))
    else:
        reply = (status, [_JSON_HEADER], encode(value))
    return _merge(reply, headers)


def _object(value: Response | HttpResponseBase, encode: Encode, checked: bool) -> Reply:
    if isinstance(value, HttpResponseBase):
        return from_http_response(value)
    if checked and isinstance(value, JSON):
        value.body = encode(value.data)
        return Response.as_reply(value)
    return value.as_reply()


def _merge(reply: Reply, headers: HeaderInput | None) -> Reply:
    """Return the reply with further headers; a `Content-Type` among them replaces the reply's."""
    if not headers:
        return reply
    status, pairs, body = reply
    given = ResponseHeaders(headers)
    kept = [pair for pair in pairs if pair[0] == "set-cookie" or pair[0] not in given]
    return status, [*kept, *given.multi_items()], body
