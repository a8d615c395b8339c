"""A whole site with sessions over real sockets: logging in and out, forged requests, many at once, and no threads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.server.harness import Server

BOLT = {"DEBUG": False, "TRUSTED_PROXIES": ["127.0.0.1"]}


@pytest.fixture(scope="module", params=["db", "signed_cookies"])
def server(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = {
        "DJANGO_SETTINGS_MODULE": "members.settings",
        "PROJECT_SESSIONS": f"django.contrib.sessions.backends.{request.param}",
        "PROJECT_FORWARDED_HOST": "1",
        "PROJECT_BOLT": json.dumps(BOLT),
    }
    with Server(tmp_path_factory.mktemp("server"), "127.0.0.1:0", **environment).migrate() as running:
        for name in ("ada", *(f"user{number}" for number in range(8))):
            assert httpx.post(running.url("/register"), params={"name": name}).status_code == 200
        yield running
        running.assert_well()


@pytest.fixture
def browser(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url("")) as client:
        yield client


@pytest.mark.parametrize("kind", ["", "/def"])
def test_logging_in_and_out(browser: httpx.Client, kind: str) -> None:
    assert browser.get(f"{kind}/me").json() == ["", None]
    assert browser.post(f"{kind}/login", params={"name": "ada"}).status_code == 200
    assert browser.get(f"{kind}/me").json() == ["ada", "ada"]
    forbidden = browser.post("/change")
    assert (forbidden.status_code, forbidden.json()) == (403, {"detail": "CSRF verification failed"})
    assert forbidden.headers["x-frame-options"] == "DENY"
    token = {"X-CSRFToken": browser.get("/token").text}
    assert browser.post("/change", headers=token).text == "ada"
    assert browser.post("/logout", headers=token).status_code == 200
    assert browser.get(f"{kind}/me").json() == ["", None]
    assert browser.post("/change", headers=token).status_code == 401


def test_no_thread_is_used_by_an_async_handler(browser: httpx.Client) -> None:
    told = browser.post("/login", params={"name": "ada"}).json()
    assert told["receiver"] == "MainThread"
    assert told["writers"] in ([], ["MainThread"])


def test_a_foreign_site_changes_nothing(browser: httpx.Client, server: Server) -> None:
    browser.post("/login", params={"name": "ada"})
    token = {"X-CSRFToken": browser.get("/token").text}
    own = server.url("")
    for origin, status in {
        own: 200,
        "https://app.example.com": 200,
        "https://evil.example": 403,
        "null": 403,
        own.replace("http", "https"): 403,
    }.items():
        headers = {**token, "Origin": origin}
        assert browser.post("/change", headers=headers).status_code == status, origin
        # No token is asked for where nobody is authenticated, but the site is.
        assert browser.post("/plain/change", headers={"Origin": origin}).status_code == status, origin


def test_behind_a_proxy_the_site_is_what_the_proxy_says(browser: httpx.Client, server: Server) -> None:
    browser.post("/login", params={"name": "ada"})
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}
    assert browser.post("/plain/change", headers={**headers, "Origin": "https://shop.example"}).status_code == 200
    assert browser.post("/plain/change", headers={**headers, "Origin": "http://shop.example"}).status_code == 403
    assert browser.post("/plain/change", headers={**headers, "Origin": server.url("")}).status_code == 403
    token = {"X-CSRFToken": browser.get("/token").text}
    # Encrypted, it has to say where it comes from.
    assert browser.post("/change", headers={**headers, **token}).status_code == 403
    referer = {"Referer": "https://shop.example/page"}
    assert browser.post("/change", headers={**headers, **token, **referer}).text == "ada"


def test_sessions_of_many_at_once_are_kept_apart(server: Server) -> None:
    def visit(number: int) -> None:
        name = f"user{number % 8}"
        with httpx.Client(base_url=server.url("")) as client:
            client.post(("/login", "/def/login")[number % 2], params={"name": name})
            for turn in range(8):
                assert client.get(("/me", "/def/me")[turn % 2]).json() == [name, name]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(32)))


def test_a_forged_session_is_nobodys(server: Server) -> None:
    with server.log_of() as written:
        for key in ("a" * 32, "a" * 5000, "../../etc/passwd", '"\\000abcdefghijkl"', "é" * 8, "a:b:c", "' OR 1=1 --"):
            headers = {b"Cookie": f"sessionid={key}".encode()}
            assert httpx.get(server.url("/def/me"), headers=headers).json() == ["", None], key
            assert httpx.post(server.url("/change"), headers=headers).status_code == 401, key
        assert "Traceback" not in written()
