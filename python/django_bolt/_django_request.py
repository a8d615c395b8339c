"""Django's own request, made of the raw request: what `ASGIHandler` makes of the same bytes.

Nothing here may know the request that handlers see, and nothing is parsed that nobody asks for.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http.request import split_domain_port, validate_host
from django.urls import ResolverMatch
from django.utils.functional import cached_property

from django_bolt._raw_request import RawRequest

__all__ = ["DjangoRequest", "build_meta"]


class _Resolved:
    """`resolver_match`: None until the request has reached its view, then made when it is first asked for.

    It may be set, as Django does; what is set is found first.
    """

    def __get__(self, request: Any, owner: type) -> ResolverMatch | None:
        if request is None or request._view is None:
            return None
        view = request._view
        name = getattr(view, "__name__", None)
        route = getattr(view, "route", None)
        match = ResolverMatch(view, (), dict(request._raw.params), url_name=name, route=route)
        request.__dict__["resolver_match"] = match
        return match


class DjangoRequest(ASGIRequest):
    """An `ASGIRequest` made of the raw request; `scope`, body and everything parsed are made when asked for.

    `_destination` and `_view` belong to the middleware around a handler: what it leads to, once it has reached it.
    """

    _destination: Any = None
    _view: Any = None
    resolver_match: Any = _Resolved()

    def __init__(self, raw: RawRequest) -> None:
        # Not ASGIRequest's own: it wants a scope, which nobody may ever ask for.
        self._raw = raw
        self._post_parse_error = False
        self._read_started = False
        self.method = raw.method
        self.path = path = raw.path
        self.script_name, self.path_info = _split(path) if settings.FORCE_SCRIPT_NAME else ("", path)
        self.META = build_meta(raw, self.script_name, self.path_info)
        if "CONTENT_TYPE" in self.META:
            self._set_content_type_params(self.META)  # type: ignore[attr-defined]  # no stub has it
        else:
            self.content_type, self.content_params = "", {}

    def _get_scheme(self) -> str:
        return self._raw.scheme

    @cached_property
    def _stream(self) -> BytesIO:  # type: ignore[override]  # made when it is read
        return BytesIO(self._raw.body)

    @cached_property
    def scope(self) -> dict[str, Any]:  # type: ignore[override]  # as above
        """What an ASGI server would have handed over."""
        raw = self._raw
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": raw.http_version,
            "method": raw.method,
            "scheme": raw.scheme,
            "path": raw.path,
            "raw_path": raw.raw_path.encode(),
            "query_string": raw.query_string.encode(),
            "root_path": "",
            "headers": [(name.encode("latin-1"), _bytes(value)) for name, value in raw.headers],
            "client": raw.client,
            "server": raw.server,
        }

    def get_host(self) -> str:
        """Return the host the client asked for; raises `DisallowedHost` where `ALLOWED_HOSTS` has it not."""
        # As Django's own, which parses and compares anew: a third of its time.
        host: str = self._get_raw_host()  # type: ignore[attr-defined]  # no stub has it
        allowed = settings.ALLOWED_HOSTS
        return host if allowed and is_allowed(host, tuple(allowed)) else super().get_host()

    def close(self) -> None:
        """Close the files that were uploaded."""
        if "_stream" in self.__dict__:
            super().close()
        # What was never asked for has nothing to close.


@lru_cache(maxsize=256)
def is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    """Tell whether a host, with or without a port, is one of `ALLOWED_HOSTS`; most clients ask for the same ones."""
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


def build_meta(raw: RawRequest, script_name: str = "", path_info: str | None = None) -> dict[str, Any]:
    """Return `META` of a raw request, under the names and with the values that Django's ASGI handler gives them."""
    meta: dict[str, Any] = {
        "REQUEST_METHOD": raw.method,
        "QUERY_STRING": raw.query_string,
        "SCRIPT_NAME": script_name,
        "PATH_INFO": raw.path if path_info is None else path_info,
        # Only WSGI servers tell it, but that is what code was written for.
        "SERVER_PROTOCOL": f"HTTP/{raw.http_version}",
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
    }
    client = raw.client
    if client is not None:
        meta["REMOTE_ADDR"] = meta["REMOTE_HOST"] = client[0]
        # A proxy mostly tells the address alone.
        if client[1]:
            meta["REMOTE_PORT"] = client[1]
    address, port = raw.server or ("unknown", 0)
    meta["SERVER_NAME"], meta["SERVER_PORT"] = address, str(port)
    meta.update(raw.meta_fields)
    # What was read counts, not what was announced: a chunked form has no length, and would be taken for an empty one.
    if "CONTENT_LENGTH" not in meta and (body := raw.body):
        meta["CONTENT_LENGTH"] = str(len(body))
    return meta


def _split(path: str) -> tuple[str, str]:
    """Return `FORCE_SCRIPT_NAME` and what follows it in a path."""
    script_name: str = settings.FORCE_SCRIPT_NAME or ""
    prefix = script_name.rstrip("/")
    return script_name, path[len(prefix) :] if path == prefix or path.startswith(prefix + "/") else path


def _bytes(value: str) -> bytes:
    # The text of a header is UTF-8 where it could be, otherwise Latin-1.
    return value.encode()
