"""Login, refresh and logout: the routes of `token_router()`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import Signal

from django_bolt import BoltAPI, Request
from django_bolt._plan.errors import PlanError
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.testing import TestClient
from django_bolt.tokens import Credentials, RefreshToken, token_router

pytestmark = pytest.mark.django_db
RIGHT = {"username": "ann", "password": "right"}


@pytest.fixture(autouse=True, params=["memory", "cache", "database"])
def _store(request: Any, settings: Any, tmp_path: Any) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)}
    }
    settings.BOLT = {"TOKEN_STORE": request.param}


@pytest.fixture
def user() -> Any:
    return get_user_model().objects.create_user("ann", password="right")


@pytest.fixture
def client(user: Any) -> Iterator[TestClient]:
    api = BoltAPI()
    api.include_router(token_router())

    @api.get("/guarded", guards=[IsAuthenticated()])
    async def guarded(request: Request) -> dict[str, Any]:
        return {"user": request.context["user_id"], "claims": request.context["claims"]["type"]}

    @api.get("/def/guarded", guards=[IsAuthenticated()])
    def guarded_in_a_thread(request: Request) -> str:
        return request.user.username

    @api.get("/open")
    async def whoever(request: Request) -> str:
        return (await request.auser()).username

    with TestClient(api) as client:
        yield client


def tokens(client: TestClient) -> dict[str, Any]:
    answer = client.post("/auth/login", json=RIGHT)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ask(client: TestClient, token: str, path: str = "/guarded") -> Any:
    return client.get(path, headers={"Authorization": f"Bearer {token}"})


def renew(client: TestClient, pair: dict[str, Any]) -> Any:
    return client.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]})


def test_login(client: TestClient, user: Any) -> None:
    answer = client.post("/auth/login", json=RIGHT)
    pair = answer.json()
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    assert claims["sub"] == str(user.pk)
    user.refresh_from_db()
    assert user.last_login is not None


def test_who_may_not_log_in(client: TestClient, user: Any) -> None:
    get_user_model().objects.create_user("bob", password="right", is_active=False)
    # Without a password that could be right.
    get_user_model().objects.create_user("cat")
    answers = [
        client.post("/auth/login", json={"username": name, "password": password})
        for name, password in [
            ("ann", "wrong"),
            ("nobody", "right"),
            ("bob", "right"),
            ("bob", "wrong"),
            ("cat", "!"),
            ("ANN", "right"),
            ("ann ", "right"),
            ("ann", "x" * 1024),
            ("ü", "ü"),
        ]
    ]
    assert {answer.status_code for answer in answers} == {401}
    # Nothing tells one from the other.
    assert {answer.text for answer in answers} == {'{"detail":"Invalid username or password"}'}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}


def test_an_inactive_user_whom_a_backend_lets_in(client: TestClient, user: Any, settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    assert client.post("/auth/login", json=RIGHT).status_code == 200
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)
    assert client.post("/auth/login", json=RIGHT).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "ann"},
        {"username": "ann", "password": None},
        {"username": "", "password": "right"},
        {"username": "ann\0", "password": "right"},
        {"username": "ann", "password": "\0"},
        {"username": ["ann"], "password": "right"},
        {"username": "x" * 1025, "password": "canary"},
        {"username": "ann", "password": "canary" * 1000},
    ],
)
def test_what_is_no_login(client: TestClient, body: Any, caplog: Any) -> None:
    answer = client.post("/auth/login", json=body)
    assert answer.status_code == 422
    assert "canary" not in answer.text + caplog.text


@pytest.mark.parametrize("body", ["[]", "{", '{"username": "\\ud800", "password": "x"}', "", "null"])
def test_what_is_no_json(client: TestClient, body: str) -> None:
    for path in ("/auth/login", "/auth/refresh", "/auth/logout", "/auth/logout-all"):
        answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), (path, answer.text)


def test_refresh(client: TestClient) -> None:
    first = tokens(client)
    answer = renew(client, first)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    second = answer.json()
    assert second["refresh_token"] != first["refresh_token"]
    assert renew(client, second).status_code == 200
    # Used again: nothing of this login counts any more.
    refused = renew(client, first)
    assert (refused.status_code, refused.json()) == (401, {"detail": "Invalid or expired token"})
    assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert renew(client, second).status_code == 401


def test_an_access_token_renews_nothing(client: TestClient) -> None:
    pair = tokens(client)
    assert renew(client, {"refresh_token": pair["access_token"]}).status_code == 401
    assert renew(client, pair).status_code == 200


def test_logout(client: TestClient) -> None:
    here, elsewhere = tokens(client), tokens(client)
    body = {"refresh_token": here["refresh_token"]}
    answer = client.post("/auth/logout", json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert renew(client, here).status_code == 401
    # Again is no mistake; a made-up one is.
    assert client.post("/auth/logout", json=body).status_code == 204
    assert client.post("/auth/logout", json={"refresh_token": "a.b.c"}).status_code == 401
    assert renew(client, elsewhere).status_code == 200


def test_logout_everywhere(client: TestClient) -> None:
    here, elsewhere = tokens(client), tokens(client)
    assert client.post("/auth/logout-all", json={"refresh_token": here["refresh_token"]}).status_code == 204
    assert renew(client, here).status_code == 401
    assert renew(client, elsewhere).status_code == 401
    later = tokens(client)
    # A token of the past does not end what came after it.
    assert client.post("/auth/logout-all", json={"refresh_token": here["refresh_token"]}).status_code == 401
    assert renew(client, later).status_code == 200


def test_an_access_token_counts_until_its_login_is_over(client: TestClient, user: Any) -> None:
    pair, elsewhere = tokens(client), tokens(client)
    for known in (pair, elsewhere):
        assert ask(client, known["access_token"]).json() == {"user": str(user.pk), "claims": "access"}
        assert ask(client, known["access_token"], "/def/guarded").text == "ann"
        assert ask(client, known["access_token"], "/open").text == "ann"
    client.post("/auth/logout", json={"refresh_token": pair["refresh_token"]})
    for path in ("/guarded", "/def/guarded"):
        refused = ask(client, pair["access_token"], path)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert ask(client, pair["access_token"], "/open").text == ""
    assert ask(client, elsewhere["access_token"]).status_code == 200
    client.post("/auth/logout-all", json={"refresh_token": elsewhere["refresh_token"]})
    assert ask(client, elsewhere["access_token"]).status_code == 401
    assert ask(client, tokens(client)["access_token"]).status_code == 200


def test_a_refresh_token_is_for_no_request(client: TestClient) -> None:
    assert ask(client, tokens(client)["refresh_token"]).status_code == 401


def test_a_token_that_is_used_again_ends_access_as_well(client: TestClient) -> None:
    first = tokens(client)
    second = renew(client, first).json()
    assert ask(client, first["access_token"]).status_code == 200
    renew(client, first)
    assert [ask(client, pair["access_token"]).status_code for pair in (first, second)] == [401, 401]


def test_djangos_signals(client: TestClient, user: Any) -> None:
    sent: list[tuple[str, Any]] = []

    def note(name: str, signal: Signal) -> Any:
        def receiver(request: Any = None, user: Any = None, credentials: Any = None, **_: Any) -> None:
            sent.append((name, user or credentials))
            assert request.META["REQUEST_METHOD"] == "POST"
            assert threading.current_thread() is threading.main_thread()

        signal.connect(receiver, weak=False)
        return receiver

    signals = {"in": user_logged_in, "out": user_logged_out, "failed": user_login_failed}
    receivers = {name: note(name, signal) for name, signal in signals.items()}
    try:
        pair = tokens(client)
        client.post("/auth/login", json={**RIGHT, "password": "wrong"})
        client.post("/auth/logout", json={"refresh_token": pair["refresh_token"]})
    finally:
        for name, signal in signals.items():
            signal.disconnect(receivers[name])
    failed = {"username": "ann", "password": "********************"}
    assert sent == [("in", user), ("failed", failed), ("out", user)]


def test_the_applications_guards_do_not_lock_the_door(user: Any) -> None:
    api = BoltAPI(auth=[JWTAuthentication()], guards=[IsAuthenticated()])
    api.include_router(token_router("/tokens"))
    with TestClient(api) as client:
        assert client.post("/tokens/login", json=RIGHT).status_code == 200


def test_a_family_that_is_revoked_stays_so_where_requests_are_atomic(client: TestClient, settings: Any) -> None:
    settings.DATABASES["default"]["ATOMIC_REQUESTS"] = True
    try:
        api = BoltAPI()
        api.include_router(token_router())
        with TestClient(api) as client:
            first = tokens(client)
            second = renew(client, first).json()
            assert renew(client, first).status_code == 401
            assert renew(client, second).status_code == 401
    finally:
        settings.DATABASES["default"]["ATOMIC_REQUESTS"] = False


def test_claims_and_lifetimes(user: Any) -> None:
    api = BoltAPI()
    asked = []

    def claims(user: Any) -> dict[str, Any]:
        asked.append(user)
        return {"permissions": sorted(user.get_all_permissions()), "iss": "shop"}

    api.include_router(token_router(claims=claims, expires_in=60, refresh_expires_in=120))
    with TestClient(api) as client:
        first = tokens(client)
        second = renew(client, first).json()
        for pair in (first, second):
            found = jwt.decode(pair["access_token"], options={"verify_signature": False})
            assert (found["permissions"], found["iss"], pair["expires_in"]) == ([], "shop", 60)
    assert asked == [user, user]


def test_the_documentation(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert sorted(path for path in paths if path.startswith("/auth")) == [
        "/auth/login",
        "/auth/logout",
        "/auth/logout-all",
        "/auth/refresh",
    ]
    text = json.dumps(paths["/auth/login"])
    assert "Credentials" in text
    assert "TokenPair" in text


def test_without_a_store(settings: Any) -> None:
    settings.BOLT = {}
    with pytest.raises(PlanError, match=r"token_router\(\): found no BOLT\['TOKEN_STORE'\], expected 'memory'"):
        token_router()


def test_nothing_secret_is_shown() -> None:
    assert repr(Credentials(username="ann", password="canary")) == "Credentials(username='ann')"
    assert repr(RefreshToken(refresh_token="canary")) == "RefreshToken()"
