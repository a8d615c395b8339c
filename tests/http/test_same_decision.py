"""What the server decides from a token's claims, Python decides as well: the fast way and the slow one, compared."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_bolt import BoltAPI, Request
from django_bolt._runtime.access import Access
from django_bolt.auth import (
    AllowAny,
    APIKeyAuthentication,
    HasAllPermissions,
    HasAnyPermission,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsStaff,
    IsSuperuser,
    JWTAuthentication,
    jwt_required,
)
from django_bolt.exceptions import HTTPException
from django_bolt.testing import TestClient
from tests.http import tokens
from tests.unit.raw_request import Raw

BACKENDS = (JWTAuthentication(secret=tokens.SECRET), APIKeyAuthentication(api_keys=["key"]))
GUARDS = {
    "any": [AllowAny()],
    "authenticated": [IsAuthenticated()],
    "staff": [IsStaff()],
    "superuser": [IsSuperuser()],
    "permission": [HasPermission("a.x")],
    "all": [HasAllPermissions("a.x", "a.y")],
    "one": [HasAnyPermission("a.x", "a.y")],
    "role": [HasRole("a.x", "editor")],
    "two": [IsStaff(), HasRole("editor")],
    "three": [AllowAny(), HasPermission("a.y"), IsSuperuser()],
    "none": [],
    "required": [jwt_required],
}
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2), st.just("true"), st.just("a.x"), st.just({"a.x": True}), st.just([])
)
NAMES = st.one_of(ODD, st.lists(st.one_of(st.sampled_from(["a.x", "a.y", "editor", "A.X", ""]), ODD), max_size=4))
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "is_staff": st.one_of(st.booleans(), ODD),
        "is_superuser": st.one_of(st.booleans(), ODD),
        "permissions": NAMES,
        "roles": NAMES,
        "Roles": NAMES,
    },
)
CREDENTIAL = st.sampled_from(["token", "token", "token", "key", "both", "wrong", "none"])


def make() -> BoltAPI:
    api = BoltAPI(auth=BACKENDS)
    for name, guards in GUARDS.items():
        api.get(f"/{name}", guards=guards)(reached)
    return api


async def reached() -> str:
    return "through"


def headers(credential: str, claims: dict[str, Any]) -> dict[str, str]:
    found = {}
    if credential in ("token", "both", "wrong"):
        # A claim that is null is one.
        token = jwt.encode({**tokens.claims(sub="999"), **claims}, tokens.SECRET, algorithm="HS256")
        found = tokens.bearer(token + ("x" if credential == "wrong" else ""))
    if credential in ("key", "both"):
        found["X-API-Key"] = "key"
    return found


def decided_in_python(name: str, credential: str, claims: dict[str, Any]) -> tuple[int, str | None, Any]:
    """Return what `Access` says of the same client."""
    told = None
    if credential in ("token", "both"):
        told = (0, "999", msgspec.json.encode({"sub": "999", "exp": 0, **claims}), False)
    elif credential == "key" and name != "required":
        told = (1, None, b'{"api_key":0}', False)
    backends = BACKENDS[:1] if name == "required" else BACKENDS
    try:
        asyncio.run(Access(backends, GUARDS[name]).check(Request(Raw(identity=told, undecided=True))))
    except HTTPException as refusal:
        return refusal.status_code, refusal.headers.get("WWW-Authenticate"), {"detail": refusal.detail}
    return 200, None, "through"


@pytest.fixture(scope="module")
def client(django_db_blocker: Any) -> Any:
    with TestClient(make()) as found:
        yield found


@pytest.mark.django_db
@given(name=st.sampled_from(list(GUARDS)), credential=CREDENTIAL, claims=CLAIMS)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_server_and_python_decide_the_same(client: TestClient, name: str, credential: str, claims: Any) -> None:
    answer = client.get(f"/{name}", headers=headers(credential, claims))
    body = answer.json() if answer.status_code != 200 else answer.text
    expected = decided_in_python(name, credential, claims)
    assert (answer.status_code, answer.headers.get("www-authenticate"), body) == expected, (name, credential, claims)
