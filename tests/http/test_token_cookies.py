"""`token_router(cookie=…)`, refresh tokens in a cookie, and logins that end whatever is renewed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import jwt
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model

from django_bolt import BoltAPI, Request, Router
from django_bolt._plan.errors import PlanError
from django_bolt.auth import IsAuthenticated, create_token_pair, rotate_refresh_token, tokens
from django_bolt.auth.signing import InvalidToken, sign
from django_bolt.middleware import CORSMiddleware
from django_bolt.testing import TestClient
from django_bolt.tokens import AccessToken, RefreshCookie, token_router

pytestmark = pytest.mark.django_db
RIGHT = {"username": "ann", "password": "right"}
FOREIGN = {"Origin": "https://evil.example"}


@pytest.fixture(autouse=True)
def _store(settings: Any) -> None:
    settings.BOLT = {"TOKEN_STORE": "memory"}


@pytest.fixture
def user() -> Any:
    return get_user_model().objects.create_user("ann", password="right")


def serving(**options: Any) -> TestClient:
    api = BoltAPI("/api")
    outer = Router("/v1")
    outer.include_router(token_router(**{"cookie": RefreshCookie(), **options}))
    api.include_router(outer)

    @api.get("/me", guards=[IsAuthenticated()])
    async def me(request: Request) -> str:
        return request.context["user_id"]

    return TestClient(api, base_url="https://testserver")


@pytest.fixture
def client(user: Any) -> Iterator[TestClient]:
    with serving() as client:
        yield client


def cookie_of(answer: Any) -> Any:
    """Return the only cookie of an answer."""
    (text,) = answer.headers.get_list("set-cookie")
    ((name, morsel),) = SimpleCookie(text).items()
    assert name == "refresh_token"
    return morsel


def login(client: TestClient) -> str:
    answer = client.post("/api/v1/auth/login", json=RIGHT)
    assert answer.status_code == 200, answer.text
    return cookie_of(answer).value


def refresh(client: TestClient, token: str | None = None, **headers: str) -> Any:
    return ask(client, "refresh", token, **headers)


def ask(client: TestClient, path: str, token: str | None, **headers: str) -> Any:
    # Cookies of its own would be sent as well.
    client.cookies.clear()
    sent = {} if token is None else {"Cookie": f"refresh_token={token}"}
    return client.post(f"/api/v1/auth/{path}", headers={**sent, **headers})


def me(client: TestClient, answer: Any) -> int:
    token = answer.json()["access_token"]
    return client.get("/api/me", headers={"Authorization": f"Bearer {token}"}).status_code


def test_the_cookie_is_for_no_script_and_goes_nowhere_else(client: TestClient) -> None:
    answer = client.post("/api/v1/auth/login", json=RIGHT)
    assert sorted(answer.json()) == ["access_token", "expires_in", "token_type"]
    assert answer.headers["cache-control"] == "no-store"
    cookie = cookie_of(answer)
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Strict")
    assert (cookie["path"], cookie["domain"]) == ("/api/v1/auth", "")
    assert 604_790 <= int(cookie["max-age"]) <= 604_801
    assert tokens.decode_refresh_token(cookie.value)["type"] == "refresh"
    assert me(client, answer) == 200


def test_a_browser_goes_on_by_its_cookie(client: TestClient) -> None:
    assert client.post("/api/v1/auth/login", json=RIGHT).status_code == 200
    seen = set()
    for _ in range(3):
        # The client keeps cookies as a browser does, by path and Secure.
        answer = client.post("/api/v1/auth/refresh")
        assert answer.status_code == 200, answer.text
        assert sorted(answer.json()) == ["access_token", "expires_in", "token_type"]
        seen.add(cookie_of(answer).value)
        assert me(client, answer) == 200
    assert len(seen) == 3
    ended = client.post("/api/v1/auth/logout")
    assert (ended.status_code, ended.content) == (204, b"")
    assert not client.cookies
    assert me(client, answer) == 401
    assert client.post("/api/v1/auth/refresh").status_code == 401


def test_a_cookie_that_is_used_again_ends_the_login_and_is_taken_back(client: TestClient) -> None:
    first = login(client)
    second = refresh(client, first)
    assert second.status_code == 200
    again = refresh(client, first)
    assert again.status_code == 401
    taken = cookie_of(again)
    assert (taken.value, taken["max-age"], taken["path"], taken["samesite"]) == ("", "0", "/api/v1/auth", "Strict")
    assert me(client, second) == 401
    assert refresh(client, cookie_of(second).value).status_code == 401


@pytest.mark.parametrize("path", ["refresh", "logout", "logout-all"])
@pytest.mark.parametrize("token", [None, "", "nonsense", "x" * 8000])
def test_what_is_no_token(client: TestClient, path: str, token: str | None) -> None:
    answer = ask(client, path, token)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid or expired token"})
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert cookie_of(answer)["max-age"] == "0"


def test_a_body_is_no_cookie(client: TestClient) -> None:
    token = login(client)
    client.cookies.clear()
    assert client.post("/api/v1/auth/refresh", json={"refresh_token": token}).status_code == 401
    assert refresh(client, token).status_code == 200


@pytest.mark.parametrize("path", ["refresh", "logout", "logout-all"])
def test_another_site_cannot_use_it(user: Any, path: str) -> None:
    api = BoltAPI()
    api.include_router(token_router(cookie=RefreshCookie(samesite="None")))
    named = CORSMiddleware(allow_origins=["https://app.example"], allow_credentials=True)
    api.include_router(token_router("/named", cookie=RefreshCookie(samesite="None"), middleware=[named]))
    with TestClient(api, base_url="https://testserver", enforce_csrf_checks=True) as client:
        answer = client.post("/auth/login", json=RIGHT)
        sent = {"Cookie": f"refresh_token={cookie_of(answer).value}"}
        client.cookies.clear()
        for origin in ("https://evil.example", "null", "https://evil.testserver", "http://testserver:8000"):
            refused = client.post(f"/auth/{path}", headers={**sent, "Origin": origin})
            assert (refused.status_code, refused.headers.get("set-cookie")) == (403, None), origin
        # Neither used up nor revoked; and a site that CORS names may.
        assert client.post(f"/named/{path}", headers={**sent, **FOREIGN}).status_code == 403
        assert client.post(f"/named/{path}", headers={**sent, "Origin": "https://app.example"}).is_success


def test_a_logout_everywhere(client: TestClient) -> None:
    one, other = login(client), login(client)
    ended = ask(client, "logout-all", one)
    assert (ended.status_code, cookie_of(ended)["max-age"]) == (204, "0")
    assert refresh(client, other).status_code == 401


def test_a_cookie_of_ones_own(user: Any) -> None:
    cookie = RefreshCookie(name="login", path="/", domain="example.com", secure=False, samesite="Lax")
    with serving(cookie=cookie) as client:
        (text,) = client.post("/api/v1/auth/login", json=RIGHT).headers.get_list("set-cookie")
    morsel = SimpleCookie(text)["login"]
    assert (morsel["path"], morsel["domain"], morsel["secure"]) == ("/", "example.com", "")
    assert (morsel["samesite"], morsel["httponly"]) == ("Lax", True)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"name": "a b"}, "the cookie name 'a b'"),
        ({"path": "/;x"}, "path"),
        ({"samesite": "sometimes"}, "samesite='sometimes'"),
        ({"samesite": ""}, "samesite=''"),
        ({"samesite": None}, "samesite=None"),
        ({"samesite": "None", "secure": False}, "secure=False, which browsers refuse"),
    ],
)
def test_a_cookie_that_no_browser_keeps(options: dict[str, Any], found: str) -> None:
    with pytest.raises(PlanError, match=found):
        token_router(cookie=RefreshCookie(**options))


def test_nothing_secret_is_shown() -> None:
    assert "secret" not in repr(AccessToken(access_token="secret", expires_in=1))


def test_the_documentation(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert "RefreshToken" not in document["components"]["schemas"]
    assert "requestBody" not in document["paths"]["/api/v1/auth/refresh"]["post"]


# How long a login lasts --------------------------------------------------------------------------


renewed = async_to_sync(rotate_refresh_token)


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let time pass."""
    import time

    began, passed = time.time(), [0.0]
    monkeypatch.setattr("time.time", lambda: began + passed[0])

    def after(seconds: float) -> None:
        passed[0] = seconds

    return after


