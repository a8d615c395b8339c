"""The reply for every exception that Bolt or Django gives a meaning; each function works with no request and no server.

Nothing here may log or call a project's own handler: `_runtime.fail` does.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from django.core.exceptions import (
    NON_FIELD_ERRORS,
    BadRequest,
    PermissionDenied,
    SuspiciousOperation,
    ValidationError,
)
from django.http import Http404
from django.utils.functional import Promise
from django.views.debug import get_exception_reporter_class

from django_bolt import _json
from django_bolt.conf import debug_enabled
from django_bolt.exceptions import HTTPException, RequestValidationError
from django_bolt.responses import Reply, header_pair

__all__ = [
    "generic_exception_handler",
    "handle_exception",
    "http_exception_handler",
    "request_validation_error_handler",
]

_CONTENT_TYPE = ("content-type", "application/json")


def http_exception_handler(exc: HTTPException) -> Reply:
    """Return the reply: `{"detail": …}`, with `"extra"` where the exception has it, and its headers."""
    content = {"detail": exc.detail}
    if exc.extra is not None:
        content["extra"] = exc.extra
    headers = [header_pair(name, value) for name, value in exc.headers.items()]
    if all(name != "content-type" for name, _ in headers):
        headers.insert(0, _CONTENT_TYPE)
    return exc.status_code, headers, _json.encode(content)


def request_validation_error_handler(exc: RequestValidationError) -> Reply:
    """Return the 422 with the list of errors."""
    return _detail(422, exc.errors)


def generic_exception_handler(exc: BaseException, debug: bool | None = None, *, request: Any = None) -> Reply:
    """Return the 500: where `debug`, Django's traceback page or, for who wants JSON, the traceback; else nothing.

    `debug` not given: `BOLT["DEBUG"]`, else `settings.DEBUG`. `request` is a Bolt Request, shown on the page.
    """
    if debug_enabled() if debug is None else debug:
        if _wants_json(request):
            lines = "".join(traceback.format_exception(exc)).splitlines()
            summary = "".join(traceback.format_exception_only(exc)).rstrip()
            body = {"detail": "Internal Server Error", "exception": summary, "traceback": lines}
            return 500, [_CONTENT_TYPE], _json.encode(body)
        django_request: Any = getattr(request, "django_request", None)
        reporter_class: Any = get_exception_reporter_class(django_request)
        reporter = reporter_class(django_request, type(exc), exc, exc.__traceback__)
        page: str = reporter.get_traceback_html()
        return 500, [("content-type", "text/html; charset=utf-8")], page.encode(errors="replace")
    return _detail(500, "Internal Server Error")


def _wants_json(request: Any) -> bool:
    """Return whether a client accepts JSON and no HTML; a browser, and who does not say, gets a page."""
    accept = request.headers.get("accept", "").lower() if request is not None else ""
    return "json" in accept and "text/html" not in accept


def handle_exception(exc: BaseException, debug: bool | None = None, *, request: Any = None) -> Reply:
    """Return the reply for any exception; what nothing maps is `generic_exception_handler`'s."""
    handler = mapping_of(type(exc))
    return handler(exc) if handler else generic_exception_handler(exc, debug, request=request)


def mapping_of(kind: type[BaseException]) -> Callable[[Any], Reply] | None:
    """Return what answers exceptions of this type, or None where it is a 500 nobody planned."""
    for base in kind.__mro__:
        if base in _MAPPINGS:
            return _MAPPINGS[base]
    return None


def _detail(status: int, detail: Any) -> Reply:
    return status, [_CONTENT_TYPE], _json.encode({"detail": detail})


def _not_found(exc: Http404) -> Reply:
    # The URL resolver's own Http404 carries a dict of what it tried, which is nobody's business.
    told = exc.args[0] if exc.args else None
    return _detail(404, (str(told) if isinstance(told, str | Promise) else "") or "Not Found")


def _forbidden(exc: PermissionDenied) -> Reply:
    return _detail(403, str(exc) or "Forbidden")


def _bad_request(exc: BaseException) -> Reply:
    # The message says what looked like an attack; it is for the log.
    return _detail(400, "Bad Request")


def _validation_error(exc: ValidationError) -> Reply:
    fields = exc.message_dict if hasattr(exc, "error_dict") else {NON_FIELD_ERRORS: exc.messages}
    errors = [
        {"loc": ["body"] if field == NON_FIELD_ERRORS else ["body", field], "msg": message, "type": "value_error"}
        for field, messages in fields.items()
        for message in messages
    ]
    return _detail(422, errors)


_MAPPINGS: dict[type[BaseException], Callable[[Any], Reply]] = {
    HTTPException: http_exception_handler,
    RequestValidationError: request_validation_error_handler,
    Http404: _not_found,
    PermissionDenied: _forbidden,
    SuspiciousOperation: _bad_request,
    BadRequest: _bad_request,
    ValidationError: _validation_error,
}
