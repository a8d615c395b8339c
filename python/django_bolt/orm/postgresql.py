"""PostgreSQL on the loop's own thread: a psycopg 3 connection that lets the loop go on where it would wait.

Django's own backend uses it unchanged. Outside a bridged call it waits as psycopg does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.waiting import Ready, Wait

from django_bolt.orm.call import Call, current_call

_CANCEL_TIMEOUT = 2.0
"""Seconds that a cancelled task waits for the server to hear of it."""


class PatientConnection(psycopg.Connection[Any]):
    """Waits for its socket on the loop of the call that uses it.

    The descriptor stays registered between queries (517 µs a query against 635–737 by thread): what arrives when nobody
    waits tells that the server is gone.
    """

    _loop: asyncio.AbstractEventLoop | None = None
    _descriptor = -1
    _call: Call | None = None

    def wait(self, generator: Any, *args: Any, **keywords: Any) -> Any:  # type: ignore[override]
        """Drive one of psycopg's generators to its end."""
        call = current_call()
        if call is None or args or keywords:
            self._unwatch()
            return super().wait(generator, *args, **keywords)
        try:
            wanted = next(generator)
            while True:
                wanted = generator.send(self._until(call, wanted))
        except StopIteration as stop:
            return stop.value

    def close(self) -> None:
        """Close the connection."""
        self._unwatch()
        super().close()

    def _until(self, call: Call, wanted: int) -> Ready:
        self._watch(call.event_loop)
        self._call = call
        writing = wanted & Wait.W
        if writing:
            call.event_loop.add_writer(self._descriptor, self._ready, Ready.W)
        try:
            try:
                return call.suspend()  # type: ignore[no-any-return]
            finally:
                self._call = None
                if writing:
                    call.event_loop.remove_writer(self._descriptor)
        except BaseException as interruption:
            self._abandon(call, patient=isinstance(interruption, asyncio.CancelledError))
            raise

    def _watch(self, event_loop: asyncio.AbstractEventLoop) -> None:
        descriptor = self.pgconn.socket
        if self._loop is event_loop and self._descriptor == descriptor:
            return
        self._loop, self._descriptor = event_loop, descriptor
        # A connection that was closed behind our back may have left its number registered.
        event_loop.remove_reader(descriptor)
        # The registration outlives the request: it must not keep that one's context.
        Context().run(event_loop.add_reader, descriptor, self._ready, Ready.R)

    def _unwatch(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._descriptor)
            self._loop = None

    def _ready(self, ready: Ready) -> None:
        call = self._call
        if call is not None:
            self._call = None
            call.resume(ready)
        elif ready is Ready.R:
            # A notice, or the end of the connection: the next one to take it connects anew.
            try:
                self.pgconn.consume_input()
            except psycopg.OperationalError:
                self.close()

    def _abandon(self, call: Call, *, patient: bool) -> None:
        """Have the server stop working on a query that was interrupted, and close the connection.

        In this order: PgBouncer knows the query by the connection. `patient` False: without waiting for it.
        """
        try:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                with contextlib.suppress(psycopg.Error, RuntimeError):
                    cancelling = call.event_loop.run_in_executor(None, partial(_cancel, self.pgconn.get_cancel()))
                    if patient:
                        call.wait_at_most(cancelling, _CANCEL_TIMEOUT)
        finally:
            self.close()


def _cancel(request: Any) -> None:
    # The server may be gone, or the query done.
    with contextlib.suppress(psycopg.Error):
        request.cancel()


class Driver:
    """psycopg as Django's backend uses it (`DatabaseWrapper.Database`), but for the connections it makes."""

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)

    def connect(self, **parameters: Any) -> PatientConnection:
        """Connect; on a thread where the loop must go on meanwhile (names are resolved, several hosts tried)."""
        connect: Callable[[], PatientConnection] = partial(PatientConnection.connect, **parameters)
        call = current_call()
        if call is None:
            return connect()
        connecting: asyncio.Future[PatientConnection] = call.event_loop.run_in_executor(None, connect)
        try:
            return call.wait(connecting)  # type: ignore[no-any-return]
        except BaseException:
            connecting.add_done_callback(_close_unwanted)
            raise


def _close_unwanted(connecting: asyncio.Future[PatientConnection]) -> None:
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()
