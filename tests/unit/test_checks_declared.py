"""System checks of what applications declare in their own code, wherever it stands."""

from __future__ import annotations

import dataclasses
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.test import override_settings

from django_bolt import BoltAPI, Router, checks
from django_bolt._plan.errors import PlanError
from django_bolt.auth import APIKeyAuthentication, IsAuthenticated, JWTAuthentication, JWTBearer
from django_bolt.middleware import CORSMiddleware, cors, skip_middleware

SHORT = "not-long-enough"
LONG = "a secret of its own, which is long enough for HS256"
DEVELOPMENT = f"django-insecure-{LONG}"
BOLT = {"HOST": "127.0.0.1"}


async def hello() -> str:
    return "hello"


def in_api(**options):
    api = BoltAPI("/api", **options)
    api.get("/hello")(hello)
    return api


def in_router(**options):
    api, router = BoltAPI("/api"), Router(**options)
    router.get("/hello")(hello)
    api.include_router(router)
    return api


def in_nested_router(**options):
    api, outer, inner = BoltAPI("/api"), Router(), Router(**options)
    inner.get("/hello")(hello)
    outer.include_router(inner)
    api.include_router(outer)
    return api


def in_route(**options):
    api = BoltAPI("/api")
    api.get("/hello", **options)(hello)
    return api


def in_mounted(**options):
    api, other = BoltAPI("/api"), BoltAPI(**options)
    other.get("/hello")(hello)
    api.mount("", other)
    return api


PLACES = [in_api, in_router, in_nested_router, in_route, in_mounted]


def found(*apis, deploy=False):
    with (
        override_settings(BOLT=BOLT, ALLOWED_HOSTS=["site.example"]),
        patch("django_bolt.checks.declared.discover", lambda: list(apis)),
    ):
        messages = [*checks.check_declared(), *(checks.check_deployment() if deploy else ())]
    return [(message.id.removeprefix("django_bolt."), message.msg) for message in messages]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("made", [JWTAuthentication(secret=SHORT), JWTBearer(SHORT)])
def test_a_short_secret_is_seen_wherever_it_stands(place, made):
    ((code, text),) = found(place(auth=[made]))
    assert code == "W009"
    assert text.startswith("GET /api/hello: found a secret of 15 bytes in JWTAuthentication, expected")
    assert SHORT not in text


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_for_development_is_seen_where_it_is_to_be_deployed(place):
    api = place(auth=[JWTAuthentication(secret=DEVELOPMENT)])
    assert found(api) == []
    ((code, text),) = found(api, deploy=True)
    assert code == "W028"
    assert text.startswith("GET /api/hello: found a secret in JWTAuthentication that was made for development")
    assert LONG not in text


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        (JWTAuthentication(), []),
        (JWTAuthentication(secret=LONG), []),
        (JWTAuthentication(secret=LONG.encode()), []),
        (JWTAuthentication(secret=LONG, algorithms=["HS512"]), ["W009"]),
        (JWTAuthentication(secret="-----BEGIN PUBLIC KEY-----"), []),
        (JWTAuthentication(jwks_url="https://id.example.com/jwks.json"), []),
        # The tests' own SECRET_KEY is enough for HS256.
        (JWTAuthentication(algorithms=["HS256"]), []),
        (JWTAuthentication(algorithms=["HS512"]), ["W009"]),
        (APIKeyAuthentication(api_keys=["short"]), ["W010"]),
        (APIKeyAuthentication(api_keys={"shop": "short"}), ["W010"]),
        (APIKeyAuthentication(api_keys=[LONG]), []),
        (APIKeyAuthentication(), []),
    ],
)
def test_what_is_short(backend, expected):
    assert [code for code, _ in found(in_route(auth=[backend], guards=[IsAuthenticated]))] == expected


def test_a_secret_of_public_keys_in_the_settings_counts_for_its_own_algorithm():
    with override_settings(JWT_ALGORITHM="RS256"):
        assert [code for code, _ in found(in_route(auth=[JWTBearer(SHORT)]))] == ["W009"]


def test_one_secret_of_many_routes_is_told_once():
    api = BoltAPI(auth=[JWTBearer(SHORT)])
    for number in range(3):
        api.get(f"/{number}")(hello)
    api.get("/other", auth=[JWTBearer("another")])(hello)
    assert [text.partition(" in JWTAuthentication")[0] for _, text in found(api)] == [
        "GET /0 and 2 more: found a secret of 15 bytes",
        "GET /other: found a secret of 7 bytes",
    ]


