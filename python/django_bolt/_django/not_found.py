"""The project's own 404 page, for what neither an API nor the URLconf knows.

Nothing here may decide whether a page or JSON is due.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404
from django.urls import get_resolver
from django.views.debug import technical_404_response

from django_bolt._django.report import report_server_error
from django_bolt._django.response import from_http_response
from django_bolt._raw_request import RawRequest
from django_bolt.conf import debug_enabled
from django_bolt.request import Request

__all__ = ["not_found"]


def not_found(raw: RawRequest) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return the reply of Django's handler404, or its technical page under DEBUG.

    A handler404 that fails is reported and answered 500: this never raises for the project's mistakes.
    """
    request = Request(raw)
    try:
        return from_http_response(_page(request.django_request))
    except Exception as exc:  # noqa: BLE001  # whatever the project's own handler raises
        report_server_error(exc, request)
        return 500, [("content-type", "application/json")], b'{"detail":"Internal Server Error"}'


def _page(request: Any) -> Any:
    resolver = get_resolver()
    try:
        resolver.resolve(request.path_info)
        exc = Http404()
    except Http404 as unresolved:
        exc = unresolved
    if debug_enabled():
        return technical_404_response(request, exc)
    page: Callable[..., Any] = resolver.resolve_error_handler(404)
    return page(request, exception=exc)