def test_a_login_ends_however_often_it_is_renewed(clock: Any, user: Any) -> None:
    lives: dict[str, Any] = {"expires_in": 60, "refresh_expires_in": 600, "absolute_lifetime": timedelta(seconds=1000)}
    pair = create_token_pair(user, **lives)
    end = claims_of(pair.refresh_token)["auth_time"] + 1000
    for seconds in (500, 900, 970):
        clock(seconds)
        pair = renewed(pair.refresh_token, **lives)
        found = claims_of(pair.refresh_token)
        assert found["auth_time"] + 1000 == end
        assert found["exp"] == min(found["iat"] + 601, end)
        assert claims_of(pair.access_token)["exp"] <= end
    assert pair.expires_in <= 30
    # Whoever wants longer logins from now on gets no longer tokens by old ones.
    clock(1001)
    with pytest.raises(InvalidToken):
        renewed(pair.refresh_token, **{**lives, "absolute_lifetime": 5000})


def test_a_shorter_life_counts_for_logins_that_there_are(clock: Any, user: Any) -> None:
    pair = create_token_pair(user)
    clock(100)
    with pytest.raises(InvalidToken):
        renewed(pair.refresh_token, absolute_lifetime=50)
    # It was not used up by that.
    assert renewed(pair.refresh_token, absolute_lifetime=500).expires_in <= 400


