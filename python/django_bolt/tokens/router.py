"""Login, refresh and logout as routes: `api.include_router(token_router())`.

What a token is and when it counts is decided in `auth`; here is HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, TypedDict

import msgspec
from asgiref.sync import sync_to_async
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.views.decorators.debug import sensitive_variables
from msgspec import Meta

from django_bolt._plan.errors import PlanError
from django_bolt.auth import tokens
from django_bolt.auth.signing import InvalidToken
from django_bolt.auth.stores import token_store
from django_bolt.auth.tokens import Lifetime, TokenPair
from django_bolt.exceptions import Unauthorized
from django_bolt.request import Request
from django_bolt.responses import JSON, Response
from django_bolt.router import Router
from django_bolt.tokens.cookie import AccessToken, RefreshCookie, without_refresh

__all__ = ["AccessToken", "Credentials", "RefreshCookie", "RefreshToken", "token_router"]

Claims = Mapping[str, Any]
Text = Annotated[str, Meta(min_length=1, max_length=1024, pattern=r"^[^\x00]*$")]
UNCACHED = {"Cache-Control": "no-store"}


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to log in."""

    username: Text
    password: Text

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r})"


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True):
    """The token of the last login or refresh."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=16_384)]

    def __repr__(self) -> str:
        return "RefreshToken()"


def token_router(
    prefix: str = "/auth",
    *,
    tags: Sequence[str] = ("auth",),
    middleware: Sequence[Any] | None = None,
    claims: Callable[[Any], Claims] | None = None,
    expires_in: Lifetime | None = None,
    refresh_expires_in: Lifetime | None = None,
    absolute_lifetime: Lifetime | None = None,
    cookie: RefreshCookie | None = None,
) -> Router:
    """Return a router with `POST` routes `/login`, `/refresh`, `/logout` and `/logout-all` below `prefix`.

    - `middleware`: as for any router; rate limits belong here.
    - `claims(user)`: further claims of access tokens; called on a thread, so it may ask the database.
    - `expires_in`, `refresh_expires_in`: as for `create_token_pair`.
    - `absolute_lifetime`: how long after it a login ends, however often its tokens were renewed.
    - `cookie`: refresh tokens come and go in a cookie, for browsers, and never in a body.

    Anybody may call them, whatever the application's guards. Raises `PlanError` without a `BOLT["TOKEN_STORE"]`.
    """
    if token_store() is None:
        raise PlanError(
            "token_router(): found no BOLT['TOKEN_STORE'], expected 'memory', 'cache' or 'database': without one "
            "nobody can be logged out; write BOLT = {'TOKEN_STORE': 'database'} "
            "and add 'django_bolt.tokens' to INSTALLED_APPS"
        )
    if absolute_lifetime is not None and not is_positive(absolute_lifetime):
        raise PlanError(
            f"token_router(): found absolute_lifetime={absolute_lifetime!r}, expected seconds above 0 or a timedelta; "
            "write e.g. absolute_lifetime=timedelta(days=30)"
        )
    router = Router(prefix, tags=tags, auth=[], guards=[], middleware=middleware)
    issue = Issue(
        claims=claims,
        lifetimes=Lifetimes(
            expires_in=expires_in, refresh_expires_in=refresh_expires_in, absolute_lifetime=absolute_lifetime
        ),
    )
    if cookie is None:
        add_login(router, issue)
        add_logout(router)
    else:
        cookie.check()
        add_cookie_login(router, issue, cookie)
        add_cookie_logout(router, cookie)
    return router


def is_positive(lifetime: Any) -> bool:
    """Tell whether a lifetime is one."""
    if isinstance(lifetime, timedelta):
        return lifetime > timedelta()
    return isinstance(lifetime, int | float) and not isinstance(lifetime, bool) and lifetime > 0


class Lifetimes(TypedDict):
    """How long what is handed out lives; None: as the settings say."""

    expires_in: Lifetime | None
    refresh_expires_in: Lifetime | None
    absolute_lifetime: Lifetime | None


@dataclass(frozen=True, kw_only=True)
class Issue:
    """What tokens a router hands out."""

    claims: Callable[[Any], Claims] | None
    lifetimes: Lifetimes

    async def first(self, request: Request, credentials: Credentials) -> TokenPair:
        """Log in and return the first pair."""
        user, extra = await sync_to_async(log_in, thread_sensitive=True)(request, credentials, self.claims)
        return tokens.create_token_pair(user, extra_claims=extra, **self.lifetimes)

    async def next(self, token: str) -> TokenPair:
        """Return the pair after that of a refresh token."""
        return await tokens.rotate_refresh_token(token, extra_claims=self.claims, **self.lifetimes)


def add_login(router: Router, issue: Issue) -> None:
    """Add the routes that hand tokens out."""

    @router.post("/login", name="token_login", response_model=TokenPair)
    @transaction.non_atomic_requests
    async def login(request: Request, credentials: Credentials) -> JSON:
        """Log in.

        Gives an access token and a refresh token for a user's name and password.
        """
        return JSON(await issue.first(request, credentials), headers=UNCACHED)

    @router.post("/refresh", name="token_refresh", response_model=TokenPair)
    @transaction.non_atomic_requests
    async def refresh(body: RefreshToken) -> JSON:
        """Get the next pair of tokens.

        A refresh token can be used once. One that is used again logs out whoever has tokens of the same login.
        """
        return JSON(await issue.next(body.refresh_token), headers=UNCACHED)


def add_logout(router: Router) -> None:
    """Add the routes that take tokens back."""

    @router.post("/logout", name="token_logout", status_code=204)
    @transaction.non_atomic_requests
    async def logout(request: Request, body: RefreshToken) -> None:
        """Log out.

        Neither the refresh token nor any access token of the same login counts from now on.
        """
        await log_out(request, body.refresh_token)

    @router.post("/logout-all", name="token_logout_all", status_code=204)
    @transaction.non_atomic_requests
    async def logout_all(request: Request, body: RefreshToken) -> None:
        """Log out everywhere.

        No token that the user has counts from now on.
        """
        await log_out_everywhere(request, body.refresh_token)


def add_cookie_login(router: Router, issue: Issue, cookie: RefreshCookie) -> None:
    """Add the routes that hand tokens out, refresh tokens in a cookie."""

    def answer(request: Request, pair: TokenPair) -> JSON:
        return JSON(without_refresh(pair), headers={**UNCACHED, "Set-Cookie": cookie.give(request, pair)})

    @router.post("/login", name="token_login", response_model=AccessToken)
    @transaction.non_atomic_requests
    async def login(request: Request, credentials: Credentials) -> JSON:
        """Log in.

        Gives an access token for a user's name and password, and the cookie that the next ones are asked for with.
        """
        return answer(request, await issue.first(request, credentials))

    @router.post("/refresh", name="token_refresh", response_model=AccessToken)
    @transaction.non_atomic_requests
    async def refresh(request: Request) -> JSON:
        """Get the next access token, by the cookie.

        A cookie can be used once, and is replaced. One that is used again logs out whoever has tokens of its login.
        """
        try:
            return answer(request, await issue.next(cookie.read(request)))
        except InvalidToken as error:
            raise cookie.refuse(request, error) from None


def add_cookie_logout(router: Router, cookie: RefreshCookie) -> None:
    """Add the routes that take tokens back, refresh tokens by their cookie."""

    async def end(request: Request, how: Callable[[Request, str], Awaitable[None]]) -> Response:
        try:
            await how(request, cookie.read(request))
        except InvalidToken as error:
            raise cookie.refuse(request, error) from None
        return Response(status_code=204, headers={"Set-Cookie": cookie.forget(request)})

    @router.post("/logout", name="token_logout", status_code=204)
    @transaction.non_atomic_requests
    async def logout(request: Request) -> Response:
        """Log out.

        Neither the cookie nor any access token of the same login counts from now on.
        """
        return await end(request, log_out)

    @router.post("/logout-all", name="token_logout_all", status_code=204)
    @transaction.non_atomic_requests
    async def logout_all(request: Request) -> Response:
        """Log out everywhere.

        No token that the user has counts from now on.
        """
        return await end(request, log_out_everywhere)


async def log_out(request: Request, token: str) -> None:
    """End the login of a refresh token."""
    known = tokens.decode_refresh_token(token)
    await tokens.revoke_family(known)
    await tell_logged_out(request, known)


async def log_out_everywhere(request: Request, token: str) -> None:
    """End all logins of a refresh token's user."""
    known = tokens.decode_refresh_token(token)
    await tokens.check_revoked(known)
    await tokens.revoke_all_for_user(known["sub"])
    await tell_logged_out(request, known)


@sensitive_variables("credentials")
def log_in(request: Request, credentials: Credentials, claims: Callable[[Any], Claims] | None) -> tuple[Any, Any]:
    """Return the user and its further claims; runs on a thread, for checking a password takes a tenth of a second.

    Sends Django's signals as its `login()` does. Whether the name or the password is wrong is not told.
    """
    user = authenticate(request, username=credentials.username, password=credentials.password)  # type: ignore[arg-type]
    if user is None or not user.is_active:
        raise Unauthorized("Invalid username or password", headers={"WWW-Authenticate": "Bearer"})
    extra = claims(user) if claims is not None else None
    user_logged_in.send(sender=type(user), request=request, user=user)
    return user, extra


async def tell_logged_out(request: Request, claims: Claims) -> None:
    """Send Django's signal, which wants the user; nobody listening, nobody is looked up."""
    if user_logged_out.has_listeners(get_user_model()):
        await sync_to_async(send_logged_out, thread_sensitive=True)(request, claims["sub"])


def send_logged_out(request: Request, user_id: str) -> None:
    """Look the user up and send the signal."""
    model = get_user_model()
    user = model._default_manager.filter(pk=user_id).first()
    user_logged_out.send(sender=model, request=request, user=user)
