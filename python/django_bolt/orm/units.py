"""Units of work: what holds database connections, and for how long.

A unit is one call, one iteration or one transaction; nothing here may run a query.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    from django_bolt.orm.bridge import Bridge


class Lease(Protocol):
    """A thread held for a while."""

    def run(self, work: Callable[[], None], /) -> None:
        """Run `work` there, behind what it was given before."""
        ...

    def close(self) -> None:
        """Give the thread back once it has done what it was given."""
        ...


class Unit:
    """Holds at most one connection for each database until it is closed.

    A unit inside another one finds the other's connections first. `turn` is held by whoever uses the unit just now: a
    call, or for its whole length a transaction inside it (savepoints cannot be interleaved).
    """

    __slots__ = ("_connections", "_turn", "bridge", "lease", "open", "owner", "parent", "thread", "users")

    def __init__(self, bridge: Bridge, parent: Unit | None, lease: Lease | None = None) -> None:
        self.bridge = bridge
        self.parent = parent
        self.lease = lease
        """The thread that everything in the unit runs on; None: the loop's own."""
        self.open = True
        self.thread: threading.Thread | None = None
        """The thread that has the turn, where blocking code has it."""
        self.owner: object = None
        """The block that opened it."""
        self.users = 1
        """Iterations that need the unit; the last one closes it."""
        self._connections: dict[str, BaseDatabaseWrapper] | None = None
        self._turn: asyncio.Lock | None = None

    @property
    def turn(self) -> asyncio.Lock:
        """The lock of whoever uses the unit."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        return self._turn

    def find(self, alias: str) -> BaseDatabaseWrapper | None:
        """Return the connection that this unit or one around it holds."""
        unit: Unit | None = self
        while unit is not None:
            if unit.open and unit._connections is not None and alias in unit._connections:
                return unit._connections[alias]
            unit = unit.parent
        return None

    def connection(self, alias: str) -> BaseDatabaseWrapper:
        """Return the unit's connection, taken from its pool when it is first asked for."""
        found = self.find(alias)
        if found is None:
            found = self.bridge.pool(alias).take()
            if self._connections is None:
                self._connections = {}
            self._connections[alias] = found
        return found

    def hold(self, alias: str, connection: BaseDatabaseWrapper) -> None:
        """Have the connection of the unit's thread found by code of the unit that runs on the loop."""
        self._connections = {alias: connection}

    def release(self) -> None:
        """Give the connections back, but for the thread's, which stay with it."""
        held, self._connections = self._connections, None
        if held is not None and self.lease is None:
            for alias, connection in held.items():
                self.bridge.pool(alias).give(connection)

    def is_atomic(self) -> bool:
        """Return whether a transaction is open on a connection that the unit holds."""
        held = self._connections
        return held is not None and any(connection.in_atomic_block for connection in held.values())

    def within(self, other: Unit) -> bool:
        """Return whether this is `other` or inside it."""
        unit: Unit | None = self
        while unit is not None and unit is not other:
            unit = unit.parent
        return unit is not None


class Visit(Unit):
    """The unit of a call that cannot wait: what it finds nowhere it borrows, and it gives that back at its end."""

    __slots__ = ()

    def find(self, alias: str) -> BaseDatabaseWrapper | None:
        """Return the connection of a unit around this one, or a borrowed one."""
        found = super().find(alias)
        if found is None:
            found = self.bridge.pool(alias).borrow()
            self._connections = {**(self._connections or {}), alias: found}
        return found

    def release(self) -> None:
        """Give back what was borrowed."""
        held, self._connections = self._connections, None
        for alias, connection in (held or {}).items():
            self.bridge.pool(alias).give_back(connection)


UNIT: ContextVar[Any] = ContextVar("django_bolt_unit", default=None)
"""The innermost unit around the running code. Tasks made inside it inherit it; what is closed does not count."""


def current_unit(bridge: Bridge) -> Unit | None:
    """Return the innermost open unit around the running code."""
    unit: Unit | None = UNIT.get()
    while unit is not None and (not unit.open or unit.bridge is not bridge):
        unit = unit.parent
    return unit
