"""`TestClient` and `AsyncTestClient`: httpx clients whose server is the test's own process.

A handler's database work runs on the test's own connection, so that Django's `TestCase` and
`@pytest.mark.django_db` transactions are seen; nothing here may take a shortcut past the pipeline.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, TypeVar

import httpx
from asgiref.sync import AsyncToSync
from django.core.signals import got_request_exception

from django_bolt import _core, conf
from django_bolt._runtime.assemble import assemble
from django_bolt._runtime.drive import driver
from django_bolt._runtime.hooks import SeatHooks
from django_bolt._runtime.key_refresh import KeyRefresher
from django_bolt._runtime.loop import GuestLoop
from django_bolt._runtime.threads import InlineExecutor, run_aside, run_on_loop
from django_bolt._runtime.worker import Host, Lifespan, compile_app
from django_bolt.application import BoltAPI
from django_bolt.lifespan import lifespan
from django_bolt.orm.bridge import Bridge, register, unregister
from django_bolt.orm.entry import install
from django_bolt.orm.pools import own_connections
from django_bolt.testing._transport import AsyncStream, AsyncTransport, Stream, Transport, socket_pair

T = TypeVar("T")
HOST = "testserver"
"""Whom clients ask unless told otherwise: the name that Django's test client uses."""


def nothing() -> None:
    """Clean up nothing: the connections are the test's."""


def as_list(api: BoltAPI | Sequence[BoltAPI]) -> list[BoltAPI]:
    """Return one API or several as a list."""
    return [api] if isinstance(api, BoltAPI) else list(api)


@contextlib.contextmanager
def raised_by_handlers() -> Iterator[list[BaseException]]:
    """Collect the exceptions that became a 500 inside the block."""
    found: list[BaseException] = []

    def note(**_: Any) -> None:
        exception = sys.exception()
        if exception is not None:
            found.append(exception)

    got_request_exception.connect(note, weak=False, dispatch_uid=note)
    try:
        yield found
    finally:
        got_request_exception.disconnect(dispatch_uid=note)


def refuse_inside_loop() -> None:
    """Raise `RuntimeError` where an event loop runs on this thread."""
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("a TestClient cannot be used where an event loop runs; use AsyncTestClient there")


def own_bridge(event_loop: asyncio.AbstractEventLoop) -> Bridge:
    """Lead ORM calls made on a loop through a bridge to its thread's own connections, in which the test's data is."""
    configuration = conf.load()
    timeout = configuration.db_pool_timeout
    bridge = Bridge(event_loop, pool=own_connections(event_loop, timeout=timeout), timeout=timeout)
    bridges = configuration.orm_bridge is not False
    if bridges:
        install()
    register(bridge, queries=bridges)
    return bridge


