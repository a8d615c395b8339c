"""Which request a piece of code belongs to, in every kind of handler: its route, its counts, its stack.

Nothing here may decide what is worth a warning.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from contextvars import ContextVar, copy_context
from types import CodeType, FrameType
from typing import Any

from greenlet import getcurrent

from django_bolt._plan.compile import Route
from django_bolt._runtime.hooks import SeatHooks
from django_bolt._server.dev.source import Place, stack_of
from django_bolt.orm.call import Runner


class Scope:
    """One request: how often each SQL was run, and the task of a coroutine."""

    def __init__(self, exchange: Any = None) -> None:
        self.exchange = exchange
        self.statements: Counter[str] = Counter()
        on_loop = exchange is not None and asyncio._get_running_loop() is not None
        self.task = asyncio.current_task() if on_loop else None


SCOPE: ContextVar[Scope | None] = ContextVar("django_bolt_dev_scope", default=None)


def observed(hooks: SeatHooks) -> SeatHooks:
    """Return the hooks with a scope around each request."""
    drive, submit = hooks.drive, hooks.submit

    async def drive_observed(awaitable: Awaitable[Any], exchange: Any) -> None:
        SCOPE.set(Scope(exchange))
        await drive(awaitable, exchange)

    def submit_observed(job: Any) -> None:
        def run() -> None:
            SCOPE.set(Scope(job.exchange))
            job()

        context = copy_context()
        submit(lambda: context.run(run))

    DRIVERS.add(drive_observed.__code__)
    return dataclasses.replace(hooks, drive=drive_observed, submit=submit_observed)


DRIVERS: set[CodeType] = set()
"""The code in whose frames `exchange` is the request."""


def current_scope() -> Scope:
    """Return the scope of the running code; what runs in a context of its own has one from its first question on."""
    scope = SCOPE.get()
    if scope is None:
        scope = Scope()
        SCOPE.set(scope)
    return scope


class Routes:
    """The names of an application's routes, found by an exchange or a stack."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._names = [f"{route.method} {route.path}" for route in routes]
        self._handlers: dict[CodeType, str] = {}
        for name, route in zip(self._names, routes, strict=True):
            code = getattr(inspect.unwrap(route.declaration.handler), "__code__", None)
            if code is not None:
                self._handlers.setdefault(code, name)

    def name(self, exchange: Any, stack: Iterable[Place]) -> str | None:
        """Return the route of an exchange, else of the handler (or what drives one) in a stack."""
        if exchange is not None:
            return self._name_at(exchange)
        for frame, _ in stack:
            if frame.f_code in DRIVERS:
                return self._name_at(frame.f_locals["exchange"])
            if frame.f_code in self._handlers:
                return self._handlers[frame.f_code]
        return None

    def _name_at(self, exchange: Any) -> str | None:
        index: int = exchange.route_index
        # What no route answers has none.
        return self._names[index] if index < len(self._names) else None


def running_stack(frame: FrameType, scope: Scope) -> list[Place]:
    """Return the frames around a running one, those of the coroutine that a bridged call was made by included."""
    stack = stack_of(frame)
    current = getcurrent()
    if type(current) is Runner:
        stack = [*coroutine_stack(scope.task), *caller_stack(current), *stack]
    return stack


def caller_stack(runner: Runner) -> list[Place]:
    """Return the frames that a bridged call's greenlet was entered from."""
    return stack_of(runner.parent.gr_frame) if runner.parent is not None else []


def coroutine_stack(task: asyncio.Task[Any] | None) -> list[Place]:
    """Return the frames of a task that waits, from the outermost on."""
    waiting: Any = task.get_coro() if task is not None else None
    stack: list[Place] = []
    while (frame := getattr(waiting, "cr_frame", None)) is not None:
        stack.append((frame, frame.f_lineno))
        waiting = waiting.cr_await
    return stack
