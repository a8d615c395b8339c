"""The refresh token of a browser: in a cookie that no script reads and that goes to the routes that take it alone.

What is done with it is the router's; here is how it comes and goes.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import msgspec

from django_bolt._plan.errors import PlanError
from django_bolt.auth import tokens
from django_bolt.auth.signing import InvalidToken
from django_bolt.auth.tokens import TokenPair
from django_bolt.cookies import delete_cookie_header, set_cookie_header
from django_bolt.request import Request

__all__ = ["AccessToken", "RefreshCookie"]


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a page gets: a token for its requests, to be kept in memory."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105  # no secret
    expires_in: int
    """Seconds that it lives."""

    def __repr__(self) -> str:
        return f"AccessToken(expires_in={self.expires_in})"


@dataclass(frozen=True, kw_only=True)
class RefreshCookie:
    """The cookie that a refresh token is kept in: always `HttpOnly`, and gone when the token has expired.

    - `path`: below which it is sent; where the routes are unless given. A proxy that takes a prefix off needs it.
    - `samesite`: `"Strict"`, `"Lax"`, or `"None"` for pages of other sites, which `CORSMiddleware` has to name.
    - `secure`: whether it is sent over HTTPS alone.
    """

    name: str = "refresh_token"
    path: str | None = None
    domain: str | None = None
    secure: bool = True
    samesite: str = "Strict"

    def check(self) -> None:
        """Raise `PlanError` for what no browser keeps."""
        if not self.samesite:
            raise PlanError(
                f'RefreshCookie: found samesite={self.samesite!r}, expected "Strict", "Lax" or "None"; '
                "leave it out for Strict"
            )
        try:
            self._header("", path=self.path or "/", max_age=0)
        except (TypeError, ValueError, AttributeError) as error:
            raise PlanError(f"RefreshCookie: {error}") from None
        if self.samesite.lower() == "none" and not self.secure:
            raise PlanError(
                'RefreshCookie: found samesite="None" with secure=False, which browsers refuse; leave secure out'
            )
        name = self.name.lower()
        if name.startswith(("__secure-", "__host-")) and not self.secure:
            raise PlanError(
                f"RefreshCookie: found {self.name} with secure=False, which browsers refuse; leave secure out"
            )
        if name.startswith("__host-") and (self.path != "/" or self.domain is not None):
            raise PlanError(
                f"RefreshCookie: found {self.name} with path={self.path!r} and domain={self.domain!r}, expected "
                'path="/" and no domain: browsers refuse __Host- otherwise; name it __Secure-… or write path="/"'
            )

    def read(self, request: Request) -> str:
        """Return the token that came; raises `InvalidToken` (401) where none did."""
        token = request.cookies.get(self.name)
        if not token:
            raise InvalidToken
        return token

    def give(self, request: Request, pair: TokenPair) -> str:
        """Return the header that hands a pair's refresh token over."""
        claims = tokens.decode_refresh_token(pair.refresh_token)
        left = math.floor(claims["exp"] - time.time())
        return self._header(pair.refresh_token, path=self._path(request), max_age=left)

    def forget(self, request: Request) -> str:
        """Return the header that takes it back."""
        return delete_cookie_header(self.name, path=self._path(request), domain=self.domain, samesite=self.samesite)

    def refuse(self, request: Request, error: InvalidToken) -> InvalidToken:
        """Return a refusal that takes the cookie back: its token will not count again."""
        error.headers["Set-Cookie"] = self.forget(request)
        return error

    def _path(self, request: Request) -> str:
        # As the client wrote it, which is what it compares; a ';', which no cookie's path holds, ends it further out.
        return self.path or request._raw.raw_path.partition(";")[0].rpartition("/")[0] or "/"

    def _header(self, value: str, **more: Any) -> str:
        return set_cookie_header(
            self.name,
            value,
            domain=self.domain,
            secure=self.secure,
            httponly=True,
            samesite=self.samesite,
            **more,
        )


def without_refresh(pair: TokenPair) -> AccessToken:
    """Return what a page may see of a pair."""
    return AccessToken(access_token=pair.access_token, expires_in=pair.expires_in)
