"""`Access`: backends and guards in their order, what was revoked, and the same decision as the server's."""

from __future__ import annotations

import asyncio
import functools
import json
from typing import Any

import pytest

from django_bolt._runtime.access import Access, challenge
from django_bolt.auth import (
    APIKeyAuthentication,
    AuthResult,
    BaseAuth,
    BaseGuard,
    HasPermission,
    IsAuthenticated,
    IsStaff,
    JWTAuthentication,
)
from django_bolt.exceptions import Forbidden, Unauthorized
from django_bolt.request import Request
from tests.unit.raw_request import Raw

JWT, KEYS = JWTAuthentication(secret="s" * 32), APIKeyAuthentication(api_keys=["k"])


class Finds(BaseAuth):
    """Finds somebody, or nobody for None; notes that it was asked."""

    def __init__(self, sub: str | None, asked: list[str] | None = None) -> None:
        self.sub = sub
        self.asked = [] if asked is None else asked

    async def authenticate(self, request: Any) -> AuthResult:
        self.asked.append(self.sub or "")
        return AuthResult(claims={"sub": self.sub} if self.sub else None)


class Revoked:
    """A store in which some users' tokens were revoked."""

    def __init__(self, *subs: str) -> None:
        self.subs = subs
        self.asked: list[Any] = []

    async def is_revoked(self, claims: Any) -> bool:
        self.asked.append(claims)
        return claims["sub"] in self.subs


def request(backend: int | None = None, sub: str = "1", **claims: Any) -> Request:
    """Return a request, from somebody whom the server's backend at this position found."""
    told = None if backend is None else (backend, sub, json.dumps({"sub": sub, **claims}).encode(), False)
    return Request(Raw(identity=told, undecided=True))


def found(access: Access, it: Request) -> str | None:
    asyncio.run(access.identify(it))
    return None if it._identity is None else it._identity.user_id


def check(access: Access, it: Request) -> str:
    try:
        asyncio.run(access.check(it))
    except (Unauthorized, Forbidden) as refusal:
        return f"{refusal.status_code} {refusal.headers.get('WWW-Authenticate', '')}".strip()
    return "passed"


@pytest.mark.parametrize(
    ("backends", "position", "expected", "asked"),
    [
        # The server found somebody: whoever stands in front of its backend is asked first.
        ([Finds("2"), JWT], 1, "2", True),
        ([Finds(None), JWT], 1, "1", True),
        ([JWT, Finds("2")], 0, "1", False),
        # It found nobody.
        ([JWT, Finds("2")], None, "2", True),
        ([JWT, Finds(None)], None, None, True),
        ([JWT], None, None, False),
        ([KEYS, Finds(None), JWT, Finds("3")], 2, "1", True),
        ([], None, None, False),
    ],
)
def test_backends_have_their_turn(backends, position, expected, asked):
    own = [item for item in backends if isinstance(item, Finds)]
    for item in own:
        item.asked.clear()
    assert found(Access(backends, []), request(position)) == expected
    assert any(item.asked for item in own) == asked
    assert not (len(own) == 2 and own[1].asked)


def test_revoked_is_nobody_and_the_next_backend_is_asked():
    store = Revoked("1")
    assert found(Access([JWT], [], store=store), request(0)) is None
    assert found(Access([JWT], [], store=store), request(0, "2")) == "2"
    assert found(Access([JWT, Finds("3")], [], store=store), request(0)) == "3"
    assert found(Access([Finds("3"), JWT], [], store=store), request(1)) == "3"
    assert check(Access([JWT], [IsAuthenticated()], store=store), request(0)) == "401 Bearer"
    assert check(Access([JWT], [IsAuthenticated()], store=store), request(0, "2")) == "passed"


def test_only_tokens_are_looked_up():
    store = Revoked("1")
    assert found(Access([KEYS, JWT], [], store=store), request(0)) == "1"
    assert found(Access([KEYS], [], store=store), request(0)) == "1"
    assert not Access([KEYS], [], store=store).identifies
    assert found(Access([Finds("1"), JWT], [], store=store), request()) == "1"
    assert store.asked == []


@pytest.mark.parametrize("undecided", [True, False])
@pytest.mark.parametrize("refusal", [None, 401, 403, 413, 415, 422, 429])
def test_when_python_decides(undecided, refusal):
    it = Request(Raw(undecided=undecided))
    reply = None if refusal is None else (refusal, [], b"")
    got_as_far = refusal not in (401, 403, 429)
    assert Access([JWT], [IsAuthenticated()]).applies(it, reply) is (undecided and got_as_far)
    assert Access([JWT], [], store=Revoked()).applies(it, reply) is got_as_far
    assert Access([Finds("1")], []).applies(it, reply) is got_as_far


@pytest.mark.parametrize(
    ("backends", "expected"),
    [
        ([JWT], "Bearer"),
        ([KEYS], "ApiKey"),
        ([KEYS, JWT, JWTAuthentication()], "ApiKey, Bearer"),
        ([Finds("1")], "Bearer"),
        ([Finds("1"), KEYS], "ApiKey"),
    ],
)
def test_what_nobody_is_told_to_send(backends, expected):
    assert challenge(backends) == expected
    assert check(Access(backends, [IsAuthenticated()]), request()) in (f"401 {expected}", "passed")


class No(BaseGuard):
    def check(self, request: Any) -> bool:
        return False


def test_nobody_can_be_authenticated_without_a_backend():
    assert check(Access([], [No()]), request()) == "403"
    assert check(Access([JWT], [No()]), request()) == "401 Bearer"
    assert check(Access([JWT], [No()]), request(0)) == "403"


class ForWhatever(BaseGuard):
    async def check(self, *args: Any) -> bool:
        return args[1:] in [(None,), ("mine",)]


class ForObjects(BaseGuard):
    async def check(self, request: Any, obj: Any) -> bool:
        return obj is None or obj == "mine"


@pytest.mark.parametrize("guard", [ForObjects(), ForWhatever()])
def test_objects(guard):
    access, it = Access([JWT], [IsAuthenticated(), guard]), request(0)
    assert check(access, it) == "passed"
    it._access = access
    asyncio.run(it.check_object("mine"))
    with pytest.raises(Forbidden):
        asyncio.run(it.check_object("yours"))
    asyncio.run(request().check_object("yours"))


class Kept(IsStaff):
    """Has the coroutine of a guard that waits for blocking code alone."""


class Wrapped(IsStaff):
    @functools.wraps(IsStaff.check)
    async def check(self, request: Any) -> bool:
        await asyncio.sleep(0.001)
        return False


@pytest.mark.parametrize(("guard", "expected"), [(Kept(), True), (Wrapped(), False)])
def test_whether_blocking_code_can_ask_is_told_by_the_code_itself(guard: BaseGuard, expected: bool) -> None:
    assert Access([], [guard]).blocks is expected


def test_a_guard_of_names_wants_true_or_false() -> None:
    class Vague(HasPermission):
        def known(self, user: Any) -> Any:
            return "no"

    async def auser() -> None:
        """Stand for somebody that no database knows."""

    it = request(0)
    it._auser = auser
    with pytest.raises(TypeError, match="nobody passes a guard that says neither"):
        asyncio.run(Access([JWT], [Vague("app.view")]).check(it))