class Stage:
    """The calling thread as a worker: a guest loop, and every blocking call where the test is."""

    def __init__(self, apis: Sequence[BoltAPI], *, enforce_csrf: bool) -> None:
        refuse_inside_loop()
        self.apis = apis
        assembled = assemble(apis, own_hosts=[HOST], enforce_csrf=enforce_csrf)
        app = compile_app(assembled)
        self._keys = KeyRefresher(app, assembled.key_sources)
        self._keys.start()
        self._thread = threading.get_ident()
        self.event_loop = GuestLoop()
        executor = InlineExecutor(self.event_loop)
        hooks = SeatHooks(drive=driver({}), submit=functools.partial(run_aside, self.event_loop), after=nothing)
        self.host = Host(app, self.event_loop, hooks)
        # A registry of asgiref's: thread-sensitive calls made on this loop run inline.
        AsyncToSync.loop_thread_executors[self.event_loop] = executor  # type: ignore[assignment]
        self._bridge = own_bridge(self.event_loop)

    def run(self, function: Callable[..., T], *args: Any) -> T:
        """Call something that runs the loop."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("a TestClient belongs to the thread that made it; make one in this thread")
        refuse_inside_loop()
        return contextvars.copy_context().run(self._hosted, function, *args)

    def _hosted(self, function: Callable[..., T], *args: Any) -> T:
        # An async_to_sync further up would otherwise be asked to run what this very thread waits for.
        AsyncToSync.executors.current = None
        with self.event_loop.hosted():
            return function(*args)

    def connect(self) -> Stream:
        """Return a new connection to the worker."""
        return self.run(self._connect)

    def _connect(self) -> Stream:
        ours, theirs = socket_pair()
        self.host.worker.connect(theirs)
        return Stream(ours, functools.partial(self.run, self.host.worker.wait))

    def close(self) -> None:
        """End what is left on the loop and close it."""
        self._keys.stop()
        if not self.event_loop.is_closed():
            self.run(self.event_loop.dismantle, self.host.run_until)
            unregister(self._bridge)
            self.host.close()

    def abandon(self) -> None:
        """Close the loop as it is, wherever this is called: nothing on it can run any more."""
        self._keys.stop()
        AsyncToSync.loop_thread_executors.pop(self.event_loop, None)
        unregister(self._bridge)
        self.event_loop.close()


class TestClient(httpx.Client):
    """An `httpx.Client` that talks to one API, or several, through the whole server in this process.

    As a context manager it runs the APIs' lifespans. `raise_server_exceptions` (default true): an exception
    that became a 500 is raised in the test. `enforce_csrf_checks` (default false, as for Django's client): forged
    cross-site requests are refused. Every other argument is httpx's; `base_url` is `http://testserver`. `RuntimeError`
    where an event loop is running.
    """

    __test__ = False

    def __init__(
        self,
        api: BoltAPI | Sequence[BoltAPI],
        *,
        raise_server_exceptions: bool = True,
        enforce_csrf_checks: bool = False,
        **options: Any,
    ) -> None:
        self.raise_server_exceptions = raise_server_exceptions
        self._stage = Stage(as_list(api), enforce_csrf=enforce_csrf_checks)
        self._lifespan: Lifespan | None = None
        options.setdefault("base_url", f"http://{HOST}")
        super().__init__(transport=Transport(self._stage.connect), **options)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request; raise what its handler raised, if that is asked for."""
        with raised_by_handlers() as exceptions:
            response = super().send(request, **options)
        if exceptions and self.raise_server_exceptions:
            raise exceptions[0]
        return response

    def settle(self, turns: int = 100) -> None:
        """Let tasks that handlers left behind run on for a while."""
        self._stage.run(self._stage.host.worker.turn, turns)

    def __enter__(self) -> TestClient:
        manager = Lifespan(self._stage.host, lifespan(self._stage.apis))
        self._stage.run(manager.__enter__)
        self._lifespan = manager
        super().__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        try:
            super().__exit__(exc_type, exc_value, traceback)
            if self._lifespan is not None:
                self._stage.run(self._lifespan.__exit__)
        finally:
            self._stage.close()

    def close(self) -> None:
        """Close the connections and the loop."""
        super().close()
        self._stage.close()

    def __del__(self) -> None:
        if hasattr(self, "_stage"):
            try:
                self._stage.close()
            except RuntimeError:
                # Collected on another thread, or where a loop runs.
                self._stage.abandon()


class AsyncTestClient(httpx.AsyncClient):
    """The same for async tests: handlers run on the test's own loop, the pipeline on a thread of its own.

    Use it as an async context manager. Blocking code of handlers runs where Django's `sync_to_async` runs it.
    """

    __test__ = False

    def __init__(
        self,
        api: BoltAPI | Sequence[BoltAPI],
        *,
        raise_server_exceptions: bool = True,
        enforce_csrf_checks: bool = False,
        **options: Any,
    ) -> None:
        self.raise_server_exceptions = raise_server_exceptions
        self._apis = as_list(api)
        # Blocking code runs inside a task of the test's loop, which could run nothing that such code waits for: what
        # stands around a `def` handler stays on the loop.
        assembled = assemble(self._apis, own_hosts=[HOST], enforce_csrf=enforce_csrf_checks, jobs=False)
        self._app = compile_app(assembled)
        self._keys = KeyRefresher(self._app, assembled.key_sources)
        self._keys.start()
        self._remote: _core.Remote | None = None
        self._lent: Bridge | None = None
        self._lifespan: contextlib.AbstractAsyncContextManager[None] | None = None
        options.setdefault("base_url", f"http://{HOST}")
        super().__init__(transport=AsyncTransport(self._connect), **options)

    def _connect(self) -> AsyncStream:
        if self._remote is None:
            event_loop = asyncio.get_running_loop()
            submit = functools.partial(run_on_loop, event_loop)
            self._remote = _core.Remote(
                self._app, event_loop, SeatHooks(drive=driver({}), submit=submit, after=nothing)
            )
        ours, theirs = socket_pair()
        self._remote.connect(theirs)
        return AsyncStream(ours)

    def _lend_thread(self, event_loop: asyncio.AbstractEventLoop) -> None:
        """Run blocking code on the loop's own thread where a test runner has it on the main one.

        There (pytest-asyncio, anyio) the test's transaction belongs to that thread. Django's runner has the loop in a
        thread of its own and the transaction on the main one, where asgiref goes by itself.
        """
        on_main_thread = threading.current_thread() is threading.main_thread()
        if on_main_thread and event_loop not in AsyncToSync.loop_thread_executors:
            AsyncToSync.loop_thread_executors[event_loop] = InlineExecutor(event_loop)  # type: ignore[assignment]
            self._lent = own_bridge(event_loop)

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request; raise what its handler raised, if that is asked for."""
        with raised_by_handlers() as exceptions:
            response = await super().send(request, **options)
        if exceptions and self.raise_server_exceptions:
            raise exceptions[0]
        return response

    async def __aenter__(self) -> AsyncTestClient:
        self._lend_thread(asyncio.get_running_loop())
        manager = lifespan(self._apis)
        await manager.__aenter__()
        self._lifespan = manager
        await super().__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        try:
            await super().__aexit__(exc_type, exc_value, traceback)
            if self._lifespan is not None:
                await self._lifespan.__aexit__(None, None, None)
        finally:
            self._close_remote()

    async def aclose(self) -> None:
        """Close the connections and the pipeline's thread."""
        await super().aclose()
        self._close_remote()

    def _close_remote(self) -> None:
        self._keys.stop()
        if self._lent is not None:
            AsyncToSync.loop_thread_executors.pop(self._lent.event_loop, None)
            unregister(self._lent)
            self._lent = None
        remote, self._remote = self._remote, None
        if remote is not None:
            remote.close()
