"""Who may pass, where the server alone cannot tell: the project's backends and guards, and those that ask Django.

It decides as the server does (`crates/core/src/auth`) from what the server found; nothing here may verify a token.
"""

from __future__ import annotations

import inspect
from asyncio import _get_running_loop
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from django_bolt._django.csrf import CsrfCheck
from django_bolt.auth import guards, sessions
from django_bolt.auth.backends import APIKeyAuthentication, AuthResult, JWTAuthentication
from django_bolt.auth.guards import BaseGuard, takes_object
from django_bolt.auth.sessions import SessionAuthentication
from django_bolt.auth.users import Identity, told_by_backend, told_by_server
from django_bolt.exceptions import Forbidden, Unauthorized
from django_bolt.orm.entry import run_blocking, run_now
from django_bolt.orm.waiting import wait_for

IN_RUST = (JWTAuthentication, APIKeyAuthentication)
"""Backends that the server asks."""
EARLIER = frozenset({401, 403, 408, 429, 503})
"""What the server answers without having got as far as access, or because of it."""


class Store(Protocol):
    """Where revoked tokens are kept."""

    async def is_revoked(self, claims: Any, /) -> bool:
        """Tell whether the token with these claims was revoked."""
        ...


class Access:
    """The backends and guards of a route.

    `store` tells which tokens were revoked; `csrf` is asked about what a cookie authenticated, None: nothing is.
    """

    def __init__(
        self,
        backends: Sequence[Any],
        wanted: Sequence[BaseGuard],
        *,
        store: Store | None = None,
        csrf: CsrfCheck | None = None,
    ) -> None:
        self.backends = [(position, item) for position, item in enumerate(backends) if not isinstance(item, IN_RUST)]
        self.guards = [(guard, asker(guard, "check"), takes_object(guard.check)) for guard in wanted]
        self.challenge = challenge(backends)
        self.store = store if any(isinstance(item, JWTAuthentication) for item in backends) else None
        self.tokens = frozenset(
            position for position, item in enumerate(backends) if isinstance(item, JWTAuthentication)
        )
        self.authenticates = bool(backends)
        self.csrf = csrf if any(map(reads_cookie, backends)) else None
        self._later = [(position, item.authenticate_now) for position, item in self.backends if may_wait(item)]
        waits = wanted or self.csrf is not None or self.store is not None
        self.lazy = len(self._later) == len(self.backends) > 0 and not waits
        """Whether nobody is asked who sent a request until somebody wants to know."""
        self.identifies = bool(self.backends) or self.store is not None or self.csrf is not None
        """Whether what the server says of a client's identity is not all."""
        self.blocks = self.store is None and all(
            [
                *(blocks(item, "authenticate") for _, item in self.backends),
                *(blocks(guard, "check") for guard, *_ in self.guards),
            ]
        )
        """Whether `check` waits for nothing where no loop runs: blocking code can then run it to its end."""
        self._askers = {position: asker(item, "authenticate") for position, item in self.backends}

    def applies(self, request: Any, refusal: tuple[int, Any, Any] | BaseException | None) -> bool:
        """Tell whether Python has to decide about a request, which the server may have refused already."""
        if isinstance(refusal, tuple) and refusal[0] in EARLIER:
            return False
        return (self.identifies and not self.lazy) or bool(self.guards and request._raw.undecided)

    async def check(self, request: Any) -> None:
        """Find out who sent the request; raises `Unauthorized` or `Forbidden` where a guard refuses."""
        if not request._is_settled:
            await self.identify(request)
        for guard, ask, of_objects in self.guards:
            passes = await (ask(request, None) if of_objects else ask(request))
            if not told(guard, passes):
                raise self.refusal(request)

    async def identify(self, request: Any) -> Identity | None:
        """Ask the backends, each in its turn, who sent the request, and tell the request."""
        # Nobody, until it is known, and where a backend fails.
        request._found = None
        found = told_by_server(request._raw.identity)
        if found is not None and await self._is_revoked(found):
            found = None
        for position, backend in self.backends:
            if found is not None and found.backend < position:
                break
            result = await self._askers[position](request)
            if not isinstance(result, AuthResult):
                raise TypeError(
                    f"{type(backend).__name__}.authenticate() returned {type(result).__name__}, expected an "
                    "AuthResult; return AuthResult() where nobody is authenticated"
                )
            told = told_by_backend(position, result, by_cookie=reads_cookie(backend))
            if told is not None:
                found = told
                break
        if found is not None and found.by_cookie and self.csrf is not None:
            # Nobody, unless it is them who asks and not a site that they are looking at.
            await self.csrf.enforce(request)
        request._settle(found)
        return found

    def identify_now(self, request: Any) -> Identity | None:
        """Return who sent the request, for code that cannot wait; raises `RuntimeError` where that takes waiting."""
        if self.identifies and not self.lazy:
            raise RuntimeError(
                "who sent this request is asked behind middleware; write `await request.auser()` in front of it"
            )
        found = told_by_server(request._raw.identity)
        for position, ask in self._later:
            if found is not None and found.backend < position:
                break
            told = told_by_backend(position, run_now(ask, request), by_cookie=True)
            if told is not None:
                return told
        return found

    def leave(self, request: Any) -> None:
        """Tell a request that the server refused, before anybody was asked, that nobody sent it."""
        if self.identifies and not self.lazy and not request._is_settled:
            request._found = None

    async def check_object(self, request: Any, found: Any) -> None:
        """Ask the guards that take an object about one; raises as `check` does."""
        for guard, ask, of_objects in self.guards:
            if of_objects and not told(guard, await ask(request, found)):
                raise self.refusal(request)

    def refusal(self, request: Any) -> Exception:
        """Return what is raised for a client that may not pass."""
        if request._identity is None and self.authenticates:
            return Unauthorized(headers={"WWW-Authenticate": self.challenge})
        return Forbidden()

    async def _is_revoked(self, found: Identity) -> bool:
        if self.store is None or found.backend not in self.tokens:
            return False
        return await self.store.is_revoked(found.claims)


