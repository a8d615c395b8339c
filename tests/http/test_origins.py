"""Requests that change something and bring cookies from a foreign site, beside what Django says of the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory

from django_bolt import BoltAPI
from django_bolt.middleware import CORSMiddleware
from django_bolt.testing import AsyncTestClient, TestClient

SECRET = "a" * 32
REFUSAL = {"detail": "CSRF verification failed: this Origin is not trusted"}
OWN = "http://testserver"
CASES: list[tuple[dict[str, Any], dict[str, str], str, bool]] = [
    # Settings, fields beside Cookie and Origin, the origin, whether it may.
    ({}, {}, OWN, True),
    ({}, {"Host": "testserver:8000"}, "http://testserver:8000", True),
    ({}, {"Host": "testserver:8000"}, OWN, False),
    ({}, {}, "https://testserver", False),
    ({}, {}, "http://testserver:80", False),
    ({}, {}, "http://testserver/", False),
    ({}, {}, "http://TESTSERVER", False),
    ({}, {}, "http://testserver.", False),
    ({}, {}, "http://evil.example", False),
    ({}, {}, "http://a.testserver", False),
    ({}, {}, "http://testserver.evil.example", False),
    ({}, {}, "null", False),
    ({}, {}, "testserver", False),
    ({}, {}, "http://[", False),
    ({}, {"Referer": "http://testserver/"}, "http://evil.example", False),
    ({"CSRF_TRUSTED_ORIGINS": ["https://app.example.com"]}, {}, "https://app.example.com", True),
    ({"CSRF_TRUSTED_ORIGINS": ["https://app.example.com"]}, {}, "http://app.example.com", False),
    ({"CSRF_TRUSTED_ORIGINS": ["https://app.example.com"]}, {}, "https://app.example.com:8443", False),
    ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, {}, "https://a.b.example.com", True),
    ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, {}, "https://example.com", True),
    ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, {}, "http://a.example.com", False),
    ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, {}, "https://aexample.com", False),
    ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, {}, "https://evil.example/.example.com", False),
    ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, {}, "https://evil.example#.example.com", False),
    ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, {}, "null", False),
    ({"SECURE_PROXY_SSL_HEADER": ("HTTP_X_SCHEME", "https")}, {"X-Scheme": "https"}, "https://testserver", True),
    ({"SECURE_PROXY_SSL_HEADER": ("HTTP_X_SCHEME", "https")}, {"X-Scheme": "https, http"}, "https://testserver", True),
    ({"SECURE_PROXY_SSL_HEADER": ("HTTP_X_SCHEME", "https")}, {"X-Scheme": "https"}, OWN, False),
    ({"SECURE_PROXY_SSL_HEADER": ("HTTP_X_SCHEME", "https")}, {"X-Scheme": "http"}, OWN, True),
    ({"SECURE_PROXY_SSL_HEADER": ("HTTP_X_SCHEME", "https")}, {}, OWN, True),
    ({"USE_X_FORWARDED_HOST": False}, {"X-Forwarded-Host": "evil.example"}, "http://evil.example", False),
]


def echo() -> BoltAPI:
    api = BoltAPI()

    @api.get("/x")
    @api.post("/x")
    @api.put("/x")
    @api.patch("/x")
    @api.delete("/x")
    async def handler() -> str:
        return "served"

    return api


def django_says(headers: dict[str, str], method: str = "POST") -> int:
    """Answer as Django does to a request with a token that is right."""
    headers = {"Host": "testserver", **headers, "Cookie": f"csrftoken={SECRET}", "X-CSRFToken": SECRET}
    request = RequestFactory(headers=headers).generic(method, "/x")
    request.META["HTTP_HOST"] = headers["Host"]

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    middleware = CsrfViewMiddleware(view)
    middleware.process_request(request)
    response = middleware.process_view(request, view, (), {}) or view(request)
    return response.status_code


@pytest.mark.parametrize(("changed", "headers", "origin", "passes"), CASES)
def test_a_foreign_origin_is_refused_as_by_django(
    changed: dict[str, Any], headers: dict[str, str], origin: str, passes: bool, settings: Any
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    headers = {**headers, "Origin": origin}
    assert django_says(headers) == (200 if passes else 403)
    with TestClient(echo(), enforce_csrf_checks=True) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            response = client.request(method, "/x", headers={**headers, "Cookie": "a=b"})
            assert (response.status_code == 200) == passes, method
            if not passes:
                assert (response.status_code, response.json()) == (403, REFUSAL)


def test_what_changes_nothing_or_brings_no_cookie_may_come_from_anywhere() -> None:
    evil = {"Origin": "https://evil.example"}
    with TestClient(echo(), enforce_csrf_checks=True) as client:
        assert client.get("/x", headers={**evil, "Cookie": "a=b"}).status_code == 200
        assert client.head("/x", headers={**evil, "Cookie": "a=b"}).status_code == 200
        assert client.post("/x", headers=evil).status_code == 200
        assert client.post("/x", headers={**evil, "Authorization": "Bearer x"}).status_code == 200
        assert client.post("/x", headers={"Cookie": "a=b"}).status_code == 200


def test_a_method_that_is_named_elsewhere_is_not_the_requests_own() -> None:
    headers = {"Origin": "null", "Cookie": "a=b", "X-HTTP-Method-Override": "GET", "X-HTTP-Method": "GET"}
    with TestClient(echo(), enforce_csrf_checks=True) as client:
        assert client.post("/x?_method=GET", headers=headers).status_code == 403


def test_several_origins_are_none_that_is_trusted() -> None:
    with TestClient(echo(), enforce_csrf_checks=True) as client:
        fields = [("Origin", OWN), ("Origin", "http://evil.example"), ("Cookie", "a=b")]
        assert client.post("/x", headers=fields).status_code == 403
    assert django_says({"Origin": f"{OWN},http://evil.example"}) == 403


def test_origins_that_may_read_the_answers_with_cookies_are_trusted() -> None:
    def status(origin: str, **options: Any) -> int:
        api = BoltAPI(middleware=[CORSMiddleware(**options)])

        @api.post("/x")
        async def handler() -> str:
            return "served"

        with TestClient(api, enforce_csrf_checks=True) as client:
            return client.post("/x", headers={"Origin": origin, "Cookie": "a=b"}).status_code

    app = "https://app.example"
    assert status(app, allow_origins=[app], allow_credentials=True) == 200
    assert status("https://evil.example", allow_origins=[app], allow_credentials=True) == 403
    assert status(app, allow_origins=[app], allow_credentials=False) == 403
    assert status(app, allow_origins=["*"], allow_credentials=False) == 403


def test_a_client_in_a_test_is_let_in_unless_told_otherwise() -> None:
    with TestClient(echo()) as client:
        assert client.post("/x", headers={"Origin": "null", "Cookie": "a=b"}).status_code == 200


async def test_an_asynchronous_client_is_the_same() -> None:
    headers = {"Origin": "null", "Cookie": "a=b"}
    async with AsyncTestClient(echo()) as client:
        assert (await client.post("/x", headers=headers)).status_code == 200
    async with AsyncTestClient(echo(), enforce_csrf_checks=True) as client:
        assert (await client.post("/x", headers=headers)).status_code == 403


def test_middleware_sees_the_refusal() -> None:
    seen: list[int] = []

    class Watch:
        async def __call__(self, request: Any, call_next: Any) -> Any:
            response = await call_next(request)
            seen.append(response.status_code)
            return response

    api = BoltAPI(middleware=[Watch()])

    @api.post("/x")
    async def handler() -> str:
        raise AssertionError("called")

    with TestClient(api, enforce_csrf_checks=True) as client:
        assert client.post("/x", headers={"Origin": "null", "Cookie": "a=b"}).status_code == 403
    assert seen == [403]
