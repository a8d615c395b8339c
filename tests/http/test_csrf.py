"""Django's token check, where a session or another cookie authenticated a request; beside what Django says itself."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CSRF_SESSION_KEY, CsrfViewMiddleware, _mask_cipher_secret
from django.test import RequestFactory

from django_bolt import BoltAPI, Request
from django_bolt.auth import (
    AuthResult,
    BaseAuth,
    IsAuthenticated,
    JWTAuthentication,
    SessionAuthentication,
    create_jwt_for_user,
)
from django_bolt.testing import AsyncTestClient, TestClient

SECRET = "a" * 32
OTHER = "b" * 32
KEY = "a-secret-for-tokens-that-is-long-enough-to-pass"
EVIL = "https://evil.example"
FORM = "application/x-www-form-urlencoded"
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="secret")


def logged_in(user: User, **values: Any) -> str:
    """Return the key of a new session of a user's."""
    session = SessionStore()
    session.update(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
            HASH_SESSION_KEY: user.get_session_auth_hash(),
            **values,
        }
    )
    session.save()
    assert session.session_key is not None
    return session.session_key


def site(*auth: Any, guards: list[Any] | None = None) -> BoltAPI:
    api = BoltAPI(auth=list(auth) or [SessionAuthentication()])

    @api.get("/x", guards=guards or [])
    @api.post("/x", guards=guards or [])
    @api.put("/x", guards=guards or [])
    @api.patch("/x", guards=guards or [])
    @api.delete("/x", guards=guards or [])
    async def handler(request: Request) -> dict[str, Any]:
        return {"user": request.user.get_username()}

    return api


class Case:
    """Fields, body and settings of a request, and whether Django takes it."""

    def __init__(
        self,
        passes: bool,
        *,
        cookie: str | None = SECRET,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        methods: tuple[str, ...] = UNSAFE,
        secure: bool = False,
        **settings: Any,
    ) -> None:
        self.passes = passes
        self.cookie = cookie
        self.headers = headers or {}
        self.body = body
        self.methods = methods
        self.secure = secure
        self.settings = settings


def token(text: str = SECRET) -> dict[str, str]:
    return {"X-CSRFToken": text}


def form(text: str) -> dict[str, Any]:
    return {"body": f"a=b&csrfmiddlewaretoken={text}".encode(), "headers": {"Content-Type": FORM}}


