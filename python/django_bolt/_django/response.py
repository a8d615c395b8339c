"""Django's HttpResponse as the server's reply, and a response of ours as an HttpResponse for Django's middleware.

Nothing here may decide what is answered or know a route.
"""

from __future__ import annotations

import contextlib
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders

from django_bolt.responses import Reply, Response

__all__ = ["DjangoResponse", "from_http_response", "is_unrendered", "to_http_response"]


def is_unrendered(response: Any) -> bool:
    """Return whether rendering is still to come (`TemplateResponse`), which may ask the database."""
    return not getattr(response, "is_rendered", True)


def from_http_response(response: HttpResponseBase) -> Reply:
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
    headers = _pairs(response.headers)
    if response.cookies:
        headers += [("set-cookie", morsel.OutputString()) for morsel in response.cookies.values()]
    content: bytes = response.content  # type: ignore[attr-defined]  # as above
    _close(response)
    return response.status_code, headers, content


def _pairs(fields: Any) -> list[tuple[str, str]]:
    """Return headers with their names in lower case, under which Django's keep them: a third of the time of asking."""
    if type(fields) is ResponseHeaders:
        return [(name, value) for name, (_, value) in fields._store.items()]
    return [(name.lower(), value) for name, value in fields.items()]


def _close(response: HttpResponseBase) -> None:
    # response.close() would send request_finished, which is the server's to send, once for each request.
    for closer in response._resource_closers:  # type: ignore[attr-defined]
        with contextlib.suppress(Exception):
            closer()
    response._resource_closers.clear()  # type: ignore[attr-defined]
    response.closed = True


class DjangoResponse(Response):
    """An HttpResponse as a response of ours; it is read when a part is asked for, or when the server takes it."""

    __slots__ = ("_unread",)

    def __init__(self, http: HttpResponseBase) -> None:
        object.__setattr__(self, "_unread", http)

    @property
    def unread(self) -> HttpResponseBase | None:
        """The HttpResponse, while it alone says what is answered."""
        http: HttpResponseBase | None = self._unread
        return http

    def as_reply(self) -> Reply:
        """Return status, header pairs and body, as the server sends them."""
        if self._unread is None:
            return super().as_reply()
        return from_http_response(self._unread)

    def __getattr__(self, name: str) -> Any:
        # Reached by the slots that reading fills.
        if name.startswith("__") or self._unread is None:
            raise AttributeError(f"a response has no attribute {name!r}")
        self._read()
        return getattr(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if self._unread is not None:
            self._read()
        object.__setattr__(self, name, value)

    def _read(self) -> None:
        read = Response.of_reply(from_http_response(self._unread))
        object.__setattr__(self, "_unread", None)
        self.status_code, self.body = read.status_code, read.body
        self._headers, self._content_type = read._headers, read._content_type


def to_http_response(response: Response) -> HttpResponseBase:
    """Return the HttpResponse that says what a response says: the very one where it was made of one."""
    if type(response) is DjangoResponse and (unread := response.unread) is not None:
        return unread
    status, pairs, body = response.as_reply()
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in pairs:
        if name == "set-cookie":
            cookies.append(value)
        else:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    http = _blank_response(status, headers.pop("content-type", ""), body)
    for name, value in headers.items():
        http.headers[name] = value
    for text in cookies:
        _set_cookie(http, text)
    return http


# No type: settings are not there yet.
_BLANK = HttpResponse(content_type="").__dict__


def _blank_response(status: int, content_type: str, body: bytes) -> HttpResponse:
    """Return what `HttpResponse(body, content_type, status)` is; the constructor takes 4 µs, this 1.

    Without a type it has none. All three are such as the server may send.
    """
    http = HttpResponse.__new__(HttpResponse)
    fields = ResponseHeaders.__new__(ResponseHeaders)
    fields._store = {"content-type": ("Content-Type", content_type)} if content_type else {}
    http.__dict__ = {
        **_BLANK,
        "headers": fields,
        "cookies": SimpleCookie(),
        "status_code": status,
        "_resource_closers": [],
        "_container": [body],
    }
    return http


class _Sent(Morsel[str]):
    """A cookie that is sent as it was written, unless somebody changed it."""

    # A copy that a cache kept has neither: it is written anew.
    _text: str = ""
    _said: str | None = None

    def __init__(self, text: str) -> None:
        super().__init__()
        name, _, rest = text.partition("=")
        value, *attributes = rest.split(";")
        self.set(name.strip(), value.strip().strip('"'), value.strip())
        for attribute in attributes:
            key, _, given = attribute.strip().partition("=")
            with contextlib.suppress(CookieError):
                self[key.lower()] = given or True
        self._text = text
        self._said = super().OutputString()

    def OutputString(self, attrs: Any = None) -> str:  # noqa: N802  # Morsel's name
        said = super().OutputString(attrs)
        return self._text if said == self._said else said


def _set_cookie(http: HttpResponse, text: str) -> None:
    cookie: Morsel[str]
    try:
        cookie = _Sent(text)
    except CookieError:
        # A name that Python's cookies do not take: middleware cannot see it, the client does.
        key = text
        cookie = _Raw(text)
    else:
        key = cookie.key
    # One name with two paths or domains are two cookies.
    while key in http.cookies:
        key += " "
    dict.__setitem__(http.cookies, key, cookie)


class _Raw(Morsel[str]):
    """A cookie that is sent as it was written."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def OutputString(self, attrs: Any = None) -> str:  # noqa: D102, N802  # Morsel's name
        return self._text