def test_a_project_that_cannot_be_imported_is_told_of_when_it_is_served(tmp_path, monkeypatch, settings):
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "broken_site.settings")
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "broken_site"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "api.py").write_text("raise ValueError('half written')")
    with override_settings(BOLT=BOLT):
        assert checks.check_declared() == []


@pytest.mark.django_db  # Django's own check of a JSONField asks the database what it can do.
@pytest.mark.parametrize("arguments", [[], ["--deploy"]])
def test_the_command_tells_of_it(tmp_path, monkeypatch, capsys, arguments):
    checks.register()
    package = tmp_path / "short_secret_site"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "api.py").write_text(
        "from django_bolt import BoltAPI\n"
        "from django_bolt.auth import JWTBearer\n"
        f"api = BoltAPI(auth=[JWTBearer({SHORT!r})])\n"
        "@api.get('/orders')\n"
        "async def orders() -> None: ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "short_secret_site.settings")
    with override_settings(BOLT=BOLT):
        call_command("check", *arguments)
    written = "".join(capsys.readouterr())
    assert "(django_bolt.W009) GET /orders: found a secret of 15 bytes in JWTAuthentication" in written
    assert SHORT not in written


def in_decorator(*, middleware):
    (policy,) = middleware
    api = BoltAPI("/api")

    @api.get("/hello")
    @cors(**dataclasses.asdict(policy))
    async def handler() -> None: ...

    return api


LOOSE = CORSMiddleware(allow_origin_regex=r"https://www.example\.com")
NULL = CORSMiddleware(allow_origins=["null"], allow_credentials=True)


@pytest.mark.parametrize("place", [*PLACES, in_decorator])
@pytest.mark.parametrize(("policy", "code"), [(LOOSE, "W016"), (NULL, "W017")])
def test_a_doubtful_policy_is_seen_wherever_it_stands(place, policy, code):
    ((found_code, text),) = found(place(middleware=[policy]))
    assert found_code == code
    assert text.startswith("GET /api/hello")
    assert ": CORSMiddleware: found" in text


def test_a_policy_that_no_route_keeps_is_around_what_no_route_answers():
    api = BoltAPI("/api", middleware=[LOOSE])

    @api.get("/hello")
    @skip_middleware("cors")
    async def handler() -> None: ...

    assert [code for code, _ in found(api)] == ["W016"]
    ((code, text),) = found(BoltAPI("/api", middleware=[LOOSE]))
    assert (code, text.partition(":")[0]) == ("W016", "what is below /api")


@pytest.mark.parametrize(
    "policy",
    [
        CORSMiddleware(allow_origins=["*"]),
        CORSMiddleware(allow_origins=["null"]),
        CORSMiddleware(allow_origins=["https://www.example.com"], allow_credentials=True),
        CORSMiddleware(allow_origin_regex=r"https://[a-z]+\.example\.com", allow_credentials=True),
    ],
)
def test_policies_that_can_be_meant(policy):
    assert found(in_api(middleware=[policy])) == []


@pytest.mark.parametrize(
    "options",
    [
        {"allow_origins": ["*"], "allow_credentials": True},
        {"allow_origin_regex": ".*", "allow_credentials": True},
        {"allow_origins": ["*"], "allow_credentials": True, "expose_headers": ["*"]},
        {"allow_origins": ["https://*.example.com"]},
        {"allow_origins": ["https://www.example.com/"]},
        {"allow_methods": ["get"], "allow_origins": ["*"]},
        {},
    ],
)
@pytest.mark.parametrize("place", [*PLACES, in_decorator])
def test_registration_refuses_what_is_an_error_in_the_settings_in_the_same_words(place, options):
    with override_settings(BOLT=BOLT, BOLT_CORS=options):
        error, *_ = checks.check_everywhere()
    assert error.id == "django_bolt.E019"
    with pytest.raises(PlanError) as refused:
        # A policy of no place is data; it is looked at where it is given.
        found(place(middleware=[CORSMiddleware(**options)]))
    _, _, said = str(refused.value).partition("CORSMiddleware: ")
    message, _, fix = said.rpartition("; ")
    assert error.msg == f"settings.BOLT_CORS: {message}."
    assert error.hint == f"{fix[0].upper()}{fix[1:]}."
