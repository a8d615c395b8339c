"""Starting and stopping applications: order, failures, sync and async hooks."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager

import pytest

from django_bolt.application import BoltAPI
from django_bolt.lifespan import lifespan


def recording(events: list[str], name: str) -> BoltAPI:
    @asynccontextmanager
    async def around(api):
        events.append(f"{name} enter")
        try:
            yield
        finally:
            events.append(f"{name} leave")

    api = BoltAPI(lifespan=around)
    api.on_start(lambda: events.append(f"{name} start"))
    api.on_stop(lambda: events.append(f"{name} stop 1"))

    @api.on_stop
    async def stop():
        events.append(f"{name} stop 2")

    return api


async def test_everything_starts_in_order_and_stops_in_reverse():
    events: list[str] = []
    api, other = recording(events, "api"), recording(events, "other")
    async with lifespan([api, other]):
        events.append("serve")
    assert events == [
        *("api enter", "api start", "other enter", "other start", "serve"),
        *("other stop 2", "other stop 1", "other leave", "api stop 2", "api stop 1", "api leave"),
    ]


async def test_a_mounted_application_starts_once_however_often_it_is_mounted():
    events: list[str] = []
    api, other = BoltAPI(), recording(events, "other")
    api.mount("/a", other)
    api.mount("/b", other)
    async with lifespan([api, other]):
        pass
    assert events.count("other start") == 1


async def test_a_lifespan_is_given_its_application():
    given = []

    @asynccontextmanager
    async def around(api):
        given.append(api)
        yield

    api = BoltAPI(lifespan=around)
    async with lifespan([api]):
        pass
    assert given == [api]


async def test_a_failed_start_stops_what_had_started():
    events: list[str] = []
    api, broken = recording(events, "api"), recording(events, "broken")

    @broken.on_start
    async def fail():
        raise RuntimeError("no cache")

    with pytest.raises(RuntimeError, match="no cache"):
        async with lifespan([api, broken]):
            events.append("serve")
    assert "serve" not in events
    assert events[-4:] == ["broken leave", "api stop 2", "api stop 1", "api leave"]


async def test_a_failed_stop_keeps_no_other_from_running():
    events: list[str] = []
    api = recording(events, "api")

    @api.on_stop
    async def fail():
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        async with lifespan([api]):
            pass
    assert events == ["api enter", "api start", "api stop 2", "api stop 1", "api leave"]


async def test_a_plain_hook_runs_where_blocking_is_allowed():
    threads = []
    api = BoltAPI()
    api.on_start(lambda: threads.append(threading.current_thread()))
    async with lifespan([api]):
        pass
    assert threads != [threading.current_thread()]
