"""Login, refresh and logout as routes: `api.include_router(token_router())`.

What a token is and when it counts is decided in `auth`; here is HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from django_bolt.auth.stores import token_store
from django_bolt.auth.tokens import Lifetime, TokenPair
from django_bolt.exceptions import Unauthorized
from django_bolt.request import Request
from django_bolt.responses import JSON
from django_bolt.router import Router

__all__ = ["Credentials", "RefreshToken", "token_router"]

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
) -> Router:
    """Return a router with `POST` routes `/login`, `/refresh`, `/logout` and `/logout-all` below `prefix`.

    - `middleware`: as for any router; rate limits belong here.
    - `claims(user)`: further claims of access tokens; called on a thread, so it may ask the database.
    - `expires_in`, `refresh_expires_in`: as for `create_token_pair`.

    Anybody may call them, whatever the application's guards. Raises `PlanError` without a `BOLT["TOKEN_STORE"]`.
    """
    if token_store() is None:
        raise PlanError(
            "token_router(): found no BOLT['TOKEN_STORE'], expected 'memory', 'cache' or 'database': without one "
            "nobody can be logged out; write BOLT = {'TOKEN_STORE': 'database'} "
            "and add 'django_bolt.tokens' to INSTALLED_APPS"
        )
    router = Router(prefix, tags=tags, auth=[], guards=[], middleware=middleware)
    add_login(router, claims, Lifetimes(expires_in=expires_in, refresh_expires_in=refresh_expires_in))
    add_logout(router)
    return router


class Lifetimes(TypedDict):
    """How long what is handed out lives; None: as the settings say."""

    expires_in: Lifetime | None
    refresh_expires_in: Lifetime | None


def add_login(router: Router, claims: Callable[[Any], Claims] | None, lifetimes: Lifetimes) -> None:
    """Add the routes that hand tokens out."""

    @router.post("/login", name="token_login", response_model=TokenPair)
    @transaction.non_atomic_requests
    async def login(request: Request, credentials: Credentials) -> JSON:
        """Log in.

        Gives an access token and a refresh token for a user's name and password.
        """
        user, extra = await sync_to_async(log_in, thread_sensitive=True)(request, credentials, claims)
        return JSON(tokens.create_token_pair(user, extra_claims=extra, **lifetimes), headers=UNCACHED)

    @router.post("/refresh", name="token_refresh", response_model=TokenPair)
    @transaction.non_atomic_requests
    async def refresh(body: RefreshToken) -> JSON:
        """Get the next pair of tokens.

        A refresh token can be used once. One that is used again logs out whoever has tokens of the same login.
        """
        pair = await tokens.rotate_refresh_token(body.refresh_token, extra_claims=claims, **lifetimes)
        return JSON(pair, headers=UNCACHED)


def add_logout(router: Router) -> None:
    """Add the routes that take tokens back."""

    @router.post("/logout", name="token_logout", status_code=204)
    @transaction.non_atomic_requests
    async def logout(request: Request, body: RefreshToken) -> None:
        """Log out.

        Neither the refresh token nor any access token of the same login counts from now on.
        """
        known = tokens.decode_refresh_token(body.refresh_token)
        await tokens.revoke_family(known)
        await tell_logged_out(request, known)

    @router.post("/logout-all", name="token_logout_all", status_code=204)
    @transaction.non_atomic_requests
    async def logout_all(request: Request, body: RefreshToken) -> None:
        """Log out everywhere.

        No token that the user has counts from now on.
        """
        known = tokens.decode_refresh_token(body.refresh_token)
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
