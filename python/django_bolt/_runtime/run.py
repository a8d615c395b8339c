"""The callable that Rust calls for a route with dependencies: they run in order, then the handler.

The order is decided in `_plan/graph.py`; nothing here inspects a signature or knows a response.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol

from asgiref.sync import sync_to_async

from django_bolt._plan.compile import Route
from django_bolt._plan.graph import Step
from django_bolt._plan.model import HandlerKind
from django_bolt._plan.signature import Factory

logger = logging.getLogger("django_bolt")


class Deferred:
    """A handler's value whose dependencies have something left to do when the reply has been sent.

    Whoever gets it calls `cleanup(error=None)` exactly once, in the Task (or, for a sync route, on the thread) that ran
    the route: after the reply was sent, or with the exception for which no reply could be made of the value. `cleanup`
    is an async callable for an async route and a plain one for a sync route. It never raises what a dependency raises:
    that is logged.
    """

    __slots__ = ("cleanup", "value")

    def __init__(self, value: Any, cleanup: Callable[..., Any]) -> None:
        self.value = value
        self.cleanup = cleanup


class Manager(Protocol):
    """What a generator dependency becomes: an asynchronous context manager."""

    async def __aenter__(self) -> Any:
        """Run to the `yield` and return what it yields."""
        ...

    async def __aexit__(self, *error: Any) -> Any:
        """Run to the end, with an exception raised at the `yield` where one is given."""
        ...


# One step, to be awaited: takes the values so far (the flat arguments first) and what has to be left at the end.
Run = Callable[[list[Any], list[Manager]], Awaitable[Any]]


def build_runner(route: Route) -> tuple[Callable[..., Any], HandlerKind]:
    """Return what Rust calls with the flat arguments of a route, and how that runs.

    It gives the handler's value, or a `Deferred` where generators have something left to do. It raises what the handler
    or a dependency raises, after every generator that was entered has seen the exception; none can swallow it, for
    there would be no value to answer with.

    In an async route what is sync runs on asgiref's thread, because it may block; a class is called where it stands.
    """
    graph = route.graph
    if graph is None:
        return route.declaration.handler, route.kind
    fill = partial(_fill, tuple(graph.factories.items()))
    if not graph.steps:
        return partial(_run_handler, fill, _apply(graph.handler.call, graph.handler)), route.kind
    threaded = route.kind == "coroutine"
    steps = [_step(step, threaded=threaded) for step in graph.steps]
    run = partial(_run, fill, steps, _step(graph.handler, threaded=threaded))
    return (run if threaded else partial(_run_sync, run)), route.kind


async def _run(
    fill: Callable[[Sequence[Any]], list[Any]],
    steps: Sequence[Run],
    handler: Run,
    *flat: Any,
) -> Any:
    """Run the dependencies, then the handler."""
    values = fill(flat)
    entered: list[Manager] = []
    try:
        for step in steps:
            values.append(await step(values, entered))
        value = await handler(values, entered)
    except BaseException as error:
        failure = await _leave(entered, error) or error
        if failure is error:
            raise
        raise failure from failure.__cause__
    return Deferred(value, partial(_clean_up, entered)) if entered else value


def _run_sync(run: Callable[..., Coroutine[Any, Any, Any]], *flat: Any) -> Any:
    """Run a route in which nothing waits, to its end."""
    value = run_to_end(run(*flat))
    if isinstance(value, Deferred):
        clean_up = value.cleanup
        value.cleanup = lambda error=None: run_to_end(clean_up(error))
    return value


def _run_handler(fill: Callable[[Sequence[Any]], list[Any]], call: Callable[[list[Any]], Any], *flat: Any) -> Any:
    """Call a handler without dependencies, some of whose defaults are made anew."""
    return call(fill(flat))


def run_to_end(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return the result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise RuntimeError(f"{coroutine!r} waits, and its route is sync")


async def _leave(entered: list[Manager], error: BaseException | None) -> BaseException | None:
    """Leave every manager, last in first out, and return the exception that is left: one may replace it."""
    while entered:
        try:
            await entered.pop().__aexit__(type(error) if error else None, error, error.__traceback__ if error else None)
        except BaseException as raised:
            error = raised
    return error


async def _clean_up(entered: list[Manager], error: BaseException | None = None) -> None:
    failure = await _leave(entered, error)
    if failure is None or failure is error:
        return
    if not isinstance(failure, Exception):
        raise failure
    logger.error("A dependency failed in its clean-up; the reply was not changed", exc_info=failure)


def _fill(factories: Sequence[tuple[int, Factory]], flat: Sequence[Any]) -> list[Any]:
    """Return the flat arguments with the defaults in place that no two requests may share."""
    values = list(flat)
    for index, factory in factories:
        if values[index] is factory:
            values[index] = factory.make()
    return values


def _apply(call: Callable[..., Any], step: Step) -> Callable[[list[Any]], Any]:
    """Return a function that calls `call` with a step's inputs."""
    split = len(step.inputs) - len(step.keywords)
    positions = step.inputs[:split]
    names = tuple(zip(step.keywords, step.inputs[split:], strict=True))
    if not names:
        return lambda values: call(*[values[index] for index in positions])
    return lambda values: call(
        *[values[index] for index in positions], **{name: values[index] for name, index in names}
    )


def _step(step: Step, *, threaded: bool) -> Run:
    """Return one step as something to await."""
    if step.kind in ("gen", "async_gen"):
        return _entering(step, threaded=threaded)
    call = sync_to_async(step.call, thread_sensitive=True) if step.kind == "sync" and threaded else step.call
    apply = _apply(call, step)
    if call is not step.call or step.kind == "async":
        return lambda values, _: apply(values)

    async def run(values: list[Any], _: list[Manager]) -> Any:
        return apply(values)

    return run


def _entering(step: Step, *, threaded: bool) -> Run:
    """Return a generator step as something to await."""
    if step.kind == "async_gen":
        enter = _apply(contextlib.asynccontextmanager(step.call), step)
    else:
        manager = _apply(contextlib.contextmanager(step.call), step)
        run_in = Threaded if threaded else Inline
        enter = lambda values: run_in(manager(values))  # noqa: E731

    async def run(values: list[Any], entered: list[Manager]) -> Any:
        entering: Manager = enter(values)
        try:
            value = await entering.__aenter__()
        except asyncio.CancelledError:
            if isinstance(entering, Threaded):
                # On its thread it may have reached its `yield` all the same.
                entered.append(entering)
            raise
        entered.append(entering)
        return value

    return run


class Inline:
    """A sync generator, run where it stands."""

    __slots__ = ("manager",)

    def __init__(self, manager: contextlib.AbstractContextManager[Any]) -> None:
        self.manager = manager

    async def __aenter__(self) -> Any:
        return self.manager.__enter__()

    async def __aexit__(self, *error: Any) -> Any:
        return self.manager.__exit__(*error)


class Threaded(Inline):
    """A sync generator in an async route, run on asgiref's thread."""

    __slots__ = ()

    async def __aenter__(self) -> Any:
        return await sync_to_async(self.manager.__enter__, thread_sensitive=True)()

    async def __aexit__(self, *error: Any) -> Any:
        return await sync_to_async(self.manager.__exit__, thread_sensitive=True)(*error)
