"""Routes with dependencies, run: order, threads, clean-up, failures."""

import asyncio
import contextvars
import logging
import threading
from typing import Annotated, Any

import msgspec
import pytest

from django_bolt._runtime.run import Deferred, build_runner, run_to_end
from django_bolt.params import Body, Depends, Query
from tests.plan.compiling import compiled

language: contextvars.ContextVar[str] = contextvars.ContextVar("language", default="none")


class Recorder:
    """What happened, in order, and on which thread."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.threads: dict[str, int] = {}

    def __call__(self, event: str) -> None:
        self.events.append(event)
        self.threads[event] = threading.get_ident()


@pytest.fixture
def record():
    return Recorder()


def runner(handler, **options):
    call, kind = build_runner(compiled(handler, **options))
    return call, kind


async def test_a_handler_alone_is_called_as_it_is():
    async def handler(a: int):
        return a

    assert runner(handler) == (handler, "plain")


async def test_arguments_and_results_reach_everyone():
    async def page(page: int, size: int = 10):
        return page * size

    def label(text: str, *, start=Depends(page)):
        return f"{text}{start}"

    class Service:
        def __init__(self, label=Depends(label)):
            self.label = label

    async def handler(page: int, service: Annotated[Service, Depends()], *, start=Depends(page)):
        return page, service.label, start

    call, kind = runner(handler)
    assert kind == "coroutine"
    # The flat arguments: page, text, size are in the order in which they were met.
    names = [info.wire for info in compiled(handler).parameters]
    values = {"page": 2, "size": 10, "text": "from "}
    assert await call(*[values[name] for name in names]) == (2, "from 20", 20)


async def test_each_dependency_runs_once_unless_it_opts_out(record):
    async def counted():
        record("call")
        return len(record.events)

    async def handler(a=Depends(counted), b=Depends(counted), c=Depends(counted, use_cache=False), d=Depends(counted)):
        return a, b, c, d

    call, _ = runner(handler)
    assert await call() == (1, 1, 2, 1)
    assert await call() == (3, 3, 4, 3)


async def test_in_an_async_route_sync_functions_leave_the_loops_thread(record):
    def blocking():
        record("sync")
        return language.get()

    class Made:
        def __init__(self):
            record("class")

    async def waiting():
        record("async")

    def handler(value=Depends(blocking), made=Depends(Made), other=Depends(waiting)):
        record("handler")
        return value

    call, kind = runner(handler)
    language.set("de")
    assert kind == "coroutine"
    assert await call() == "de"
    here = threading.get_ident()
    assert record.threads["async"] == record.threads["class"] == here
    assert here not in (record.threads["sync"], record.threads["handler"])


async def test_a_contextvar_set_by_a_sync_dependency_is_seen_by_the_handler():
    def activate():
        language.set("fr")

    async def handler(_=Depends(activate)):
        return language.get()

    assert await runner(handler)[0]() == "fr"


def test_a_sync_route_stays_on_its_thread(record):
    def dependency(a: int):
        record("dependency")
        return a + 1

    def handler(value=Depends(dependency)):
        record("handler")
        return value

    call, kind = runner(handler)
    assert (call(1), kind) == (2, "def")
    assert set(record.threads.values()) == {threading.get_ident()}
    assert runner(handler, inline=True)[1] == "inline"


async def test_clean_up_waits_for_the_reply(record):
    async def outer():
        record("enter outer")
        yield "o"
        record("leave outer")

    def inner(outer=Depends(outer)):
        record("enter inner")
        yield outer + "i"
        record("leave inner")

    async def handler(value=Depends(inner)):
        record("handler")
        return value

    deferred = await runner(handler)[0]()
    assert isinstance(deferred, Deferred)
    assert deferred.value == "oi"
    assert record.events == ["enter outer", "enter inner", "handler"]
    await deferred.cleanup()
    assert record.events[3:] == ["leave inner", "leave outer"]
    here = threading.get_ident()
    assert record.threads["enter outer"] == record.threads["leave outer"] == here
    assert record.threads["enter inner"] == record.threads["leave inner"] != here
    await deferred.cleanup()
    assert len(record.events) == 5


def test_clean_up_of_a_sync_route(record):
    def session():
        record("enter")
        yield "session"
        record("leave")

    def handler(value=Depends(session)):
        return value

    deferred = runner(handler)[0]()
    assert (deferred.value, record.events) == ("session", ["enter"])
    deferred.cleanup()
    assert record.events == ["enter", "leave"]


class Broken(Exception):
    pass


def watching(record, name, *, swallow=False, replace=None):
    """Return a generator and an async generator that tell what they saw at their `yield`."""

    def saw(error):
        record(f"{name} saw {type(error).__name__}")
        if replace is not None:
            raise replace from error
        if not swallow:
            raise error

    def generator():
        try:
            yield name
        except BaseException as error:
            saw(error)

    async def async_generator():
        try:
            yield name
        except BaseException as error:
            saw(error)

    return generator, async_generator


@pytest.mark.parametrize("index", [0, 1])
async def test_generators_see_the_handlers_exception_in_reverse(record, index):
    outer, inner = watching(record, "outer")[index], watching(record, "inner")[index]

    async def handler(a=Depends(outer), b=Depends(inner)):
        raise Broken("once")

    with pytest.raises(Broken, match="once") as caught:
        await runner(handler)[0]()
    assert record.events == ["inner saw Broken", "outer saw Broken"]
    assert caught.traceback[-1].name == "handler"


def test_generators_of_a_sync_route_see_the_exception(record):
    outer, inner = watching(record, "outer")[0], watching(record, "inner")[0]

    def handler(a=Depends(outer), b=Depends(inner)):
        raise Broken("once")

    with pytest.raises(Broken, match="once"):
        runner(handler)[0]()
    assert record.events == ["inner saw Broken", "outer saw Broken"]


async def test_generators_see_a_later_dependencys_exception(record):
    def failing():
        raise Broken

    async def handler(a=Depends(watching(record, "first")[1]), b=Depends(failing), c=Depends(lambda: record("never"))):
        record("handler")

    with pytest.raises(Broken):
        await runner(handler)[0]()
    assert record.events == ["first saw Broken"]


@pytest.mark.parametrize("index", [0, 1])
async def test_a_swallowed_exception_still_comes_out_and_is_seen_further_out(record, index):
    async def handler(
        a=Depends(watching(record, "outer")[index]), b=Depends(watching(record, "inner", swallow=True)[index])
    ):
        raise Broken("kept")

    with pytest.raises(Broken, match="kept"):
        await runner(handler)[0]()
    assert record.events == ["inner saw Broken", "outer saw Broken"]


@pytest.mark.parametrize("index", [0, 1])
async def test_an_exception_may_be_replaced(record, index):
    async def handler(
        a=Depends(watching(record, "outer")[index]),
        b=Depends(watching(record, "inner", replace=KeyError("new"))[index]),
    ):
        raise Broken

    with pytest.raises(KeyError, match="new") as caught:
        await runner(handler)[0]()
    assert record.events == ["inner saw Broken", "outer saw KeyError"]
    assert isinstance(caught.value.__cause__, Broken)


async def test_generators_see_a_cancellation(record):
    async def handler(a=Depends(watching(record, "async")[1]), b=Depends(watching(record, "sync")[0])):
        await asyncio.sleep(60)

    task = asyncio.create_task(runner(handler)[0]())
    while not record.threads and not task.done():
        await asyncio.sleep(0.01)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert record.events[-1] == "async saw CancelledError"


async def test_a_dependency_cancelled_while_it_is_entered_is_left_again(record):
    entered = threading.Event()

    def slow():
        entered.set()
        threading.Event().wait(0.1)
        try:
            yield 1
        finally:
            record("left")

    async def handler(a=Depends(slow)):
        record("handler")

    task = asyncio.create_task(runner(handler)[0]())
    while not entered.is_set():
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert record.events == ["left"]


@pytest.mark.parametrize("index", [0, 1])
async def test_a_failing_clean_up_is_logged_with_its_traceback(record, caplog, index):
    def failing():
        yield 1
        raise Broken("too late")

    async def async_failing():
        yield 1
        raise Broken("too late")

    async def handler(a=Depends(watching(record, "outer")[index]), b=Depends((failing, async_failing)[index])):
        return 1

    deferred = await runner(handler)[0]()
    with caplog.at_level(logging.ERROR, logger="django_bolt"):
        await deferred.cleanup()
    (entry,) = caplog.records
    assert (entry.name, entry.levelname) == ("django_bolt", "ERROR")
    assert "too late" in str(entry.exc_info[1])
    assert entry.exc_info[2] is not None
    assert record.events == ["outer saw Broken"]


def test_a_failing_clean_up_of_a_sync_route_is_logged(caplog):
    def failing():
        yield 1
        raise Broken("too late")

    def handler(a=Depends(failing)):
        return 1

    runner(handler)[0]().cleanup()
    assert [entry.levelname for entry in caplog.records] == ["ERROR"]


async def test_clean_up_may_be_told_that_no_reply_could_be_made(record, caplog):
    async def handler(a=Depends(watching(record, "session")[1])):
        return object()

    deferred = await runner(handler)[0]()
    await deferred.cleanup(TypeError("cannot be encoded"))
    assert record.events == ["session saw TypeError"]
    assert caplog.records == []


async def test_a_cancelled_clean_up_is_no_error(caplog):
    async def waiting():
        yield 1
        await asyncio.sleep(60)

    async def handler(a=Depends(waiting)):
        return 1

    deferred = await runner(handler)[0]()
    task = asyncio.create_task(deferred.cleanup())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert caplog.records == []


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_generator_that_yields_twice_is_logged(kind, caplog):
    def twice():
        yield 1
        yield 2

    async def async_twice():
        yield 1
        yield 2

    async def handler(a=Depends(twice if kind == "sync" else async_twice)):
        return a

    deferred = await runner(handler)[0]()
    assert deferred.value == 1
    await deferred.cleanup()
    assert "didn't stop" in str(caplog.records[0].exc_info[1])


async def test_a_generator_that_yields_nothing_fails_the_route(record):
    def empty():
        return
        yield

    async def handler(a=Depends(watching(record, "outer")[1]), b=Depends(empty)):
        return a

    with pytest.raises(RuntimeError, match="didn't yield"):
        await runner(handler)[0]()
    assert record.events == ["outer saw RuntimeError"]


async def test_an_instance_is_handed_over_and_not_entered():
    class Session:
        entered = False

        async def __aenter__(self):
            Session.entered = True

        async def __aexit__(self, *error):
            return None

    async def handler(session=Depends(Session)):
        return session

    value = await runner(handler)[0]()
    assert isinstance(value, Session)
    assert not Session.entered


async def test_mutable_defaults_are_made_anew():
    async def handler(tags: list[str] = Query([]), *, more: dict[str, int] = Body({"a": 1})):
        tags.append("x")
        more["b"] = 2
        return tags, more

    route = compiled(handler, method="POST")
    call, kind = build_runner(route)
    assert kind == "plain"
    defaults = (route.arguments[0].default.value, route.body.default.value)
    for _ in range(2):
        assert await call(*defaults) == (["x"], {"a": 1, "b": 2})
    given = ["given"]
    assert (await call(given, {}))[0] is given


async def test_mutable_defaults_below_a_dependency_are_made_anew():
    class Filters(msgspec.Struct):
        tags: list[str] = []

    async def handler(filters: Annotated[Filters, Depends()]):
        filters.tags.append("x")
        return filters.tags

    route = compiled(handler)
    call, _ = build_runner(route)
    (argument,) = route.arguments
    assert await call(argument.default.value) == ["x"]
    assert await call(argument.default.value) == ["x"]


async def test_interleaved_requests_do_not_see_each_other():
    async def session(number: int):
        language.set(str(number))
        await asyncio.sleep(0)
        yield number
        assert language.get() == str(number)

    async def handler(number: int, session=Depends(session)):
        await asyncio.sleep(0)
        return number, session, language.get()

    call, _ = runner(handler)

    async def request(number: int) -> Any:
        deferred = await call(number)
        await deferred.cleanup()
        return deferred.value

    answers = await asyncio.gather(*(request(number) for number in range(200)))
    assert answers == [(number, number, str(number)) for number in range(200)]


def test_a_sync_route_never_waits():
    with pytest.raises(RuntimeError, match="waits, and its route is sync"):
        run_to_end(asyncio.sleep(0))
