"""What callables are, and which coroutine functions never give control back."""

from __future__ import annotations

import asyncio
import functools

import pytest
from asgiref.sync import sync_to_async

from django_bolt._plan.kind import call_kind, never_suspends


def plain():
    return 1


async def straight():
    return await_nothing(1)


def await_nothing(value):
    return value


async def awaits():
    return await straight()


async def sleeps():
    await asyncio.sleep(0)


async def loops(items):
    async for _ in items:
        pass


async def enters(manager):
    async with manager:
        pass


async def collects(items):
    return [item async for item in items]


async def branches(value):
    try:
        with open(value) as file:
            return [line for line in file if line]
    except OSError:
        return {key: value for key in ()}


async def async_items():
    yield 1


def items():
    yield 1


class Sync:
    def __call__(self):
        return 1

    async def method(self):
        return 1


class Async:
    async def __call__(self):
        return 1


class Items:
    def __call__(self):
        yield 1


def decorated(function):
    @functools.wraps(function)
    async def wrapper(*args):
        return await function(*args)

    return wrapper


def made_sync(function):
    @functools.wraps(function)
    def wrapper(*args):
        return None

    return wrapper


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (plain, "sync"),
        (straight, "async"),
        (async_items, "async_gen"),
        (items, "gen"),
        (Sync, "class"),
        (Sync(), "sync"),
        (Async(), "async"),
        (Items(), "gen"),
        (Sync().method, "async"),
        (functools.partial(straight), "async"),
        (functools.partial(functools.partial(Async())), "async"),
        (functools.partial(items), "gen"),
        (functools.partial(plain), "sync"),
        (decorated(plain), "async"),
        (made_sync(straight), "sync"),
        (sync_to_async(plain), "async"),
        (lambda: 1, "sync"),
        (len, "sync"),
    ],
)
def test_what_a_call_gives(call, kind):
    assert call_kind(call) == kind


@pytest.mark.parametrize("call", [straight, branches, Async(), Sync().method, functools.partial(straight)])
def test_a_coroutine_function_without_a_suspension_point_never_suspends(call):
    assert never_suspends(call)


@pytest.mark.parametrize(
    "call",
    [
        awaits,
        sleeps,
        loops,
        enters,
        collects,
        decorated(straight),
        plain,
        items,
        async_items,
        Sync(),
        sync_to_async(plain),
    ],
)
def test_everything_else_may_suspend(call):
    assert not never_suspends(call)


def test_a_coroutine_that_never_suspends_ends_in_one_step():
    with pytest.raises(StopIteration) as ended:
        straight().send(None)
    assert ended.value.value == 1