def may_wait(backend: Any) -> bool:
    """Tell whether a backend can be asked by code that cannot wait."""
    return isinstance(backend, SessionAuthentication)


def reads_cookie(backend: Any) -> bool:
    """Tell whether a backend reads a cookie, which a browser sends whoever asks."""
    if isinstance(backend, JWTAuthentication):
        return backend.cookie is not None
    return bool(getattr(backend, "by_cookie", False))


def asker(item: Any, name: str) -> Callable[..., Awaitable[Any]]:
    """Return a method to await, which may be a plain function: that then runs as the ORM's calls do."""
    method = getattr(item, name)
    if inspect.iscoroutinefunction(method):
        return method  # type: ignore[no-any-return]

    async def ask(*args: Any) -> Any:
        result = await run_blocking(method, *args)
        if not inspect.isawaitable(result):
            return result
        return wait_for(result) if _get_running_loop() is None else await result

    return ask


WAIT_FOR_BLOCKING_CODE = frozenset({guards.__name__, sessions.__name__})
"""The modules whose coroutines wait for nothing else."""


def blocks(item: Any, name: str) -> bool:
    """Tell whether a method can be asked by blocking code: it is a plain function, or waits for such code alone."""
    method = getattr(item, name)
    if not inspect.iscoroutinefunction(method):
        return True
    # Where its code is: a wrapper says `__module__` of what it wraps.
    home = getattr(getattr(method, "__func__", method), "__globals__", {})
    return home.get("__name__") in WAIT_FOR_BLOCKING_CODE


def told(guard: BaseGuard, passes: Any) -> bool:
    """Return what a guard's check said; raises `TypeError` for what is neither True nor False."""
    if isinstance(passes, bool):
        return passes
    raise TypeError(
        f"{type(guard).__name__}.check() returned {passes!r}, expected True or False; "
        "nobody passes a guard that says neither"
    )


def challenge(backends: Sequence[Any]) -> str:
    """Return what a client that is nobody is told to send (RFC 9110, section 11.6.1)."""
    schemes = {JWTAuthentication: "Bearer", APIKeyAuthentication: "ApiKey"}
    wanted = [scheme for item in backends for kind, scheme in schemes.items() if isinstance(item, kind)]
    return ", ".join(dict.fromkeys(wanted)) or "Bearer"
