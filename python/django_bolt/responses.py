"""The responses a handler may return in place of plain data.

Nothing here may read the request, and nothing that is a file or a stream is here.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedRedirect
from django.utils.encoding import iri_to_uri

from django_bolt import _json
from django_bolt.cookies import delete_cookie_header, set_cookie_header
from django_bolt.datastructures import TOKEN, pairs_of

__all__ = ["HTML", "JSON", "PlainText", "Redirect", "Reply", "Response", "ResponseHeaders"]

Reply = tuple[int, list[tuple[str, str]], bytes]
"""What crosses to the server: status, header pairs (names in lower case), body."""

HeaderInput = Mapping[str, str] | Iterable[tuple[str, str]]

_FORBIDDEN = re.compile(r"[\r\n\0]")


def header_pair(name: str, value: Any) -> tuple[str, str]:
    """Return a header as it is sent: the name in lower case, the value as text.

    Raises `ValueError` for a name that is no token, and for CR, LF, NUL or a character outside Latin-1 in the value.
    """
    value = value if isinstance(value, str) else str(value)
    if not TOKEN.fullmatch(name):
        raise ValueError(f"found the header name {name!r}, expected letters, digits and !#$%&'*+-.^_`|~ only")
    if _FORBIDDEN.search(value):
        raise ValueError(f"found CR, LF or NUL in the header {name!r}; remove it: it would split the response")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(
            f"found {value!r} in the header {name!r}, expected Latin-1 characters; percent-encode the value"
        ) from None
    return name.lower(), value


class ResponseHeaders(MutableMapping[str, str]):
    """A response's headers, whatever the case of the name; `add` keeps repeats (`Set-Cookie`).

    Reading a repeated header gives its last value, `getlist` all of them. Setting replaces them all.
    """

    __slots__ = ("_pairs",)

    def __init__(self, headers: HeaderInput = ()) -> None:
        self._pairs: list[tuple[str, str]] = []
        for name, value in pairs_of(headers):
            self.add(name, value)

    @classmethod
    def of_reply(cls, pairs: list[tuple[str, str]]) -> ResponseHeaders:
        """Return the headers of a reply, whose pairs are fit to be sent; they become the headers' own."""
        headers = cls.__new__(cls)
        headers._pairs = pairs
        return headers

    def add(self, name: str, value: str) -> None:
        """Add a header beside those of the same name; raises `ValueError` for one that must not be sent."""
        self._pairs.append(header_pair(name, value))

    def getlist(self, name: str) -> list[str]:
        """Return every value of the header; `[]` where there is none."""
        name = name.lower()
        return [value for key, value in self._pairs if key == name]

    def multi_items(self) -> list[tuple[str, str]]:
        """Return all pairs, names in lower case."""
        return list(self._pairs)

    def __getitem__(self, name: str) -> str:
        values = self.getlist(name)
        if not values:
            raise KeyError(name)
        return values[-1]

    def __setitem__(self, name: str, value: str) -> None:
        pair = header_pair(name, value)
        self._pairs = [*(item for item in self._pairs if item[0] != pair[0]), pair]

    def __delitem__(self, name: str) -> None:
        name = name.lower()
        kept = [item for item in self._pairs if item[0] != name]
        if len(kept) == len(self._pairs):
            raise KeyError(name)
        self._pairs = kept

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(key == name.lower() for key, _ in self._pairs)

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._pairs))

    def __len__(self) -> int:
        return len(dict(self._pairs))

    def __repr__(self) -> str:
        return f"ResponseHeaders({self._pairs!r})"


def checked_status(status: Any) -> int:
    """Return `status` as an int from 200 to 599; raises `TypeError` or `ValueError`."""
    if not isinstance(status, int) or isinstance(status, bool):
        raise TypeError(f"found the status {status!r}, expected a number from 200 to 599")
    if not 200 <= status <= 599:
        raise ValueError(f"found the status {status!r}, expected a number from 200 to 599")
    return int(status)


