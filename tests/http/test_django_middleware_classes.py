"""Each middleware that startproject lists, others of Django's and other people's, around handlers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth import login as django_login
from django.http import Http404, HttpResponse
from django.test import override_settings
from django.urls import re_path
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin

from django_bolt import BoltAPI, Request
from django_bolt.testing import TestClient

SEVEN = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
SIGNED = {"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"}


def application(*middleware: Any) -> BoltAPI:
    api = BoltAPI(django_middleware=list(middleware))

    @api.get("/value/{number}")
    async def value(number: int) -> Any:
        return {"number": number}

    @api.get("/def")
    def blocking() -> Any:
        return {"kind": "def"}

    @api.get("/missing")
    async def missing() -> Any:
        raise Http404("no such thing")

    return api


# The classes that startproject lists ------------------------------------------------------------------


@pytest.fixture
def seven():
    with override_settings(MIDDLEWARE=SEVEN, **SIGNED):
        yield


@pytest.mark.usefixtures("seven")
def test_security():
    with TestClient(application_of_settings(), raise_server_exceptions=False) as client:
        for target in ("/hello", "/nowhere", "/broken"):
            answer = client.get(target)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        with override_settings(SECURE_SSL_REDIRECT=True):
            # Django reads that setting when the middleware is made.
            assert client.get("/hello").status_code == 200
    with override_settings(SECURE_SSL_REDIRECT=True), TestClient(application_of_settings()) as client:
        answer = client.get("/hello?a=1")
        assert (answer.status_code, answer.headers["location"]) == (301, "https://testserver/hello?a=1")


def application_of_settings(**options: Any) -> BoltAPI:
    api = BoltAPI(django_middleware=True, **options)

    @api.get("/hello")
    async def hello() -> Any:
        return {"hello": "world"}

    @api.get("/broken")
    async def broken() -> Any:
        raise ZeroDivisionError

    @api.post("/session")
    async def store(request: Request) -> Any:
        request.session["a"] = request.session.get("a", 0) + 1
        return {"a": request.session["a"]}

    @api.get("/user")
    async def user(request: Request) -> Any:
        return {"name": request.user.get_username(), "known": request.user.is_authenticated}

    @api.get("/auser")
    async def auser(request: Request) -> Any:
        return {"name": (await request.auser()).get_username()}

    @api.get("/blocking-user")
    def blocking_user(request: Request) -> Any:
        return {"name": request.user.get_username()}

    @api.post("/login")
    def log_in(request: Request) -> Any:
        django_login(request.django_request, get_user_model().objects.get(username="ada"))
        return {}

    @api.post("/message")
    async def message(request: Request) -> Any:
        messages.success(request.django_request, "done")
        return {}

    @api.get("/messages")
    async def listed(request: Request) -> Any:
        return [str(found) for found in request._messages]

    return api


@pytest.mark.usefixtures("seven")
def test_sessions():
    with TestClient(application_of_settings()) as client:
        assert "set-cookie" not in client.get("/hello").headers
        assert client.post("/session").json() == {"a": 1}
        assert client.post("/session").json() == {"a": 2}
        assert "httponly" in client.post("/session").headers["set-cookie"].lower()


@pytest.mark.usefixtures("seven")
def test_common():
    with TestClient(application_of_settings()) as client:
        assert client.get("/hello").headers["content-length"] == "17"
    with (
        override_settings(DISALLOWED_USER_AGENTS=[re.compile("^bad")]),
        TestClient(application_of_settings()) as client,
    ):
        assert client.get("/hello", headers={"user-agent": "bad bot"}).status_code == 403
        assert client.get("/hello").status_code == 200


@pytest.mark.usefixtures("seven")
def test_routes_are_exempt_from_the_token_check_of_csrf():
    with TestClient(application_of_settings()) as client:
        assert client.post("/session").status_code == 200


@pytest.mark.usefixtures("seven")
@pytest.mark.django_db
@pytest.mark.parametrize("bridge", [None, False])
def test_authentication_and_its_user(bridge: bool | None):
    get_user_model().objects.create_user("ada")
    with override_settings(BOLT={"ORM_BRIDGE": bridge}), TestClient(application_of_settings()) as client:
        assert client.get("/user").json() == {"name": "", "known": False}
        assert client.post("/login").status_code == 200
        assert client.get("/user").json() == {"name": "ada", "known": True}
        assert client.get("/auser").json() == client.get("/blocking-user").json() == {"name": "ada"}


@pytest.mark.usefixtures("seven")
def test_messages():
    with TestClient(application_of_settings()) as client:
        client.post("/message")
        assert client.get("/messages").json() == ["done"]
        assert client.get("/messages").json() == []


@pytest.mark.usefixtures("seven")
def test_clickjacking():
    api = application_of_settings()

    @api.get("/framed")
    async def framed() -> Any:
        response = HttpResponse("framed")
        response.xframe_options_exempt = True  # type: ignore[attr-defined]
        return response

    with TestClient(api, raise_server_exceptions=False) as client:
        assert client.get("/hello").headers["x-frame-options"] == "DENY"
        assert client.get("/nowhere").headers["x-frame-options"] == "DENY"
        assert "x-frame-options" not in client.get("/framed").headers


# Others of Django's -----------------------------------------------------------------------------------

urlpatterns = [re_path(r"^.+/$", lambda request: HttpResponse("page"))]


@override_settings(ROOT_URLCONF=__name__)
def test_no_slash_is_added_to_the_path_of_a_route():
    # The URLconf has a page for every path with a slash, so CommonMiddleware would send a 404 of the API there.
    with TestClient(application("django.middleware.common.CommonMiddleware")) as client:
        assert client.get("/missing").status_code == 404
        assert client.get("/value/1").status_code == 200


def test_the_language_of_a_request_is_the_handler_s_and_nobody_else_s():
    api = BoltAPI(django_middleware=["django.middleware.locale.LocaleMiddleware"])

    @api.get("/language")
    async def language(request: Request) -> Any:
        return [translation.get_language(), request.LANGUAGE_CODE]

    @api.get("/blocking")
    def blocking() -> Any:
        return [translation.get_language()]

    with TestClient(api) as client:
        answer = client.get("/language", headers={"accept-language": "de"})
        assert answer.json() == ["de", "de"]
        assert answer.headers["content-language"] == "de"
        assert answer.headers["vary"] == "Accept-Language"
        assert client.get("/blocking", headers={"accept-language": "fr"}).json() == ["fr"]
        assert client.get("/language").json() == ["en", "en"]
    assert translation.get_language() == "en-us"


def test_gzip():
    api = BoltAPI(django_middleware=["django.middleware.gzip.GZipMiddleware"])

    @api.get("/long")
    async def long() -> Any:
        return {"text": "x" * 1000}

    with TestClient(api) as client:
        answer = client.get("/long", headers={"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.json() == {"text": "x" * 1000}
        assert int(answer.headers["content-length"]) < 500


def test_conditional_get():
    with TestClient(application("django.middleware.http.ConditionalGetMiddleware")) as client:
        first = client.get("/value/1")
        assert first.headers["etag"]
        again = client.get("/value/1", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


class Fallback(MiddlewareMixin):
    """Answers what nothing else does, as flatpages do."""

    def process_response(self, request: Any, response: Any) -> Any:
        return HttpResponse("a page") if response.status_code == 404 else response


def test_an_answer_in_place_of_a_404():
    with TestClient(application(Fallback)) as client:
        assert client.get("/nowhere").text == client.get("/missing").text == "a page"
        assert client.get("/def").json() == {"kind": "def"}


# Other people's ---------------------------------------------------------------------------------------


@override_settings(CORS_ALLOWED_ORIGINS=["https://example.com"])
def test_django_cors_headers():
    with TestClient(application("corsheaders.middleware.CorsMiddleware")) as client:
        origin = {"origin": "https://example.com"}
        assert client.get("/value/1", headers=origin).headers["access-control-allow-origin"] == "https://example.com"
        assert client.get("/nowhere", headers=origin).headers["access-control-allow-origin"] == "https://example.com"
        assert "access-control-allow-origin" not in client.get("/def", headers={"origin": "https://evil.com"}).headers


def test_whitenoise(tmp_path: Any):
    (tmp_path / "logo.txt").write_text("logo")
    served = override_settings(WHITENOISE_ROOT=tmp_path, STATIC_ROOT=None, WHITENOISE_AUTOREFRESH=False)
    with served, TestClient(application("whitenoise.middleware.WhiteNoiseMiddleware")) as client:
        assert client.get("/value/1").json() == {"number": 1}
        answer = client.get("/logo.txt")
        assert (answer.text, answer.headers["content-type"]) == ("logo", 'text/plain; charset="utf-8"')