def test_the_router_ends_logins(user: Any) -> None:
    with serving(absolute_lifetime=1000, refresh_expires_in=5000, expires_in=2000) as client:
        answer = client.post("/api/v1/auth/login", json=RIGHT)
        assert 998 <= answer.json()["expires_in"] <= 1000
        assert 997 <= int(cookie_of(answer)["max-age"]) <= 1000
        again = refresh(client, cookie_of(answer).value)
        assert 990 <= int(cookie_of(again)["max-age"]) <= 1000


@pytest.mark.parametrize("lifetime", [0, -1, True, "30d", timedelta()])
def test_a_life_that_is_none(lifetime: Any) -> None:
    with pytest.raises(PlanError, match="found absolute_lifetime"):
        token_router(absolute_lifetime=lifetime)


@pytest.mark.parametrize("when", [float("nan"), float("inf"), 10**400, 1e300, -1, "1", True, None])
def test_a_login_at_no_time(client: TestClient, user: Any, settings: Any, when: Any) -> None:
    claims = {**claims_of(create_token_pair(user).refresh_token), "auth_time": when}
    answer = refresh(client, sign(claims, settings.SECRET_KEY, "HS256"))
    assert (answer.status_code, cookie_of(answer).value) == (401, "")


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("a", "/api/a/auth"),
        ("a%3B%20Domain=evil.example", "/api/a%3B%20Domain=evil.example/auth"),
        ("a;b", "/api"),
        ("%C3%A9%0D", "/api/%C3%A9%0D/auth"),
    ],
)
def test_the_cookie_is_for_the_path_as_it_was_written(user: Any, written: str, path: str) -> None:
    api, outer = BoltAPI("/api"), Router("/{tenant}")
    outer.include_router(token_router(cookie=RefreshCookie()))
    api.include_router(outer)
    with TestClient(api, base_url="https://testserver") as client:
        given = client.post(f"/api/{written}/auth/login", json=RIGHT)
        assert (given.status_code, cookie_of(given)["path"]) == (200, path)
        # The client compares paths as browsers do.
        renewed = client.post(f"/api/{written}/auth/refresh")
        assert (renewed.status_code, cookie_of(renewed)["path"]) == (200, path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "__Secure-refresh", "secure": False},
        {"name": "__Host-refresh", "path": "/", "secure": False},
        {"name": "__Host-refresh"},
        {"name": "__host-refresh", "path": "/auth"},
        {"name": "__Host-refresh", "path": "/", "domain": "testserver"},
    ],
)
def test_a_name_that_browsers_refuse(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlanError, match="which browsers refuse|browsers refuse __Host-"):
        token_router(cookie=RefreshCookie(**wrong))


@pytest.mark.parametrize("name", ["__Host-refresh", "__Secure-refresh"])
def test_a_name_with_a_prefix(user: Any, name: str) -> None:
    with serving(cookie=RefreshCookie(name=name, path="/")) as client:
        assert client.post("/api/v1/auth/login", json=RIGHT).status_code == 200
        ended = client.post("/api/v1/auth/logout")
        assert ended.status_code == 204
        # Browsers take back no such cookie without it.
        assert "Secure" in ended.headers["set-cookie"]
