"""A warning for code that keeps the event loop: everybody else's requests wait meanwhile."""

from __future__ import annotations

import asyncio.events
import logging
import sys
import threading
import time
from types import FrameType

from django_bolt._runtime import worker
from django_bolt._server.dev.scope import Routes, caller_stack
from django_bolt._server.dev.source import Place, describe, project_part, stack_of
from django_bolt.orm.call import Runner

_logger = logging.getLogger("django_bolt")

LIMIT = 0.1
"""Seconds that one piece of code may keep the loop."""
INTERVAL = 0.02
ENTRIES = frozenset({worker.serve.__code__, worker.Host.run_until.__code__})
"""The code in which the thread waits for something to do."""
STEP = asyncio.events.Handle._run.__code__
CALL = Runner.run.__code__


class Watcher:
    """Looks at what the calling thread runs, from a thread of its own, and warns once for each place."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._thread = threading.get_ident()
        self._told: set[tuple[str, int]] = set()

    def start(self) -> None:
        """Watch for as long as the process lives."""
        threading.Thread(target=self._watch, name="bolt-dev-blocking", daemon=True).start()

    def _watch(self) -> None:
        piece: FrameType | None = None
        since, looks, warned = 0.0, 0, False
        while True:
            time.sleep(INTERVAL)
            stack = stack_of(sys._current_frames().get(self._thread))
            found = piece_of(stack)
            if found is None or found is not piece:
                piece, since, looks, warned = found, time.monotonic(), 0, False
            else:
                looks += 1
                # More than one look: a machine that stands still is no fault of the code.
                if not warned and looks > 2 and time.monotonic() - since > LIMIT - INTERVAL:
                    warned = True
                    self._warn(stack)
            del stack, found

    def _warn(self, stack: list[Place]) -> None:
        whole = [*around(stack), *stack]
        shown = project_part(whole) or whole[-5:]
        place = (shown[-1][0].f_code.co_filename, shown[-1][1])
        if place in self._told:
            return
        self._told.add(place)
        _logger.warning(
            "%s kept the event loop for more than %d ms, and every other request with it. Await what can be awaited, "
            "or make the handler a plain def, which runs on a thread.\n%s",
            self._routes.name(None, whole) or "Code outside a known route",
            LIMIT * 1000,
            describe(shown),
        )


def piece_of(stack: list[Place]) -> FrameType | None:
    """Return the frame that lives exactly as long as the piece of code that runs now; None where nothing runs."""
    codes = [frame.f_code for frame, _ in stack]
    if not codes or codes[-1] in ENTRIES:
        return None
    entry = max((index for index, code in enumerate(codes) if code in ENTRIES), default=-1) + 1
    if STEP in codes[entry:]:
        entry += codes[entry:].index(STEP)
    elif codes[entry] is CALL:
        # The greenlet stays; the call is what it runs.
        entry = min(entry + 1, len(codes) - 1)
    return stack[entry][0]


def around(stack: list[Place]) -> list[Place]:
    """Return the frames that entered a bridged call, whose own stack begins with it."""
    runner = stack[0][0].f_locals.get("self") if stack[0][0].f_code is CALL else None
    return caller_stack(runner) if isinstance(runner, Runner) else []
