"""Fetching an issuer's public keys: its JSON Web Key Set (RFC 7517), found by OpenID discovery where that is wanted.

Blocking, for a thread of its own. Nothing here may read a request: URLs come from the project's settings alone.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

__all__ = ["KeysUnavailable", "fetch_keys", "shown"]

TIMEOUT = 5.0
"""Seconds that an answer may take."""
MOST = 512 * 1024
"""Bytes of the longest answer."""


class KeysUnavailable(Exception):
    """Keys could not be had; the text says why, without anything secret."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows only to http and https, and never from https to http."""

    max_redirections = 3

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        scheme = urlsplit(newurl).scheme
        if scheme != "https" and (scheme != "http" or req.type == "https"):
            raise KeysUnavailable(f"{shown(req.full_url)} leads to {shown(newurl)}, which is not as safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def shown(url: str) -> str:
    """Return a URL for people to read, without a password or a query that it may hold."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def fetch_keys(*, url: str | None = None, issuer: str | None = None) -> bytes:
    """Return the key set at a URL, or that of an OpenID issuer, unread; raises `KeysUnavailable`."""
    if url is None:
        assert issuer is not None  # noqa: S101  # one of the two is given
        url = discover(issuer)
    return fetch(url)


def discover(issuer: str) -> str:
    """Return where an OpenID issuer has its keys (OpenID Connect Discovery 1.0, 4)."""
    where = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        document = json.loads(fetch(where))
    except ValueError:
        raise KeysUnavailable(f"{shown(where)} is no JSON") from None
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        found = document.get("issuer") if isinstance(document, dict) else None
        raise KeysUnavailable(f"{shown(where)} is of the issuer {found!r}, expected {issuer!r}")
    url = document.get("jwks_uri")
    scheme = urlsplit(url).scheme if isinstance(url, str) else ""
    if scheme != "https" and (scheme != "http" or urlsplit(issuer).scheme == "https"):
        raise KeysUnavailable(f"{shown(where)} has the jwks_uri {url!r}, expected an https URL")
    return str(url)


def fetch(url: str) -> bytes:
    """Return what is at a URL, at most `MOST` bytes and `TIMEOUT` seconds of it."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"Accept": "application/json", "User-Agent": "django-bolt"})  # noqa: S310  # checked where it was declared
    end = time.monotonic() + TIMEOUT
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            return _read(response, url, end)
    except urllib.error.HTTPError as error:
        error.close()
        raise KeysUnavailable(f"{shown(url)} answered {error.code}") from None
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise KeysUnavailable(f"{shown(url)} cannot be read ({type(error).__name__}: {reason})") from None


def _read(response: Any, url: str, end: float) -> bytes:
    found = bytearray()
    while piece := response.read1(65_536):
        found += piece
        if len(found) > MOST:
            raise KeysUnavailable(f"{shown(url)} has more than {MOST} bytes")
        if time.monotonic() > end:
            raise KeysUnavailable(f"{shown(url)} takes longer than {TIMEOUT:g} s")
    return bytes(found)
