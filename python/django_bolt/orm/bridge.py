"""The bridge: how a blocking call of Django's ORM, made by a coroutine on a worker's loop, runs.

Elsewhere (another loop, no loop at all) such calls go through asgiref as Django sends them. Nothing here may know what
the calls do.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from asyncio import _get_running_loop, _set_running_loop
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeVar

from asgiref.sync import AsyncToSync, sync_to_async
from django.db import DEFAULT_DB_ALIAS, InterfaceError, connections, router
from django.db.models import Manager, Model, QuerySet

from django_bolt.exceptions import ServiceUnavailable
from django_bolt.orm.call import Call, Runner, current_call
from django_bolt.orm.connections import GRANTED, Pool
from django_bolt.orm.slow import SlowRoutes
from django_bolt.orm.units import UNIT, Lease, Unit, Visit, current_unit

T = TypeVar("T")
Work = Callable[[], Any]
Run = Callable[[Work], None]


class Threads(Protocol):
    """Where calls run that must not run on the loop's thread."""

    def submit(self, work: Work, /) -> None:
        """Run `work` on a thread; `ServiceUnavailable` when too many wait."""
        ...

    def lease(self) -> Lease:
        """Hold a thread."""
        ...


class Bridge:
    """The bridge of one loop.

    `pool(alias)`: its pool for a database. `timeout`: the longest wait for the turn in a transaction, in seconds.
    `modes`: how the calls of each database run. `route(context)`: what the code in a context answers. `limit`: seconds
    that one call may keep the loop before its route's calls move to threads; 0: any.
    """

    def __init__(
        self,
        event_loop: asyncio.AbstractEventLoop,
        *,
        pool: Callable[[str], Pool],
        timeout: float,
        threads: Threads | None = None,
        modes: Mapping[str, str] | None = None,
        route: Callable[[contextvars.Context], Hashable] = lambda context: None,
        limit: float = 0.0,
    ) -> None:
        self.event_loop = event_loop
        self.pool = pool
        self._timeout = timeout
        self._threads = threads
        self._threaded = {alias for alias, mode in (modes or {}).items() if mode == "thread"} if threads else set()
        self._all_threaded = bool(modes) and self._threaded == set(modes or {})
        self._slow = SlowRoutes(route, limit)
        self._idle: list[Runner] = []

    async def call(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Run a blocking function and return its result, in the unit of work around the running code if any."""
        work = partial(function, *args, **kwargs)
        while (unit := current_unit(self)) is not None:
            if unit.thread is not None and unit.thread is _waiting_thread():
                # The thread that has the turn waits for this very code: it runs there.
                return await sync_to_async(work, thread_sensitive=True)()
            if await self._turn(unit):
                return await self._run_in_turn(unit, function, work)  # type: ignore[no-any-return]
        if (self._threaded or self._slow.routes) and self._on_thread(function):
            if _waiting_thread() is not None:
                # A thread that waits for this very code: the request's own, perhaps, which would wait for itself.
                return await sync_to_async(work, thread_sensitive=True)()
            return await self._run_on_thread(work, None)  # type: ignore[no-any-return]
        return await self._run(Unit(self, None), work)  # type: ignore[no-any-return]

    def call_now(self, function: Callable[..., T], /, *args: Any) -> T:
        """Run a blocking function for code on the loop that cannot wait for it; the loop stands still meanwhile.

        It uses the connections of the transaction around the running code, unless another task is using them, or
        borrows some. While it runs there is no running loop, so Django takes it for plain synchronous code.
        """
        parent = current_unit(self)
        if parent is not None and (parent.lease is not None or parent.turn.locked()):
            parent = None
        visit = Visit(self, parent)
        GRANTED.unit = visit
        _set_running_loop(None)
        try:
            return function(*args)
        finally:
            GRANTED.unit = None
            visit.release()
            _set_running_loop(self.event_loop)

    def call_around(self, function: Callable[..., T], /, *args: Any) -> Awaitable[T]:
        """Run a blocking function that leaves for coroutines (`leave_for`), without their time being its own.

        It keeps no connection meanwhile, unless a transaction is open on it; the coroutine is then inside that.
        """
        unit = Unit(self, current_unit(self))
        return self._new_call(partial(_run_and_close, unit, function, args), unit).finish()

    @property
    def has_threads(self) -> bool:
        """Whether there are threads for blocking code: in a test client everything runs where the test is."""
        return self._threads is not None

    def prefers_threads(self) -> bool:
        """Return whether code that may ask any database is to run on threads rather than by `call_around`."""
        return self._threads is not None and (DEFAULT_DB_ALIAS in self._threaded or self._slow.current())

    async def _call_within(self, unit: Unit, function: Callable[..., T], /, *args: Any) -> T:
        """Run a blocking function with connections that `unit` then keeps.

        Where the running code is in a unit inside that one, it is the turn there that counts.
        """
        innermost = current_unit(self)
        turned = innermost if innermost is not None and innermost.within(unit) else unit
        if not await self._turn(turned):
            raise InterfaceError("an iteration outlived the transaction that it was begun in")
        try:
            return await self._run_in(unit, partial(function, *args))  # type: ignore[no-any-return]
        finally:
            turned.turn.release()

    async def _turn(self, unit: Unit) -> bool:
        """Wait for the turn in a unit; False when the unit was closed meanwhile.

        Raises `ServiceUnavailable` when that takes too long.
        """
        if not unit.turn.locked():
            await unit.turn.acquire()
        else:
            try:
                async with asyncio.timeout(self._timeout):
                    await unit.turn.acquire()
            except TimeoutError:
                raise ServiceUnavailable(
                    f"waited {self._timeout:g} s for the connection of a transaction; does what uses it wait for this?",
                    headers={"Retry-After": "1"},
                ) from None
        if not unit.open:
            unit.turn.release()
        return unit.open

    async def _run_in_turn(self, unit: Unit, function: Callable[..., Any], work: Work) -> Any:
        try:
            if unit.lease is not None or (self._threaded and self._on_thread(function)):
                return await self._run_on_thread(work, unit)
            return await self._run(Unit(self, unit), work)
        finally:
            unit.turn.release()

    # Units that last longer than a call ------------------------------------------------------------

    async def open(self, alias: str, enter: Callable[[], Any]) -> Unit:
        """Open a unit inside the current one, run `enter()` with its connections and make it the current one."""
        while (parent := current_unit(self)) is not None and not await self._turn(parent):
            pass
        unit = Unit(self, parent, self._lease_for(alias, parent))
        try:
            await self._run_in(unit, partial(_enter, unit, alias, enter))
        except BaseException:
            await self.close(unit)
            raise
        UNIT.set(unit)
        return unit

    async def close(self, unit: Unit, leave: Callable[[], Any] | None = None) -> Any:
        """Run `leave()` with the connections of a unit and give them back, whatever comes of it."""
        if UNIT.get() is unit:
            UNIT.set(unit.parent)
        interruption = await _for_sure(unit.turn)
        try:
            result = await self._run_in(unit, partial(_leave, unit, leave))
        finally:
            unit.turn.release()
            if unit.lease is not None and (unit.parent is None or unit.parent.lease is not unit.lease):
                unit.lease.close()
            if unit.parent is not None:
                unit.parent.turn.release()
                if unit.parent.users == 0:
                    await self.close(unit.parent)
        if interruption is not None:
            raise interruption
        return result

    async def iterate(self, iterable: Any) -> AsyncIterator[Any]:
        """Yield the rows of one of Django's iterables, chunk by chunk, all from one connection.

        The code between two rows uses it as well: with one connection for the rows and another for what is done with
        them, as many iterations as the pool has connections would wait for each other.
        """
        before = UNIT.get()
        unit = current_unit(self)
        if unit is None:
            unit = Unit(self, None, self._lease_for(iterable.queryset.db, None))
            UNIT.set(unit)
        else:
            unit.users += 1
        rows = iter(iterable)
        size = iterable.chunk_size
        try:
            while True:
                chunk: list[Any] = await self._call_within(unit, list, islice(rows, size))
                for row in chunk:
                    yield row
                if len(chunk) < size:
                    return
        finally:
            if UNIT.get() is unit:
                UNIT.set(before)
            try:
                if unit.open:
                    await self._call_within(unit, rows.close)
            finally:
                unit.users -= 1
                # A transaction begun since, which this code is in, holds the turn: its end is then the unit's as well.
                if unit.users == 0 and current_unit(self) in (unit, None):
                    await self.close(unit)

    def lend(self, unit: Unit, run: Run, work: Work, refuse: Callable[[Exception], None]) -> None:
        """Have `run(work)` run blocking code of the project on a thread, with the connections of `unit` in its turn.

        `refuse(error)` is called where that cannot be.
        """
        self.event_loop.create_task(self._lend(unit, run, work, refuse))

    async def _lend(self, unit: Unit, run: Run, work: Work, refuse: Callable[[Exception], None]) -> None:
        in_turn = False
        try:
            in_turn = await self._turn(unit)
            await self._await_thread(unit.lease.run if unit.lease is not None else run, work, unit if in_turn else None)
        except ServiceUnavailable as error:
            refuse(error)
        finally:
            if in_turn:
                unit.turn.release()

    # How a function runs ---------------------------------------------------------------------------

    def _run_in(self, unit: Unit, work: Work) -> Awaitable[Any]:
        """Run `work` with connections that the unit then keeps."""
        if unit.lease is not None:
            return self._run_on_thread(work, unit)
        return self._new_call(work, unit).finish()

    def _run(self, unit: Unit, work: Work) -> Awaitable[Any]:
        """Run `work` with connections that are given back behind it."""
        return self._new_call(partial(_run_and_release, unit, work), unit).finish()

    def _new_call(self, work: Work, unit: Unit) -> Call:
        return Call(work, event_loop=self.event_loop, unit=unit, slow=self._slow, idle=self._idle)

    def _run_on_thread(self, work: Work, unit: Unit | None) -> Awaitable[Any]:
        run = unit.lease.run if unit is not None and unit.lease is not None else self.threads.submit
        return self._await_thread(run, partial(contextvars.copy_context().run, work), unit)

    async def _await_thread(self, run: Run, work: Work, unit: Unit | None) -> Any:
        """Await `work` on a thread; a cancelled task waits for its end, for it cannot be interrupted."""
        future = self.event_loop.create_future()
        run(partial(_report, future, work, unit))
        interruption: asyncio.CancelledError | None = None
        while not future.done():
            try:
                await asyncio.shield(future)
            except asyncio.CancelledError as error:
                interruption = error
            except BaseException:
                break
        if interruption is not None:
            future.exception()
            raise interruption
        return future.result()

    @property
    def threads(self) -> Threads:
        """The threads; `RuntimeError` on a loop that has none."""
        if self._threads is None:
            raise RuntimeError("this loop has no threads for database calls")
        return self._threads

    def _lease_for(self, alias: str, parent: Unit | None) -> Lease | None:
        if parent is not None and parent.lease is not None:
            return parent.lease
        if self._threads is not None and (alias in self._threaded or self._slow.current()):
            return self._threads.lease()
        return None

    def _on_thread(self, function: Callable[..., Any]) -> bool:
        """Return whether a function is to run on a thread: by the database it asks, as far as that can be told."""
        if self._all_threaded or self._slow.current():
            return self._threads is not None
        owner: Any = getattr(function, "__self__", None)
        if isinstance(owner, Model):
            model, chosen = type(owner), owner._state.db
        elif isinstance(owner, (QuerySet, Manager)):
            model, chosen = owner.model, getattr(owner, "_db", None)
        else:
            return False
        aliases = {chosen} if chosen else {router.db_for_read(model), router.db_for_write(model)}
        return not aliases.isdisjoint(self._threaded)


async def _for_sure(turn: asyncio.Lock) -> asyncio.CancelledError | None:
    """Wait for a turn even while the task is cancelled, and return the cancellation."""
    interruption: asyncio.CancelledError | None = None
    while True:
        try:
            await turn.acquire()
        except asyncio.CancelledError as error:
            interruption = error
        else:
            return interruption


def _run_and_release(unit: Unit, work: Callable[[], T]) -> T:
    try:
        return work()
    finally:
        unit.release()


def _run_and_close(unit: Unit, function: Callable[..., T], args: tuple[Any, ...]) -> T:
    try:
        return function(*args)
    finally:
        unit.open = False
        unit.release()


def leave_for(awaitable: Awaitable[T]) -> T:
    """Await something from inside a function that `call_around` runs, in the very task that awaits the function."""
    call = current_call()
    if call is None:
        raise RuntimeError("found no call to leave; expected to be run by Bridge.call_around")
    unit = call.unit
    if unit.is_atomic():
        awaitable = _inside(unit, awaitable)
    else:
        # Whoever is waited for may want a connection: with one kept by each caller, all could wait for another.
        unit.release()
    return call.leave_for(awaitable)  # type: ignore[no-any-return]


async def _inside(unit: Unit, awaitable: Awaitable[T]) -> T:
    """Await something that uses the connections of a unit, until it is back."""
    before = UNIT.get()
    UNIT.set(unit)
    try:
        return await awaitable
    finally:
        UNIT.set(before)
        await unit.turn.acquire()
        unit.turn.release()


def _enter(unit: Unit, alias: str, enter: Callable[[], Any]) -> None:
    enter()
    if unit.lease is not None:
        unit.hold(alias, connections[alias])


def _leave(unit: Unit, leave: Callable[[], Any] | None) -> Any:
    try:
        return leave() if leave is not None else None
    finally:
        unit.open = False
        unit.release()


def _waiting_thread() -> threading.Thread | None:
    """Return the thread whose `async_to_sync` runs this code."""
    executor = getattr(AsyncToSync.executors, "current", None)
    return getattr(executor, "_work_thread", None)


def _report(future: asyncio.Future[Any], work: Work, unit: Unit | None) -> None:
    """Run on a thread and tell the loop what came of it."""
    GRANTED.unit = unit
    if unit is not None:
        unit.thread = threading.current_thread()
    try:
        settle = partial(future.set_result, work())
    except StopIteration as error:
        # No future takes it; a coroutine that raises it says the same.
        settle = partial(future.set_exception, RuntimeError("a blocking call raised StopIteration"))
        settle.args[0].__cause__ = error
    except BaseException as error:
        settle = partial(future.set_exception, error)
    finally:
        GRANTED.unit = None
        if unit is not None:
            unit.thread = None
    future.get_loop().call_soon_threadsafe(settle)


_bridges: dict[Any, Bridge] = {}


def here() -> Bridge | None:
    """Return the bridge of the running loop."""
    return _bridges.get(_get_running_loop())


_carriers: dict[Any, Bridge] = {}


def carrier() -> Bridge | None:
    """Return what runs `call_around` on the running loop; None where blocking code is to run on threads."""
    event_loop = _get_running_loop()
    bridge = _bridges.get(event_loop) or _carriers.get(event_loop)
    return None if bridge is None or bridge.prefers_threads() else bridge


def register(bridge: Bridge, *, queries: bool = True) -> None:
    """Let calls made on the bridge's loop go through it; without `queries` those of `call_around` alone."""
    (_bridges if queries else _carriers)[bridge.event_loop] = bridge


def unregister(bridge: Bridge) -> None:
    """Let them go through asgiref again."""
    _bridges.pop(bridge.event_loop, None)
    _carriers.pop(bridge.event_loop, None)
