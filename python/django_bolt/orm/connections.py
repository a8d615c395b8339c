"""Connections: a pool for each database of a worker, and what `django.db.connections` answers inside a bridged call.

Nothing here may know an engine (`sqlite` and `postgresql` do).
"""

from __future__ import annotations

import asyncio
import logging
import select
import threading
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

from django_bolt.orm.call import current_call
from django_bolt.orm.cursors import lent
from django_bolt.orm.units import UNIT, Unit
from django_bolt.orm.wait_queue import WaitQueue

_logger = logging.getLogger("django_bolt")

# Its `_connections`, in which it keeps them, is no part of its public face.
_handler: Any = connections


class Pool:
    """At most `size` connections at a time; `timeout` seconds is the longest wait for one.

    `make()` returns a connection, not opened yet. `keep` False: one that is given back is closed.
    """

    def __init__(
        self,
        event_loop: asyncio.AbstractEventLoop,
        *,
        make: Callable[[], BaseDatabaseWrapper],
        size: int,
        timeout: float,
        keep: bool = True,
    ) -> None:
        self._make = make
        self._free = size
        self._size = size
        self._keep = keep
        self._borrowed = 0
        self._idle: list[BaseDatabaseWrapper] = []
        self._waiting: WaitQueue[Pool] = WaitQueue(
            event_loop,
            timeout=timeout,
            refusal="no database connection became free in {:g} s".format,
            pass_on=lambda pool: pool._next(),
        )

    def take(self) -> BaseDatabaseWrapper:
        """Return a connection, the one used last if there is one; called from inside a `Call`.

        Raises `ServiceUnavailable` when none is given back in time.
        """
        if self._free == 0 or self._waiting:
            self._wait()
        else:
            self._free -= 1
        if not self._idle:
            return self._make()
        connection = self._idle.pop()
        if getattr(connection.connection, "closed", False):
            # The server ended it while nobody used it.
            connection.close()
        return connection

    def borrow(self) -> BaseDatabaseWrapper:
        """Return a connection without waiting: where all are in use, one more than there should be."""
        if self._free > 0 and not self._waiting:
            return self.take()
        self._borrowed += 1
        return self._make()

    def give_back(self, connection: BaseDatabaseWrapper) -> None:
        """Take back what was borrowed; what is one too many is closed."""
        if self._borrowed > 0:
            self._borrowed -= 1
            connection.close()
        else:
            self.give(connection)

    def give(self, connection: BaseDatabaseWrapper) -> None:
        """Take a connection back, in a state in which anybody can use it."""
        try:
            if tidy(connection, keep=self._keep):
                self._idle.append(connection)
        finally:
            self._next()

    def close(self) -> None:
        """Close the connections that nobody holds."""
        while self._idle:
            self._idle.pop().close()

    def _next(self) -> None:
        """Let the next one have the place of a connection that is back."""
        if self._waiting.grant() is None:
            self._free += 1

    def _wait(self) -> None:
        call = current_call()
        if call is None:
            raise RuntimeError("a connection is taken from inside a bridged call only")
        self._waiting.wait(call, self)


class OwnConnections(Pool):
    """The calling thread's own connection as a pool of one, so that a test's transaction is seen."""

    def __init__(self, event_loop: asyncio.AbstractEventLoop, alias: str, *, timeout: float) -> None:
        super().__init__(event_loop, make=lambda: thread_connection(alias), size=1, timeout=timeout)
        self._alias = alias

    def borrow(self) -> BaseDatabaseWrapper:
        """Return it, whoever is in the middle of using it: the code that asks cannot wait."""
        return thread_connection(self._alias)

    def give_back(self, connection: BaseDatabaseWrapper) -> None:
        """Leave it as it is."""

    def give(self, connection: BaseDatabaseWrapper) -> None:
        """Leave it as it is: it is the test's."""
        self._next()


def tidy(connection: BaseDatabaseWrapper, *, keep: bool = True) -> bool:
    """Close a connection that is too old or broken, or any unless `keep`; False when it cannot be used again at all.

    `CONN_MAX_AGE` above 0 is a maximum age, as Django has it. 0, Django's default, leaves the lifetime to whoever keeps
    the connection: a fresh one for every request doubles the cost of a query (310 → 625 µs).
    """
    connection.queries_log.clear()
    if connection.in_atomic_block:
        _logger.warning("A transaction was left open on %r; it is rolled back.", connection.alias)
        # Inside a transaction the handle stays with it when it is closed: nobody gets it again.
        connection.close()
        return False
    if not keep or getattr(connection.connection, "closed", False):
        connection.close()
    if connection.connection is None:
        return True
    if connection.settings_dict["CONN_MAX_AGE"] == 0:
        connection.close_at = None
    if _is_fine(connection):
        connection.health_check_done = False  # type: ignore[attr-defined]
    else:
        connection.close_if_unusable_or_obsolete()
    return True