MASKED = _mask_cipher_secret(SECRET)
CASES: dict[str, Case] = {
    "no token": Case(False),
    "no cookie": Case(False, cookie=None, headers=token()),
    "neither": Case(False, cookie=None),
    "the cookie's secret": Case(True, headers=token()),
    "a masked token": Case(True, headers=token(MASKED)),
    "a masked cookie": Case(True, cookie=MASKED, headers=token()),
    "another token": Case(False, headers=token(OTHER)),
    "another masked token": Case(False, headers=token(_mask_cipher_secret(OTHER))),
    "an empty token": Case(False, headers=token("")),
    "a short token": Case(False, headers=token("a" * 31)),
    "a long token": Case(False, headers=token("a" * 65)),
    "a token with markup (CVE-2026-48060)": Case(False, headers=token('"><script>alert(1)</script>0123')),
    "a cookie with markup (CVE-2026-48060)": Case(False, cookie='"><script>alert(1)</script>0123', headers=token()),
    "both with markup (CVE-2026-48060)": Case(
        False, cookie="'><script>alert(1)</script>01234", headers=token("'><script>alert(1)</script>01234")
    ),
    "a token under another name": Case(False, headers={"X-CSRF-Token": SECRET}),
    "a name that the settings say": Case(True, headers={"X-Xsrf": SECRET}, CSRF_HEADER_NAME="HTTP_X_XSRF"),
    "the default name beside another": Case(False, headers=token(), CSRF_HEADER_NAME="HTTP_X_XSRF"),
    "a cookie that the settings name": Case(False, headers=token(), CSRF_COOKIE_NAME="xsrf"),
    "a form": Case(True, methods=("POST",), **form(MASKED)),
    "a form with another token": Case(False, methods=("POST",), **form(OTHER)),
    "a form that is not posted": Case(False, methods=("PUT", "PATCH", "DELETE"), **form(SECRET)),
    "a form with the token in the query": Case(False, headers={"Content-Type": FORM}, body=b"a=b"),
    "a JSON body": Case(False, headers={"Content-Type": "application/json"}, body=b'{"a":1}'),
    "a JSON body with a token": Case(True, headers={"Content-Type": "application/json", **token()}, body=b'{"a":1}'),
    "a token inside JSON": Case(
        False,
        headers={"Content-Type": "application/json"},
        body=json.dumps({"csrfmiddlewaretoken": SECRET}).encode(),
    ),
    "a plain text body": Case(False, headers={"Content-Type": "text/plain"}, body=b'{"a":1}'),
    "a method override": Case(
        False, headers={"X-HTTP-Method-Override": "GET", "X-HTTP-Method": "GET", "X-Method-Override": "GET"}
    ),
    "a method override in a form": Case(False, methods=("POST",), headers={"Content-Type": FORM}, body=b"_method=GET"),
    "the own origin": Case(True, headers={**token(), "Origin": "http://testserver"}),
    "a foreign origin": Case(False, headers={**token(), "Origin": EVIL}),
    "the origin null": Case(False, headers={**token(), "Origin": "null"}),
    "a subdomain": Case(False, headers={**token(), "Origin": "http://a.testserver"}),
    "a trusted origin": Case(True, headers={**token(), "Origin": EVIL}, CSRF_TRUSTED_ORIGINS=[EVIL]),
    "a trusted subdomain": Case(
        True, headers={**token(), "Origin": "https://a.b.example"}, CSRF_TRUSTED_ORIGINS=["https://*.b.example"]
    ),
    "a trusted origin without a token": Case(False, headers={"Origin": EVIL}, CSRF_TRUSTED_ORIGINS=[EVIL]),
    "the own origin without a token": Case(False, headers={"Origin": "http://testserver"}),
    "a foreign referer in plain text": Case(True, headers={**token(), "Referer": f"{EVIL}/"}),
    "encrypted without a referer": Case(False, secure=True, headers=token()),
    "encrypted with the own referer": Case(True, secure=True, headers={**token(), "Referer": "https://testserver/a"}),
    "encrypted with the own origin": Case(True, secure=True, headers={**token(), "Origin": "https://testserver"}),
    "encrypted with a foreign referer": Case(False, secure=True, headers={**token(), "Referer": f"{EVIL}/"}),
    "encrypted with a plain referer": Case(False, secure=True, headers={**token(), "Referer": "http://testserver/"}),
    "encrypted with the plain origin": Case(False, secure=True, headers={**token(), "Origin": "http://testserver"}),
    "encrypted with a malformed referer": Case(False, secure=True, headers={**token(), "Referer": "https://["}),
    "encrypted with half a referer": Case(False, secure=True, headers={**token(), "Referer": "testserver/a"}),
    "encrypted with an empty referer": Case(False, secure=True, headers={**token(), "Referer": ""}),
    "encrypted with a subdomain's referer": Case(
        False, secure=True, headers={**token(), "Referer": "https://a.testserver/"}
    ),
    "encrypted with a trusted referer": Case(
        True, secure=True, headers={**token(), "Referer": f"{EVIL}/a"}, CSRF_TRUSTED_ORIGINS=[EVIL]
    ),
    "encrypted with a referer of the cookie's domain": Case(
        True,
        secure=True,
        headers={**token(), "Referer": "https://a.example.com/", "X-Forwarded-Port": "443"},
        CSRF_COOKIE_DOMAIN=".example.com",
        USE_X_FORWARDED_PORT=True,
        BOLT={"TRUSTED_PROXIES": ["127.0.0.1"]},
    ),
    "encrypted without anything right": Case(False, secure=True, cookie=None),
}


def with_cookies(case: Case, session: str | None) -> dict[str, str]:
    """Return the request's fields with its cookies."""
    cookies = [] if session is None else [f"sessionid={session}"]
    cookies += [] if case.cookie is None else [f"csrftoken={case.cookie}"]
    headers = {"Host": "testserver", **case.headers, "X-Scheme": "https" if case.secure else "http"}
    return {**headers, "Cookie": "; ".join(cookies)} if cookies else headers


def django_says(case: Case, method: str) -> int:
    request = RequestFactory().generic(
        method,
        "/x?csrfmiddlewaretoken=" + SECRET,
        case.body,
        content_type=case.headers.get("Content-Type", ""),
        headers=with_cookies(case, None),
    )

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    middleware = CsrfViewMiddleware(view)
    middleware.process_request(request)
    return (middleware.process_view(request, view, (), {}) or view(request)).status_code


