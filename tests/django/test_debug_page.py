"""Django's own traceback page for an exception of a handler, under DEBUG."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import path
from django.views.debug import ExceptionReporter

from django_bolt import BoltAPI, Request
from django_bolt.testing import TestClient

urlpatterns = [path("only-pattern/", lambda request: None, name="only")]


class OwnReporter(ExceptionReporter):
    """A project's own page."""

    def get_traceback_html(self) -> str:
        return f"<h1>own page for {self.exc_value}</h1>"


def fail(target: str = "/broken?shown=1", *, is_async: bool = True, **request: Any) -> Any:
    api = BoltAPI()

    def handler(request: Request) -> None:
        local_name = "a local value"
        raise LookupError(f"the reason: {len(local_name)}")

    async def async_handler(request: Request) -> None:
        handler(request)

    api.post("/broken")(async_handler if is_async else handler)
    with TestClient(api, raise_server_exceptions=False) as client:
        return client.post(target, **request)


@pytest.fixture(autouse=True)
def debug(settings: Any) -> None:
    settings.DEBUG = True


@pytest.mark.parametrize("is_async", [True, False])
def test_it_shows_the_exception_its_frames_and_the_request(is_async: bool) -> None:
    response = fail(is_async=is_async)
    assert response.status_code == 500
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    for text in ("LookupError", "the reason: 13", "a local value", "/broken", "shown", "POST"):
        assert text in response.text


def test_it_hides_what_django_hides(settings: Any) -> None:
    settings.PAYMENT_API_KEY = "hunter2"
    response = fail(headers={"authorization": "Bearer hunter3", "cookie": "sessionid=hunter4"})
    assert "PAYMENT_API_KEY" in response.text
    assert "hunter2" not in response.text
    assert "hunter3" not in response.text
    assert settings.SECRET_KEY not in response.text


def test_a_reporter_of_the_project_s_own_is_used(settings: Any) -> None:
    settings.DEFAULT_EXCEPTION_REPORTER = "tests.django.test_debug_page.OwnReporter"
    assert "own page for" in fail().text


def test_the_404_page_names_the_url_patterns(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    with TestClient(BoltAPI()) as client:
        response = client.get("/nothing-here", headers={"accept": "text/html"})
    assert response.status_code == 404
    assert "nothing-here" in response.text
    assert "only-pattern" in response.text


def test_client_s_mistakes_get_no_page() -> None:
    api = BoltAPI()

    @api.get("/{number}")
    async def handler(number: int) -> int:
        return number

    with TestClient(api) as client:
        assert client.get("/x").headers["content-type"] == "application/json"
        assert client.post("/1").headers["content-type"] == "application/json"
