"""What one request sets, no other sees: languages, time zones, context variables, settings."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from django.utils import timezone, translation

from django_bolt import BoltAPI, Depends
from django_bolt.testing import AsyncTestClient, TestClient

tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="none")


def change(value: str) -> str:
    translation.activate(value)
    timezone.activate("Asia/Tokyo")
    tenant.set(value)
    return value


def state() -> list[str]:
    return [translation.get_language(), timezone.get_current_timezone_name(), tenant.get()]


async def change_in_dependency(value: str) -> str:
    return change(value)


api = BoltAPI()


@api.get("/plain/{value}")
async def plain(value: str) -> list[str]:
    change(value)
    return state()


@api.get("/suspending/{value}")
async def suspending(value: str) -> list[str]:
    change(value)
    for _ in range(3):
        await asyncio.sleep(0)
    return state()


@api.get("/def/{value}")
def function(value: str) -> list[str]:
    change(value)
    return state()


@api.get("/inline/{value}", inline=True)
def inline(value: str) -> list[str]:
    change(value)
    return state()


@api.get("/depending/{value}")
async def depending(changed: str = Depends(change_in_dependency)) -> list[str]:
    return state()


@api.get("/failing/{value}")
async def failing(value: str) -> list[str]:
    change(value)
    raise LookupError(value)


@api.get("/state/plain")
async def plain_state() -> list[str]:
    return state()


@api.get("/state/suspending")
async def suspending_state() -> list[str]:
    await asyncio.sleep(0)
    return state()


@api.get("/state/def")
def def_state() -> list[str]:
    return state()


@api.get("/state/inline", inline=True)
def inline_state() -> list[str]:
    return state()


CHANGES = ["plain", "suspending", "def", "inline", "depending", "failing"]
STATES = ["plain", "suspending", "def", "inline"]


@pytest.mark.parametrize("changing", CHANGES)
@pytest.mark.parametrize("asking", STATES)
def test_nothing_leaks_into_the_next_request(changing: str, asking: str) -> None:
    with TestClient(api, raise_server_exceptions=False) as client:
        clean = client.get(f"/state/{asking}").json()
        answer = client.get(f"/{changing}/fr")
        if changing != "failing":
            assert answer.json() == ["fr", "Asia/Tokyo", "fr"]
        assert client.get(f"/state/{asking}").json() == clean
    assert clean == [django_settings.LANGUAGE_CODE, django_settings.TIME_ZONE, "none"]


@pytest.mark.parametrize("changing", CHANGES)
def test_nothing_leaks_into_the_test(changing: str) -> None:
    with TestClient(api, raise_server_exceptions=False) as client:
        before = state()
        client.get(f"/{changing}/fr")
        assert state() == before


async def test_requests_that_run_side_by_side_keep_their_own() -> None:
    languages = ["fr", "de", "es", "it"] * 50
    async with AsyncTestClient(api) as client:
        answers = await asyncio.gather(*(client.get(f"/suspending/{language}") for language in languages))
    assert [answer.json()[::2] for answer in answers] == [[language, language] for language in languages]


def test_each_request_has_its_own_parameters_and_state() -> None:
    own = BoltAPI()

    @own.get("/{number}")
    async def handler(request: Any, number: int) -> list[Any]:
        request.state.setdefault("numbers", []).append(number)
        await asyncio.sleep(0)
        return [request.state.numbers, request.params["number"], request.query["q"]]

    with TestClient(own) as client:
        for number in range(20):
            assert client.get(f"/{number}?q={number}").json() == [[number], str(number), str(number)]


@pytest.mark.parametrize("kind", ["plain", "suspending", "def", "inline"])
def test_overridden_settings_are_seen(kind: str) -> None:
    own = BoltAPI()

    async def plain() -> list[str]:
        return [django_settings.LANGUAGE_CODE]

    async def suspending() -> list[str]:
        await asyncio.sleep(0)
        return [django_settings.LANGUAGE_CODE]

    def function() -> list[str]:
        return [django_settings.LANGUAGE_CODE]

    chosen: Any = {"plain": plain, "suspending": suspending}.get(kind, function)
    own.get("/x", inline=kind == "inline")(chosen)
    with TestClient(own) as client:
        with override_settings(LANGUAGE_CODE="de"):
            assert client.get("/x").json() == ["de"]
        assert client.get("/x").json() == ["en-us"]


def test_a_context_variable_of_the_test_is_seen_by_handlers() -> None:
    token = tenant.set("of the test")
    try:
        with TestClient(api) as client:
            assert client.get("/state/plain").json()[2] == "of the test"
            assert client.get("/state/suspending").json()[2] == "of the test"
            assert client.get("/state/def").json()[2] == "of the test"
    finally:
        tenant.reset(token)
