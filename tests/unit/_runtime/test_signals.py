"""Django's request signals around a handler."""

from __future__ import annotations

import pytest
from django.core.signals import request_finished, request_started

from django_bolt._runtime.signals import with_signals

# The signals close old connections, of which an earlier test may have left one.
pytestmark = pytest.mark.django_db


@pytest.fixture
def events():
    """Record both signals, and what the handlers of the tests append."""
    found: list[str] = []

    def started(**kwargs):
        found.append("started")

    def finished(**kwargs):
        found.append("finished")

    request_started.connect(started)
    request_finished.connect(finished)
    yield found
    request_started.disconnect(started)
    request_finished.disconnect(finished)


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
async def test_around_a_coroutine(events, kind):
    async def handler(item_id, *, q):
        events.append("handler")
        return item_id, q

    call, runs = with_signals(handler, kind)
    assert await call(1, q="x") == (1, "x")
    assert runs == "coroutine"
    assert events == ["started", "handler", "finished"]


@pytest.mark.parametrize("kind", ["def", "inline"])
def test_around_a_function(events, kind):
    def handler(item_id):
        events.append("handler")
        return item_id

    call, runs = with_signals(handler, kind)
    assert call(1) == 1
    assert runs == kind
    assert events == ["started", "handler", "finished"]


async def test_a_failing_handler_finishes_too(events):
    async def handler():
        raise KeyError("x")

    call, _ = with_signals(handler, "coroutine")
    with pytest.raises(KeyError):
        await call()
    assert events == ["started", "finished"]


def test_a_failing_function_finishes_too(events):
    def handler():
        raise KeyError("x")

    call, _ = with_signals(handler, "def")
    with pytest.raises(KeyError):
        call()
    assert events == ["started", "finished"]
