"""Who may pass, and what is written, where a `def` handler is one job with all that stands around it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.test import override_settings

from django_bolt import BoltAPI, Request
from django_bolt._runtime import assemble
from django_bolt.auth import (
    BaseGuard,
    HasPermission,
    IsAuthenticated,
    IsStaff,
    JWTAuthentication,
    SessionAuthentication,
    create_jwt_for_user,
)
from django_bolt.testing import TestClient
from tests.http.test_same_answer import seen
from tests.http.test_same_answer_in_one_job import Asked, Hooks, Later, answering, both
from tests.testapp.models import Item as Row

STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
KEY = "a-secret-for-tokens-that-is-long-enough-to-pass"


class Named(BaseGuard):
    """A guard of the project's, in plain code that asks the database."""

    def __init__(self, name: str) -> None:
        self.name = name

    def check(self, request: Any) -> bool:
        return User.objects.filter(pk=request.user.pk, username=self.name).exists()


@pytest.fixture
def users(transactional_db: None) -> dict[str, User]:
    return {
        "ann": User.objects.create_user("ann", is_staff=True, is_superuser=True),
        "bob": User.objects.create_user("bob"),
    }


def session_of(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


GUARDS: dict[str, list[Any]] = {
    "none": [],
    "authenticated": [IsAuthenticated()],
    "staff": [IsStaff()],
    "permission": [HasPermission("auth.add_user")],
    "named": [IsAuthenticated(), Named("bob")],
    "later": [Later()],
}


@pytest.mark.parametrize("guards", GUARDS)
@pytest.mark.parametrize("method", ["GET", "POST"])
@override_settings(SECRET_KEY=KEY)
def test_who_may_pass(guards: str, method: str, users: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> BoltAPI:
        api = BoltAPI(
            django_middleware=[*STARTPROJECT, Hooks],
            auth=[JWTAuthentication(secret=KEY), SessionAuthentication()],
            guards=GUARDS[guards],
        )

        def handler(request: Request) -> Any:
            user = request.user
            return [str(user), isinstance(user, AnonymousUser), request.context.get("user_id")]

        api.get("/x")(handler)
        api.post("/x")(handler)
        return api

    token = create_jwt_for_user(users["bob"], secret=KEY)
    forged = {"authorization": "Bearer a.b.c"}
    heads: list[dict[str, str]] = [
        {},
        *({"cookie": f"sessionid={session_of(user)}"} for user in users.values()),
        {"cookie": "sessionid=nobody"},
        {"authorization": f"Bearer {token}"},
        forged,
    ]
    csrf = "c" * 32
    requests: Asked = [
        {"method": method, "url": f"/x{query}", "headers": head | more}
        for head in heads
        for query in ("", "?later")
        for more in ({}, {"x-csrftoken": csrf, "cookie": head.get("cookie", "") + f"; csrftoken={csrf}"})
    ]
    answers = both(make, requests, monkeypatch, enforce_csrf_checks=True)
    statuses = {answer[0] for answer in answers}
    assert statuses == {200} if (guards, method) == ("none", "GET") else statuses > {200}


def test_without_django_s_middleware(users: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> BoltAPI:
        api = BoltAPI(auth=[SessionAuthentication()], guards=[IsStaff()])
        answering(api)

        @api.get("/{name}")
        def handler(name: str, request: Request) -> Any:
            if name == "broken":
                raise OSError(name)
            return request.user.username

        return api

    heads = [{}, *({"cookie": f"sessionid={session_of(user)}"} for user in users.values())]
    requests: Asked = [{"url": f"/{name}", "headers": head} for head in heads for name in ("a", "broken")]
    answers = both(make, requests, monkeypatch)
    assert [answer[0] for answer in answers] == [401, 401, 200, 507, 403, 403]


# Databases and sessions --------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("atomic", [False, True])
def test_what_is_written(atomic: bool, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", atomic)

    def make() -> BoltAPI:
        Row.objects.all().delete()
        api = BoltAPI(django_middleware=[*STARTPROJECT, Hooks])

        @api.get("/write/{name}")
        def write(name: str, request: Request, broken: bool = False) -> Any:
            Row.objects.create(name=name)
            request.session["count"] = request.session.get("count", 0) + 1
            if broken:
                raise LookupError
            return [request.session["count"], Row.objects.count()]

        @api.get("/rows")
        def rows() -> Any:
            return list(Row.objects.order_by("name").values_list("name", flat=True))

        return api

    def without_session(answers: Any) -> Any:
        return [(status, body) for status, _, body in answers]

    found = []
    for slow in (False, True):
        with monkeypatch.context() as patch:
            if slow:
                patch.setattr(assemble, "blocks", lambda *_, **__: False)
            with TestClient(make(), raise_server_exceptions=False) as client:
                asked = ["/write/a", "/write/b?broken=1", "/write/c", "/rows"]
                found.append(without_session([seen(client.get(path)) for path in asked]))
    assert found[0] == found[1]
    assert found[0][3][1] == (b'["a","c"]' if atomic else b'["a","b","c"]')
    # A session is not saved with an error.
    assert found[0][2][1] == (b"[2,2]" if atomic else b"[2,3]")
