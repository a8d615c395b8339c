"""Units of work: which connection a unit finds, and which unit the running code is in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import Context

import pytest
from django.db import connections, transaction

from django_bolt.orm.bridge import Bridge, here
from django_bolt.orm.connections import Pool, unopened
from django_bolt.orm.units import UNIT, Unit, current_unit
from tests.unit.orm.conftest import File


@pytest.fixture
async def pool(file: File) -> AsyncIterator[Pool]:
    yield Pool(asyncio.get_running_loop(), make=lambda: unopened("default", {}), size=3, timeout=1.0)


@pytest.fixture
async def made(pool: Pool) -> Bridge:
    return Bridge(asyncio.get_running_loop(), pool=lambda alias: pool, timeout=1.0)


async def test_a_unit_takes_a_connection_once_and_gives_it_back(made: Bridge, pool: Pool) -> None:
    unit = Unit(made, None)
    assert unit.find("default") is None
    connection = unit.connection("default")
    assert unit.connection("default") is unit.find("default") is connection
    assert pool._free == 2
    unit.release()
    unit.release()
    assert unit.find("default") is None
    assert pool._free == 3


async def test_a_unit_inside_another_finds_the_other_s(made: Bridge, pool: Pool) -> None:
    outer = Unit(made, None)
    inner = Unit(made, Unit(made, outer))
    connection = outer.connection("default")
    assert inner.connection("default") is connection
    inner.release()
    assert outer.find("default") is connection
    outer.open = False
    assert inner.find("default") is None
    outer.release()


async def test_what_a_unit_inside_takes_is_its_own(made: Bridge, pool: Pool) -> None:
    outer = Unit(made, None)
    inner = Unit(made, outer)
    connection = inner.connection("default")
    assert outer.find("default") is None
    inner.release()
    assert pool._idle == [connection]


async def test_within(made: Bridge) -> None:
    outer = Unit(made, None)
    inner = Unit(made, Unit(made, outer))
    assert inner.within(outer)
    assert outer.within(outer)
    assert not outer.within(inner)


async def test_the_current_unit_is_the_innermost_open_one_of_the_bridge(made: Bridge) -> None:
    other = Bridge(asyncio.get_running_loop(), pool=made.pool, timeout=1.0)
    outer = Unit(made, None)
    inner = Unit(made, outer)
    foreign = Unit(other, inner)

    async def look() -> list[Unit | None]:
        found = []
        for unit in (None, outer, inner, foreign):
            UNIT.set(unit)
            found.append(current_unit(made))
        inner.open = False
        found.append(current_unit(made))
        outer.open = False
        found.append(current_unit(made))
        return found

    assert await asyncio.create_task(look(), context=Context()) == [None, outer, inner, inner, outer, None]


async def test_tasks_inherit_the_unit_and_the_block_around_has_its_own_back(bridge: Bridge) -> None:
    async def look() -> Unit | None:
        return current_unit(bridge)

    assert here() is bridge
    async with transaction.atomic():
        outer = current_unit(bridge)
        assert outer is not None
        async with transaction.atomic():
            inner = await asyncio.create_task(look())
            assert inner is not None
            assert inner.parent is outer
        assert await asyncio.create_task(look()) is outer
        assert inner.open is False
        assert connections["default"] is outer.find("default")
    assert await asyncio.create_task(look()) is None
