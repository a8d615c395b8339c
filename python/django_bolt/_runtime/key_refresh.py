"""Keeping the public keys of issuers fresh while a server runs, on a thread of its own.

How keys are fetched is `auth.jwks`'s business, what is done with them the server's.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from django_bolt._runtime.backends import KeySource
from django_bolt.auth.jwks import KeysUnavailable, fetch_keys, shown

FIRST_WAIT = 5.0
"""Seconds that a server's start waits for the first keys."""
MISSING_PAUSE = 10.0
"""Seconds between two fetches that clients can cause, by tokens of unknown keys."""
RETRY = (1.0, 60.0)
"""Seconds before the first try after a failure, and before every try after many."""

logger = logging.getLogger("django_bolt.auth")


class Holder(Protocol):
    """What is used of a `_core.App`."""

    def set_keys(self, backend: int, keys: bytes, /) -> int:
        """Replace the keys of a backend."""
        ...

    def wait_for_missing_keys(self, seconds: float, /) -> list[int]:
        """Wait until tokens name keys that backends do not have."""
        ...

    def wake(self) -> None:
        """End that wait."""
        ...


class Refresh:
    """One source and when it is asked next."""

    def __init__(self, app: Holder, source: KeySource, stopped: threading.Event) -> None:
        self._app = app
        self._stopped = stopped
        self.source = source
        self.due = time.monotonic()
        self._asked = 0.0
        self._failures = 0

    def run(self) -> None:
        """Fetch the keys; those that are there stay where that fails."""
        self._asked = time.monotonic()
        try:
            keys = fetch_keys(url=self.source.url, issuer=self.source.issuer)
            count = self._app.set_keys(self.source.backend, keys)
        except (KeysUnavailable, ValueError) as error:
            self._failed(error)
        else:
            if self._failures:
                logger.info("Keys of %s are there again (%d)", self._name(), count)
            self._failures = 0
            # Not all processes at once.
            self.due = time.monotonic() + self.source.interval * random.uniform(0.9, 1)  # noqa: S311  # no secret

    def _failed(self, error: Exception) -> None:
        # A server that ends needs no keys any more, and its issuer may be gone first.
        if not self._failures and not self._stopped.is_set():
            logger.warning("Keys of %s cannot be had, the ones known stay: %s", self._name(), error)
        first, most = RETRY
        self.due = time.monotonic() + min(first * 2 ** min(self._failures, 10), most, self.source.interval)
        self._failures += 1

    def missed(self) -> None:
        """Ask sooner: a token names a key that is not there."""
        if not self._failures:
            self.due = min(self.due, self._asked + MISSING_PAUSE)

    def _name(self) -> str:
        return shown(self.source.url or self.source.issuer or "")


class KeyRefresher:
    """The thread."""

    def __init__(self, app: Holder, sources: Sequence[KeySource]) -> None:
        self._app = app
        self._stopped = threading.Event()
        self._refreshes = {source.backend: Refresh(app, source, self._stopped) for source in sources}
        self._first = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bolt-keys", daemon=True)

    def start(self) -> None:
        """Begin, and wait a little for the first keys."""
        if self._refreshes:
            self._thread.start()
            self._first.wait(FIRST_WAIT)

    def stop(self) -> None:
        """End; a fetch that is under way is left alone."""
        self._stopped.set()
        self._app.wake()

    def _run(self) -> None:
        while not self._stopped.is_set():
            for refresh in self._refreshes.values():
                if refresh.due <= time.monotonic() and not self._stopped.is_set():
                    self._attempt(refresh)
            self._first.set()
            soonest = min(refresh.due for refresh in self._refreshes.values())
            for backend in self._app.wait_for_missing_keys(max(0.0, soonest - time.monotonic())):
                if backend in self._refreshes:
                    self._refreshes[backend].missed()

    def _attempt(self, refresh: Refresh) -> None:
        try:
            refresh.run()
        except Exception:
            # Nothing that goes wrong here may end the thread: nobody would see it until keys are replaced.
            logger.exception("Refreshing keys failed")
            refresh.due = time.monotonic() + RETRY[1]


@contextlib.contextmanager
def refreshed_keys(app: Holder, sources: Sequence[KeySource]) -> Iterator[None]:
    """Keep the keys of an application's backends fresh for the length of the block."""
    refresher = KeyRefresher(app, sources)
    refresher.start()
    try:
        yield
    finally:
        refresher.stop()
