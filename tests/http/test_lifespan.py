"""`lifespan=`, `on_start` and `on_stop` around a client's life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from django_bolt import BoltAPI
from django_bolt.testing import AsyncTestClient, TestClient


def recording() -> tuple[BoltAPI, list[Any]]:
    events: list[Any] = []

    @asynccontextmanager
    async def lifespan(api: BoltAPI) -> AsyncIterator[None]:
        events.append(("enter", api))
        await asyncio.sleep(0)
        yield
        await asyncio.sleep(0)
        events.append(("leave", api))

    api = BoltAPI(lifespan=lifespan)

    @api.on_start
    async def start() -> None:
        await asyncio.sleep(0)
        events.append("start")

    @api.on_start
    def plain_start() -> None:
        events.append("plain start")

    @api.on_stop
    async def stop() -> None:
        events.append("stop")

    @api.on_stop
    def plain_stop() -> None:
        events.append("plain stop")

    @api.get("/x")
    async def handler() -> str:
        events.append("request")
        return "x"

    return api, events


def expected(api: BoltAPI) -> list[Any]:
    return [("enter", api), "start", "plain start", "request", "plain stop", "stop", ("leave", api)]


def test_everything_runs_once_and_in_order() -> None:
    api, events = recording()
    with TestClient(api) as client:
        assert events == expected(api)[:3]
        assert client.get("/x").text == "x"
    assert events == expected(api)


async def test_the_async_client_too() -> None:
    api, events = recording()
    async with AsyncTestClient(api) as client:
        assert (await client.get("/x")).text == "x"
    assert events == expected(api)


def test_without_a_with_block_nothing_of_it_runs() -> None:
    api, events = recording()
    client = TestClient(api)
    assert client.get("/x").text == "x"
    client.close()
    assert events == ["request"]


def test_mounted_applications_start_after_and_stop_before() -> None:
    events: list[str] = []
    api, other = BoltAPI(), BoltAPI()
    api.mount("/v1", other)
    for name, one in (("outer", api), ("inner", other)):
        one.on_start(lambda name=name: events.append(f"{name} start"))
        one.on_stop(lambda name=name: events.append(f"{name} stop"))
    with TestClient(api):
        pass
    assert events == ["outer start", "inner start", "inner stop", "outer stop"]


def test_what_a_start_hook_makes_lives_on_the_handlers_loop() -> None:
    api = BoltAPI()
    shared: dict[str, Any] = {}

    @api.on_start
    async def start() -> None:
        shared["loop"] = asyncio.get_running_loop()
        shared["event"] = asyncio.Event()
        shared["task"] = asyncio.create_task(shared["event"].wait())

    @api.get("/x")
    async def handler() -> list[bool]:
        shared["event"].set()
        await shared["task"]
        return [shared["loop"] is asyncio.get_running_loop()]

    with TestClient(api) as client:
        assert client.get("/x").json() == [True]


@pytest.mark.filterwarnings("default::ResourceWarning")
def test_a_start_that_fails_raises_and_stops_what_had_started() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(api: BoltAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            events.append("left")

    api = BoltAPI(lifespan=lifespan)

    @api.on_start
    async def start() -> None:
        raise LookupError("no database")

    client = TestClient(api)
    with pytest.raises(LookupError, match="no database"):
        client.__enter__()
    client.close()
    assert events == ["left"]


def test_a_stop_that_fails_keeps_no_other_from_running() -> None:
    events: list[str] = []
    api = BoltAPI()
    api.on_stop(lambda: events.append("first"))

    @api.on_stop
    async def stop() -> None:
        raise LookupError("while stopping")

    with pytest.raises(LookupError, match="while stopping"), TestClient(api):
        pass
    assert events == ["first"]
