"""Workers: an application, a guest loop and threads, put together for a server.

The test clients put theirs together in `testing/`; nothing here may parse a flag.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from typing import Any, Protocol

from asgiref.sync import AsyncToSync

# Loaded before file descriptors may run out: the log's filter needs it to tell of that.
import django_bolt._runtime.request_id  # noqa: F401
from django_bolt import _core, conf
from django_bolt._django.cleanup import thread_cleanup
from django_bolt._plan.compile import Route
from django_bolt._runtime.assemble import Assembled
from django_bolt._runtime.drive import driver
from django_bolt._runtime.hooks import AppHooks, SeatHooks
from django_bolt._runtime.key_refresh import refreshed_keys
from django_bolt._runtime.loop import GuestLoop
from django_bolt._runtime.signals import send_both
from django_bolt._runtime.threads import REQUEST, LeasedExecutor, RequestThreads, Threads
from django_bolt.orm.bridge import Bridge, register, unregister
from django_bolt.orm.connections import close_driver_pools, close_ended_connections
from django_bolt.orm.entry import install
from django_bolt.orm.modes import modes
from django_bolt.orm.pools import Pools


class Settings(Protocol):
    """How a server is to run."""

    @property
    def keep_alive(self) -> float:
        """Seconds an idle connection stays open."""
        ...

    @property
    def graceful_timeout(self) -> float:
        """Seconds that requests in flight get to finish after a stop."""
        ...

    @property
    def threads(self) -> int:
        """Size of the pool for blocking code."""
        ...

    @property
    def threads_queue(self) -> int:
        """Calls that may wait for a thread."""
        ...

    @property
    def db_pool_size(self) -> int:
        """Connections kept open to one database."""
        ...

    @property
    def db_pool_timeout(self) -> float:
        """Seconds that a call may wait for a connection."""
        ...

    @property
    def inline_limit_ms(self) -> float:
        """Milliseconds that a call may keep the loop."""
        ...


def compile_app(assembled: Assembled) -> _core.App:
    """Return the compiled application; `ValueError` where the plan cannot be served."""
    refused = send_both if conf.load().emit_signals else None
    return _core.App(assembled.plan, assembled.objects, AppHooks(refused, assembled.ready))


class Host:
    """A guest loop on the calling thread and the worker that gives it its turns."""

    def __init__(self, app: _core.App, event_loop: GuestLoop, hooks: SeatHooks) -> None:
        self.event_loop = event_loop
        self.worker = _core.Worker(app, event_loop, hooks)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end as a Task and return its result."""
        task = self.event_loop.create_task(coroutine)
        self.run_until(task)
        return task.result()

    def run_until(self, future: asyncio.Future[Any]) -> None:
        """Run until the future is done."""
        self.worker.run_until(future)

    def close(self) -> None:
        """End the worker and its loop, which must not be running."""
        self.worker.close()
        self.event_loop.close()


@contextlib.contextmanager
def bridged(
    event_loop: GuestLoop, *, routes: Sequence[Route], threads: RequestThreads, settings: Settings
) -> Iterator[None]:
    """Let the ORM calls made on a loop go through a bridge of its own for the length of the block.

    Where `BOLT["ORM_BRIDGE"]` is False they go where asgiref sends them.
    """
    chosen = modes()
    if not chosen:
        yield
        return

    def route(context: Context) -> str | None:
        exchange = context.get(REQUEST)
        if exchange is None:
            return None
        if exchange.route_index >= len(routes):
            # What no route answers has none.
            return None
        found = routes[exchange.route_index]
        return f"{found.method} {found.path}"

    pools = Pools(event_loop, modes=chosen, size=settings.db_pool_size, timeout=settings.db_pool_timeout)
    bridge = Bridge(
        event_loop,
        pool=pools,
        timeout=settings.db_pool_timeout,
        threads=threads,
        modes=chosen,
        route=route,
        limit=settings.inline_limit_ms / 1000,
    )
    install()
    register(bridge)
    try:
        yield
    finally:
        unregister(bridge)
        pools.close()


class Lifespan:
    """An async context manager entered and left by one Task on a host's loop."""

    def __init__(self, host: Host, manager: AbstractAsyncContextManager[Any]) -> None:
        self._host = host
        self._manager = manager
        self._stop = asyncio.Event()

    def __enter__(self) -> None:
        started = self._host.event_loop.create_future()
        self._task = self._host.event_loop.create_task(self._live(started))
        self._host.run_until(asyncio.ensure_future(asyncio.wait({self._task, started}, return_when="FIRST_COMPLETED")))
        if self._task.done():
            self._task.result()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._host.run_until(self._task)
        self._task.result()

    async def _live(self, started: asyncio.Future[None]) -> None:
        async with self._manager:
            started.set_result(None)
            await self._stop.wait()


def serve(
    app: _core.App,
    assembled: Assembled,
    listener: socket.socket,
    *,
    lifespan: Callable[[Iterable[Any]], AbstractAsyncContextManager[Any]],
    settings: Settings,
    signals: Iterable[int] = (signal.SIGINT, signal.SIGTERM),
    started: Callable[[GuestLoop, _core.Worker], None] = lambda event_loop, worker: None,
    observe: Callable[[SeatHooks, Sequence[Route]], SeatHooks] | None = None,
) -> None:
    """Serve on the calling thread until one of the signals, then drain and stop.

    The listening socket is taken over. `started(event_loop, worker)` is called once the lifespan has begun.
    Off the main thread signals are not handled here. `observe(hooks, routes)` returns the hooks to use in place of
    the usual ones.
    """
    after = thread_cleanup(keep=settings.db_pool_size > 0)
    event_loop = GuestLoop()
    threads, others = (
        Threads(
            size=settings.threads,
            queue=settings.threads_queue,
            before=close_ended_connections,
            after=after,
            event_loop=event_loop,
        )
        for _ in range(2)
    )
    executor = LeasedExecutor(threads, others)
    hooks = SeatHooks(drive=driver(executor.holds), submit=threads.submit, after=after)
    if observe is not None:
        hooks = observe(hooks, assembled.routes)
    with (
        bridged(
            event_loop,
            routes=assembled.routes,
            threads=RequestThreads(threads, others, executor.holds),
            settings=settings,
        ),
        event_loop.hosted(),
        refreshed_keys(app, assembled.key_sources),
    ):
        host = Host(app, event_loop, hooks)
        # A registry of asgiref's: thread-sensitive calls made on this loop run on these threads.
        AsyncToSync.loop_thread_executors[event_loop] = executor  # type: ignore[assignment]
        if threading.current_thread() is threading.main_thread():
            for number in signals:
                event_loop.add_signal_handler(number, host.worker.stop)
        try:
            with Lifespan(host, lifespan(assembled.apis)):
                started(event_loop, host.worker)
                host.worker.serve(listener.detach(), float(settings.keep_alive), settings.graceful_timeout)
        finally:
            event_loop.dismantle(host.run_until)
            threads.close()
            others.close()
            close_driver_pools()
    host.close()