@pytest.mark.parametrize("name", CASES)
def test_a_session_needs_a_token_as_under_django(name: str, ada: User, settings: Any) -> None:
    case = CASES[name]
    for key, value in {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_SCHEME", "https"), **case.settings}.items():
        setattr(settings, key, value)
    headers = with_cookies(case, logged_in(ada))
    with TestClient(site(), enforce_csrf_checks=True) as client:
        for method in case.methods:
            path = f"/x?csrfmiddlewaretoken={SECRET}"
            response = client.request(method, path, headers=headers, content=case.body)
            assert (response.status_code, django_says(case, method)) == ((200, 200) if case.passes else (403, 403))
            if case.passes:
                assert response.json() == {"user": "ada"}
            else:
                assert response.json()["detail"].startswith("CSRF verification failed")
                assert "script" not in response.text


def test_what_changes_nothing_needs_no_token(ada: User) -> None:
    cookies = {"sessionid": logged_in(ada)}
    with TestClient(site(), enforce_csrf_checks=True, cookies=cookies) as client:
        assert client.get("/x").json() == {"user": "ada"}
        assert client.head("/x").status_code == 200


def test_nobody_needs_no_token() -> None:
    with TestClient(site(), enforce_csrf_checks=True) as client:
        assert client.post("/x").json() == {"user": ""}
        assert client.post("/x", headers={"Cookie": "sessionid=abcdefgh12345678"}).json() == {"user": ""}
        assert client.post("/x", headers={"Cookie": f"csrftoken={SECRET}"}).json() == {"user": ""}


def test_a_client_in_a_test_is_let_in_unless_told_otherwise(ada: User) -> None:
    with TestClient(site(), cookies={"sessionid": logged_in(ada)}) as client:
        assert client.post("/x").json() == {"user": "ada"}


async def test_an_asynchronous_client_is_the_same(ada: User) -> None:
    from asgiref.sync import sync_to_async

    cookies = {"sessionid": await sync_to_async(logged_in)(ada)}
    async with AsyncTestClient(site(), cookies=cookies) as client:
        assert (await client.post("/x")).json() == {"user": "ada"}
    async with AsyncTestClient(site(), enforce_csrf_checks=True, cookies=cookies) as client:
        assert (await client.post("/x")).status_code == 403


def test_the_reason_is_told_where_errors_are_shown(ada: User, settings: Any, caplog: Any) -> None:
    settings.BOLT = {"DEBUG": True}
    with TestClient(site(), enforce_csrf_checks=True, cookies={"sessionid": logged_in(ada)}) as client:
        with caplog.at_level(logging.WARNING, "django.security.csrf"):
            response = client.post("/x")
        assert response.json() == {"detail": "CSRF verification failed: CSRF cookie not set."}
    assert [record.getMessage() for record in caplog.records] == ["Forbidden (CSRF cookie not set.): /x"]
    settings.BOLT = {}
    with TestClient(site(), enforce_csrf_checks=True, cookies={"sessionid": logged_in(ada)}) as client:
        assert client.post("/x").json() == {"detail": "CSRF verification failed"}


def test_a_token_kept_in_the_session(ada: User, settings: Any) -> None:
    settings.CSRF_USE_SESSIONS = True
    cookies = {"sessionid": logged_in(ada, **{CSRF_SESSION_KEY: SECRET})}
    with TestClient(site(), enforce_csrf_checks=True, cookies=cookies) as client:
        assert client.post("/x", headers=token()).json() == {"user": "ada"}
        assert client.post("/x", headers=token(OTHER)).status_code == 403
        assert client.post("/x").status_code == 403
        client.cookies["csrftoken"] = OTHER
        assert client.post("/x", headers=token(OTHER)).status_code == 403


def test_a_multipart_form(ada: User) -> None:
    cookies = {"sessionid": logged_in(ada), "csrftoken": SECRET}
    with TestClient(site(), enforce_csrf_checks=True, cookies=cookies) as client:
        files = {"file": ("a.txt", b"text")}
        assert client.post("/x", files=files, data={"csrfmiddlewaretoken": SECRET}).json() == {"user": "ada"}
        assert client.post("/x", files=files, data={"csrfmiddlewaretoken": OTHER}).status_code == 403
        headers = {"Content-Type": "multipart/form-data; boundary=" + "x" * 300}
        assert client.post("/x", content=b"--x", headers=headers).status_code == 400


class Header(BaseAuth):
    async def authenticate(self, request: Request) -> AuthResult:
        name = request.headers.get("x-user")
        return AuthResult(user=await User.objects.filter(username=name).afirst())


class Cookie(BaseAuth):
    by_cookie = True

    async def authenticate(self, request: Request) -> AuthResult:
        name = request.cookies.get("user")
        return AuthResult(user=await User.objects.filter(username=name).afirst())


def test_what_no_browser_sends_by_itself_needs_no_token(ada: User) -> None:
    for backends in ([Header()], [Header(), SessionAuthentication()]):
        with TestClient(site(*backends), enforce_csrf_checks=True, cookies={"sessionid": logged_in(ada)}) as client:
            assert client.post("/x", headers={"x-user": "ada"}).json() == {"user": "ada"}


def test_a_backend_of_ones_own_that_reads_a_cookie_needs_a_token(ada: User) -> None:
    with TestClient(site(Cookie()), enforce_csrf_checks=True, cookies={"user": "ada", "csrftoken": SECRET}) as client:
        assert client.post("/x").status_code == 403
        assert client.post("/x", headers=token()).json() == {"user": "ada"}
        assert client.get("/x").json() == {"user": "ada"}


def test_it_is_asked_ahead_of_guards_and_of_what_is_wrong_with_the_body(ada: User) -> None:
    api = BoltAPI(auth=[SessionAuthentication()])

    @api.post("/x", guards=[IsAuthenticated()])
    async def handler(count: dict[str, int]) -> str:
        return "called"

    with TestClient(api, enforce_csrf_checks=True) as client:
        assert client.post("/x", json={}).status_code == 401
    with TestClient(api, enforce_csrf_checks=True, cookies={"sessionid": logged_in(ada)}) as client:
        responses: list[httpx.Response] = [client.post("/x", json={"a": 1}), client.post("/x", content=b"no JSON")]
        assert [response.status_code for response in responses] == [403, 403]


# A token of another kind in a cookie -----------------------------------------------------------------------


def with_tokens(**options: Any) -> BoltAPI:
    return site(JWTAuthentication(secret=KEY, **options))


def test_a_jwt_in_a_cookie_needs_a_token(ada: User) -> None:
    jwt = create_jwt_for_user(ada, secret=KEY)
    cookies = {"access": jwt, "csrftoken": SECRET}
    with TestClient(with_tokens(cookie="access"), enforce_csrf_checks=True, cookies=cookies) as client:
        assert client.get("/x").json() == {"user": "ada"}
        for method in UNSAFE:
            assert client.request(method, "/x").status_code == 403
            assert client.request(method, "/x", headers=token(OTHER)).status_code == 403
            assert client.request(method, "/x", headers=token()).json() == {"user": "ada"}
            foreign = client.request(method, "/x", headers={**token(), "Origin": EVIL})
            assert foreign.status_code == 403
        # In the header it proves that whoever asks can read it.
        assert client.post("/x", headers={"Authorization": f"Bearer {jwt}"}).json() == {"user": "ada"}


def test_a_forged_jwt_in_a_cookie_is_nobodys(ada: User) -> None:
    cookies = {"access": create_jwt_for_user(ada, secret="another-secret-that-is-as-long-as-it-should")}
    with TestClient(with_tokens(cookie="access"), enforce_csrf_checks=True, cookies=cookies) as client:
        assert client.post("/x").json() == {"user": ""}


def test_a_guarded_route_asks_for_the_token_first(ada: User) -> None:
    api = BoltAPI(auth=[JWTAuthentication(secret=KEY, cookie="access")], guards=[IsAuthenticated()])

    @api.post("/x")
    async def handler() -> str:
        return "in"

    with TestClient(api, enforce_csrf_checks=True) as client:
        assert client.post("/x").status_code == 401
        client.cookies = httpx.Cookies({"access": create_jwt_for_user(ada, secret=KEY), "csrftoken": SECRET})
        assert client.post("/x").status_code == 403
        assert client.post("/x", headers=token()).text == "in"


def test_a_jwt_in_the_header_alone_needs_no_token(ada: User) -> None:
    headers = {"Authorization": f"Bearer {create_jwt_for_user(ada, secret=KEY)}"}
    with TestClient(with_tokens(), enforce_csrf_checks=True, headers=headers, cookies={"a": "b"}) as client:
        for method in UNSAFE:
            assert client.request(method, "/x").json() == {"user": "ada"}