def _is_fine(connection: Any) -> bool:
    """Tell whether Django's `close_if_unusable_or_obsolete()` would find nothing; it takes 0.7 µs to find that."""
    return (
        connection.close_at is None
        and not connection.errors_occurred
        and connection.autocommit is connection.settings_dict["AUTOCOMMIT"]
        and type(connection).close_if_unusable_or_obsolete is BaseDatabaseWrapper.close_if_unusable_or_obsolete
    )


def close_thread_connections(*, keep: bool) -> None:
    """Tidy the calling thread's connections behind a request; `keep` False closes them."""
    for connection in connections.all(initialized_only=True):
        # One of a driver's own pool goes back there: the pool may have fewer than there are threads.
        kept = keep and not connection.settings_dict["OPTIONS"].get("pool")
        if not tidy(connection, keep=kept):
            del connections[connection.alias]


def close_ended_connections() -> None:
    """Close those of the calling thread's connections whose server ended them while the thread was idle.

    Nobody watched them, and Django, by default, would not have kept them. A look at the socket takes 1 µs, a query
    (what `CONN_HEALTH_CHECKS` does) a round trip.
    """
    for connection in connections.all(initialized_only=True):
        fileno = getattr(connection.connection, "fileno", None)
        if fileno is not None and not connection.connection.closed and _is_readable(fileno()):
            connection.close()
        elif fileno is None:
            connection.health_check_enabled = True  # type: ignore[attr-defined]


def _is_readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def close_driver_pools() -> None:
    """Close the pools that drivers keep: psycopg's, left open, delays the end of the process by 5 s a thread."""
    for alias, settings in connections.settings.items():
        if settings["OPTIONS"].get("pool") and alias in getattr(connections[alias], "_connection_pools", ()):
            connections[alias].close_pool()  # type: ignore[attr-defined]


def unopened(alias: str, options: dict[str, Any]) -> Any:
    """Return a new, unopened connection of Django's backend with these `OPTIONS`, usable by any thread."""
    settings = connections.settings[alias]
    kind = lent(load_backend(settings["ENGINE"]).DatabaseWrapper)
    connection = kind({**settings, "OPTIONS": options}, alias)
    connection.inc_thread_sharing()
    return connection


GRANTED = threading.local()
"""`GRANTED.unit`: the unit whose connections the running thread may use."""


class Storage:
    """What `django.db.connections` keeps its connections in: Django's own, and in front of it the current unit's."""

    def __init__(self, own: Any) -> None:
        self.__dict__["_own"] = own

    def __getattr__(self, alias: str) -> Any:
        call = current_call()
        if call is not None:
            if alias not in connections.settings:
                raise AttributeError(alias)
            return call.unit.connection(alias)
        unit = _unit_of_this_code()
        if unit is not None:
            found = unit.find(alias)
            if found is not None:
                return found
        return getattr(self._own, alias)

    def __setattr__(self, alias: str, connection: Any) -> None:
        setattr(self._own, alias, connection)

    def __delattr__(self, alias: str) -> None:
        delattr(self._own, alias)


def _unit_of_this_code() -> Unit | None:
    granted: Unit | None = getattr(GRANTED, "unit", None)
    if granted is not None:
        return granted
    unit: Unit | None = UNIT.get()
    # On another loop or thread the context was merely inherited.
    if unit is not None and asyncio._get_running_loop() is unit.bridge.event_loop:
        return unit
    return None


def thread_connection(alias: str) -> BaseDatabaseWrapper:
    """Return the calling thread's own connection, whatever unit the running code belongs to."""
    storage = _handler._connections
    own = storage._own if isinstance(storage, Storage) else storage
    try:
        found: BaseDatabaseWrapper = getattr(own, alias)
    except AttributeError:
        found = connections.create_connection(alias)
        setattr(own, alias, found)
    return found


def install_storage() -> None:
    """Put `Storage` in front of Django's own; once."""
    if not isinstance(_handler._connections, Storage):
        _handler._connections = Storage(_handler._connections)
