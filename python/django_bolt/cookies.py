"""The text of a `Set-Cookie` header, from the arguments of Django's `set_cookie`.

Nothing here may know a response or a request.
"""

from __future__ import annotations

import datetime
import re
import time
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.utils.http import http_date

__all__ = ["delete_cookie_header", "set_cookie_header"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"


def set_cookie_header(
    key: str,
    value: str = "",
    *,
    max_age: int | float | datetime.timedelta | None = None,
    expires: str | datetime.datetime | None = None,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: str | None = None,
) -> str:
    """Return the header's value, the same text as Django's.

    `max_age` is in seconds; a naive `expires` is UTC. Raises `ValueError` for a name no cookie may have, a control
    character in an attribute, an unknown `samesite`, or a datetime `expires` beside a `max_age`.
    """
    cookie: SimpleCookie = SimpleCookie()
    try:
        cookie[key] = value
    except CookieError:
        raise ValueError(
            f"found the cookie name {key!r}, expected letters, digits and !#$%&'*+-.^_`|~ only; rename the cookie"
        ) from None
    attributes = _lifetime(max_age, expires)
    if samesite and samesite.lower() not in ("lax", "none", "strict"):
        raise ValueError(f'found samesite={samesite!r}, expected "Lax", "None" or "Strict"')
    attributes |= {"path": path, "domain": domain, "samesite": samesite or None}
    for name, text in attributes.items():
        if isinstance(text, str) and (_CONTROL.search(text) or ";" in text):
            raise ValueError(f"found a control character or ';' in the cookie's {name}, {text!r}; remove it")
    attributes |= {"secure": secure or None, "httponly": httponly or None}
    morsel = cookie[key]
    for name, attribute in attributes.items():
        if attribute is not None:
            morsel[name] = attribute
    return morsel.OutputString()


def _lifetime(
    max_age: int | float | datetime.timedelta | None, expires: str | datetime.datetime | None
) -> dict[str, Any]:
    """Return the attributes `expires` and `max-age`."""
    if isinstance(expires, datetime.datetime):
        if max_age is not None:
            raise ValueError("found expires and max_age, expected one of them; drop one")
        max_age, expires = _seconds_until(expires), None
    if max_age is None:
        return {"expires": expires}
    seconds = max_age.total_seconds() if isinstance(max_age, datetime.timedelta) else max_age
    # Some clients know only `expires`, so it accompanies every max-age.
    return {"max-age": int(seconds), "expires": expires or http_date(time.time() + seconds)}


def _seconds_until(moment: datetime.datetime) -> int:
    """Whole seconds from now, at least 0; the second added makes up for the fraction lost on the way to a date text."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    left = moment - datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(seconds=1)
    return max(0, left.days * 86400 + left.seconds)


def delete_cookie_header(
    key: str, *, path: str | None = "/", domain: str | None = None, samesite: str | None = None
) -> str:
    """Return the header's value that makes a client forget the cookie.

    `Secure` is set where the name's prefix or `samesite="None"` demands it: clients ignore the header otherwise.
    """
    secure = key.startswith(("__Secure-", "__Host-")) or (samesite or "").lower() == "none"
    return set_cookie_header(
        key, max_age=0, expires=_LONG_AGO, path=path, domain=domain, secure=secure, samesite=samesite
    )
