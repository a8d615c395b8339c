"""A Django HttpResponse as the server's reply.

Nothing here may build a response or know a route.
"""

from __future__ import annotations

import contextlib
from typing import Any

from django.http.response import HttpResponseBase

__all__ = ["from_http_response", "is_unrendered"]


def is_unrendered(response: Any) -> bool:
    """Return whether rendering is still to come (`TemplateResponse`), which may ask the database."""
    return not getattr(response, "is_rendered", True)


def from_http_response(response: HttpResponseBase) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, header pairs (cookies among them) and body, and close the response.

    Raises `TypeError` for a streaming response.
    """
    if is_unrendered(response):
        response = response.render()  # type: ignore[attr-defined]  # only template responses have it
    if response.streaming:
        _close(response)
        raise TypeError(
            f"found a {type(response).__name__}, expected a response with its content: streams are not served yet; "
            "return an HttpResponse"
        )
    headers = [(name.lower(), value) for name, value in response.items()]
    headers += [("set-cookie", morsel.OutputString()) for morsel in response.cookies.values()]
    content: bytes = response.content  # type: ignore[attr-defined]  # as above
    _close(response)
    return response.status_code, headers, content


def _close(response: HttpResponseBase) -> None:
    # response.close() would send request_finished, which is the server's to send, once for each request.
    for closer in response._resource_closers:  # type: ignore[attr-defined]
        with contextlib.suppress(Exception):
            closer()
    response._resource_closers.clear()  # type: ignore[attr-defined]
    response.closed = True
