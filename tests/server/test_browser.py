"""CORS as a browser sees it: what a page may read of an API on another origin, in the system's Chromium.

Where that is not installed these tests are skipped, or fail if BOLT_REQUIRE_SERVICES is 1; Playwright brings none here.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.postgresql import INSTALL
from tests.postgres import require
from tests.server.harness import Server

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Prints an answer as a page sees it; an answer that it may not see is an error.
FETCH = """async ([url, options]) => {
    try {
        const answer = await fetch(url, options);
        return {status: answer.status, body: await answer.text(), headers: Object.fromEntries(answer.headers)};
    } catch (error) {
        return {error: error.message};
    }
}"""


class Chromium:
    """The system's browser."""

    @staticmethod
    def path() -> str | None:
        """Return where it is."""
        return next(filter(None, map(shutil.which, NAMES)), None)

    @classmethod
    def unavailable(cls) -> str:
        """Say why there is none; empty where there is one."""
        return "" if cls.path() else f"Chromium is not installed; {INSTALL}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    require(Chromium)
    # As root it runs without its sandbox or not at all; it opens pages of ours alone.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=Chromium.path(), args=arguments)
        yield launched
        launched.close()


class Site:
    """A web site with one empty page, of an origin of its own."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def fetch(page: Page, url: str, **options: Any) -> dict[str, Any]:
    """Return what a script of the page sees of an answer: status, body, headers; or why it sees none."""
    found: dict[str, Any] = page.evaluate(FETCH, [url, options])
    return found


@pytest.fixture(scope="module")
def sites() -> Iterator[tuple[Site, Site]]:
    """One that the API names, and one that it does not."""
    with Site() as allowed, Site() as stranger:
        yield allowed, stranger


@pytest.fixture(scope="module")
def api(sites: tuple[Site, Site], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    allowed, _ = sites
    with Server(tmp_path_factory.mktemp("api"), "127.0.0.1:0", PROJECT_SITE=allowed.origin) as server:
        yield server


@pytest.fixture
def page(browser: Browser, sites: tuple[Site, Site]) -> Iterator[Page]:
    """A page of the site that the API names, in a profile of its own."""
    yield from opened(browser, sites[0])


@pytest.fixture
def stranger(browser: Browser, sites: tuple[Site, Site]) -> Iterator[Page]:
    """A page of another site."""
    yield from opened(browser, sites[1])


def opened(browser: Browser, site: Site) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{site.origin}/")
        yield page


def test_cookies_come_along_and_named_fields_can_be_read(api: Server, page: Page) -> None:
    assert fetch(page, api.url("/pages/login"), method="POST", credentials="include")["status"] == 200
    answer = fetch(page, api.url("/pages/items"), credentials="include")
    assert (answer["status"], json.loads(answer["body"])) == (200, {"visitor": "ann"})
    assert answer["headers"]["x-total"] == "2"
    assert "x-secret" not in answer["headers"]
    # Without asking for them, they stay at home.
    assert json.loads(fetch(page, api.url("/pages/items"))["body"]) == {"visitor": None}


def test_another_site_reads_nothing(api: Server, stranger: Page) -> None:
    for options in ({}, {"credentials": "include"}):
        assert fetch(stranger, api.url("/pages/items"), **options) == {"error": "Failed to fetch"}
    # A route for everybody is for it as well, if without cookies.
    assert fetch(stranger, api.url("/pages/public"))["body"] == "hello"
    assert "error" in fetch(stranger, api.url("/pages/public"), credentials="include")


def test_what_has_to_be_asked_for_first(api: Server, page: Page, stranger: Page) -> None:
    def put(page: Page, *names: str) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", **dict.fromkeys(names, "7")}
        return fetch(page, api.url("/pages/items"), method="PUT", headers=headers, body='{"n": 1}')

    answer = put(page, "X-Trace")
    assert (answer["status"], answer["body"]) == (200, '{"n":1}')
    assert saved(api) == ["7"]
    for asker, names in ((page, ["X-Trace", "X-Other"]), (stranger, ["X-Trace"]), (stranger, [])):
        assert put(asker, *names) == {"error": "Failed to fetch"}
    assert saved(api) == ["7"], "nobody else was let in"


def saved(api: Server) -> list[str | None]:
    found: list[str | None] = json.loads(api.get("/pages/saved").body)
    return found


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/pages/members", 401, "Unauthorized"),
        ("/pages/nowhere/at/all", 404, "Not Found"),
        ("/pages/broken", 500, "Internal Server Error"),
    ],
)
def test_a_refusal_can_be_read(api: Server, page: Page, stranger: Page, path: str, status: int, detail: str) -> None:
    answer = fetch(page, api.url(path))
    assert (answer["status"], json.loads(answer["body"])) == (status, {"detail": detail})
    assert "error" in fetch(stranger, api.url(path))


def test_too_many_requests_can_be_read(api: Server, page: Page) -> None:
    asked = {"headers": {"X-Trace": "often"}}
    assert fetch(page, api.url("/pages/often"), **asked)["status"] == 200
    answer = fetch(page, api.url("/pages/often"), **asked)
    assert (answer["status"], json.loads(answer["body"])) == (429, {"detail": "Too Many Requests"})
    assert fetch(page, api.url("/pages/often"), headers={"X-Trace": "another"})["status"] == 200