class Response:
    """A body with a status and headers, sent as it is.

    - `content`: bytes, text (sent as UTF-8), or any other value (sent as JSON).
    - `status_code`: 200 to 599.
    - `headers`: a mapping or pairs; a `Content-Type` among them wins over `media_type`.
    - `media_type`: by default `text/plain; charset=utf-8` for text, `application/octet-stream` for bytes.
    """

    __slots__ = ("__weakref__", "_content_type", "_headers", "body", "status_code")

    __bolt_response__: ClassVar[bool] = True
    """True: the server takes `as_reply()`; False: `_runtime.finish` sees the response first."""
    default_media_type: ClassVar[str | None] = None

    _headers: ResponseHeaders | None

    def __init__(
        self,
        content: Any = b"",
        status_code: int = 200,
        headers: HeaderInput | None = None,
        media_type: str | None = None,
    ) -> None:
        self.status_code = (
            status_code if type(status_code) is int and 200 <= status_code <= 599 else _refuse(status_code)
        )
        self.body: bytes
        media_type = media_type or self.default_media_type
        if isinstance(content, str):
            self.body = content.encode()
            media_type = _with_charset(media_type) if media_type else "text/plain; charset=utf-8"
        elif isinstance(content, (bytes, bytearray, memoryview)):
            self.body = bytes(content)
            media_type = media_type or ("application/octet-stream" if self.body else None)
        else:
            self.body = _json.encode(content)
            media_type = media_type or "application/json"
        self._content_type = media_type
        self._headers = None
        if headers:
            self._headers = self._fill(headers)

    @classmethod
    def of_reply(cls, reply: Reply) -> Response:
        """Return a response that is sent as `reply`."""
        response = Response.__new__(Response)
        response.status_code, pairs, response.body = reply
        response._content_type = None
        response._headers = ResponseHeaders.of_reply(pairs)
        return response

    def _fill(self, headers: HeaderInput) -> ResponseHeaders:
        given = ResponseHeaders(headers)
        if self._content_type is not None and "content-type" not in given:
            given.add("content-type", self._content_type)
        return given

    @property
    def headers(self) -> ResponseHeaders:
        """The headers, `Content-Type` among them; may be changed until the response is returned."""
        if self._headers is None:
            self._headers = self._fill(())
        return self._headers

    def as_reply(self) -> Reply:
        """Return status, header pairs and body, as the server sends them."""
        if self._headers is not None:
            return self.status_code, self._headers.multi_items(), self.body
        if self._content_type is None:
            return self.status_code, [], self.body
        return self.status_code, [("content-type", self._content_type)], self.body

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: int | float | datetime.timedelta | None = None,
        expires: str | datetime.datetime | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
    ) -> None:
        """Set a cookie, with the arguments and the meaning of Django's `HttpResponse.set_cookie`.

        `max_age` is in seconds. Raises `ValueError` for what no cookie may have.
        """
        text = set_cookie_header(
            key,
            value,
            max_age=max_age,
            expires=expires,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
        )
        self._replace_cookie(key, text)

    def delete_cookie(
        self, key: str, path: str | None = "/", domain: str | None = None, samesite: str | None = None
    ) -> None:
        """Make the client forget a cookie; `path` and `domain` must be those it was set with."""
        self._replace_cookie(key, delete_cookie_header(key, path=path, domain=domain, samesite=samesite))

    def _replace_cookie(self, key: str, text: str) -> None:
        # As in Django, the last word on a cookie's name counts.
        others = [other for other in self.headers.getlist("set-cookie") if not other.startswith(f"{key}=")]
        self.headers.pop("set-cookie", None)
        for cookie in (*others, text):
            self.headers.add("set-cookie", cookie)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} status_code={self.status_code} content_type={self._content_type!r}>"


def _refuse(status: Any) -> int:
    # Off the hot path: HTTPStatus members pass, the rest raises.
    return checked_status(status)


def _with_charset(media_type: str) -> str:
    if media_type.startswith("text/") and "charset" not in media_type:
        return f"{media_type}; charset=utf-8"
    return media_type


class PlainText(Response):
    """Text, as `text/plain; charset=utf-8`."""

    __slots__ = ()

    default_media_type = "text/plain; charset=utf-8"


class HTML(Response):
    """A page, as `text/html; charset=utf-8`."""

    __slots__ = ()

    default_media_type = "text/html; charset=utf-8"


class JSON(Response):
    """Data as JSON, with a status and headers of its own.

    Under a declared response type the data of a status below 400 is validated and filtered as a plain value is; every
    other response object goes out as it is.
    """

    __slots__ = ("data",)

    # Not taken by the server at once: a declared response type has to see the data first.
    __bolt_response__ = False
    default_media_type = "application/json"

    def __init__(
        self,
        data: Any = None,
        status_code: int = 200,
        headers: HeaderInput | None = None,
        media_type: str | None = None,
    ) -> None:
        super().__init__(b"", status_code, headers, media_type)
        self.data = data

    def as_reply(self) -> Reply:
        """Return status, header pairs and the data as JSON, with no response type applied."""
        self.body = _json.encode(self.data)
        return super().as_reply()


class Redirect(Response):
    """A redirect to `url`; `status` and `status_code` are the same thing, 302 by default.

    Raises Django's `DisallowedRedirect` (a 400, as in Django) for a scheme other than http, https and ftp.
    """

    __slots__ = ("url",)

    allowed_schemes: ClassVar[frozenset[str]] = frozenset({"http", "https", "ftp"})

    def __init__(
        self,
        url: str,
        status: int = 302,
        status_code: int | None = None,
        headers: HeaderInput | None = None,
    ) -> None:
        self.url = url = location(url if type(url) is str else str(url))
        self.status_code = checked_status(status if status_code is None else status_code)
        if not 300 <= self.status_code <= 399:
            raise ValueError(f"found the status {self.status_code}, expected 300 to 399; a redirect is usually 302")
        self.body = b""
        self._content_type = None
        self._headers = None
        if headers:
            self._headers = ResponseHeaders(headers)
            self._headers["location"] = url

    def _fill(self, headers: HeaderInput) -> ResponseHeaders:
        given = ResponseHeaders(headers)
        given["location"] = self.url
        return given

    def as_reply(self) -> Reply:
        """Return status, header pairs and an empty body."""
        if self._headers is not None:
            return self.status_code, self._headers.multi_items(), self.body
        return self.status_code, [("location", self.url)], self.body


@lru_cache(maxsize=256)
def location(url: str) -> str:
    """Return `url` as a URI fit for a `Location` header; the cache is for the constant targets of most routes.

    Raises `DisallowedRedirect` for a scheme that is not allowed and for a URL that is none.
    """
    if len(url) > 16384:
        raise DisallowedRedirect("found a redirect target over 16384 characters; shorten it")
    try:
        scheme = urlsplit(url).scheme
    except ValueError as exc:
        raise DisallowedRedirect(f"found a redirect target that is no URL ({exc})") from exc
    if scheme and scheme not in Redirect.allowed_schemes:
        raise DisallowedRedirect(f"found a redirect to the scheme {scheme!r}, expected http, https, ftp or a path")
    return iri_to_uri(url)
