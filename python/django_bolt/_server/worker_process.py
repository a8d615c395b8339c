"""What a forked worker does besides serving: signs of life, retirement, its end when its supervisor is gone.

Requests are the business of `_runtime.worker`; who forks, and when, that of `workers`.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import logging
import mmap
import os
import random
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from django_bolt import conf

__all__ = ["READY", "RETIRE", "STOP_HOOKS", "Post", "last_sign", "run"]

READY = b"+"
"""A worker serves."""
RETIRE = b"-"
"""A worker wants to be replaced."""
STOP_HOOKS = 5.0
"""Seconds that a worker's stop hooks get once its requests have had theirs."""
SLOT = struct.Struct("d")

logger = logging.getLogger("django_bolt.server")


class EventLoop(Protocol):
    """What is used of a worker's event loop."""

    def call_later(self, delay: float, callback: Callable[..., None], *arguments: Any) -> object:
        """Call back after so many seconds."""
        ...

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> object:
        """Call back in the loop, asked from any thread."""
        ...


class Serving(Protocol):
    """What is used of the worker that serves."""

    def requests(self) -> int:
        """Count the requests taken so far."""
        ...

    def stop(self) -> None:
        """Drain."""
        ...


Serve = Callable[[Callable[[Any, Any], None]], None]
"""Serves until told to stop; calls back with the event loop and the worker once it is about to accept."""


@dataclass(frozen=True)
class Post:
    """What joins a worker to its supervisor."""

    number: int
    channel: socket.socket
    """Carries `READY` and `RETIRE`; its end is the supervisor's end."""
    slot: mmap.mmap
    """Shared memory for the time of the last sign of life."""


def last_sign(slot: mmap.mmap) -> float:
    """Return when a worker last turned its loop, by the monotonic clock."""
    return float(SLOT.unpack_from(slot)[0])


def run(post: Post, configuration: conf.Configuration, serve: Serve, post_fork: Callable[[int], Any] | None) -> int:
    """Be a worker, from the fork to the exit status."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        # A terminal sends them to every process of the group; the supervisor's word counts.
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        # SIGABRT, the watchdog's, writes every thread's stack even where the GIL is never let go.
        faulthandler.enable()
    attendant = Attendant(post, configuration)
    attendant.watch_supervisor()
    try:
        if post_fork is not None:
            call_post_fork(post_fork, post.number)
        serve(attendant.started)
    except PostForkFailed:
        return 1
    except BaseException:
        logger.exception("Worker %d (process %d) failed", post.number, os.getpid())
        return 1
    finally:
        leave()
    return 0


class PostForkFailed(Exception):
    """The project's `post_fork` raised; already logged."""


def call_post_fork(post_fork: Callable[[int], Any], number: int) -> None:
    """Call the project's hook."""
    try:
        post_fork(number)
    except Exception as error:
        logger.exception('BOLT["POST_FORK"] raised %s in worker %d: %s', type(error).__name__, number, error)
        raise PostForkFailed from error


def leave() -> None:
    """Do what an interpreter does at its end for the project's sake, without waiting for its threads."""
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


class Attendant:
    """Speaks to the supervisor while the worker serves."""

    def __init__(self, post: Post, configuration: conf.Configuration) -> None:
        self._post = post
        self._patience = configuration.graceful_timeout + STOP_HOOKS
        self._pause = min(1.0, configuration.watchdog / 4) if configuration.watchdog else 1.0
        jitter = random.randint(0, configuration.max_requests_jitter)  # noqa: S311  # no secret
        self._most_requests = configuration.max_requests + jitter if configuration.max_requests else 0
        self._most_bytes = configuration.max_rss * 2**20
        self._retiring = False
        self._serving: tuple[EventLoop, Serving] | None = None

    def started(self, event_loop: EventLoop, worker: Serving) -> None:
        """Say that the worker serves, and begin to give signs of life."""
        self._serving = event_loop, worker
        self._beat(event_loop, worker)
        self._say(READY)

    def _beat(self, event_loop: EventLoop, worker: Serving) -> None:
        SLOT.pack_into(self._post.slot, 0, time.monotonic())
        if not self._retiring and self._is_worn(worker):
            self._retiring = True
            self._say(RETIRE)
        event_loop.call_later(self._pause, self._beat, event_loop, worker)

    def _is_worn(self, worker: Serving) -> bool:
        if self._most_requests and worker.requests() >= self._most_requests:
            return True
        return bool(self._most_bytes) and resident() >= self._most_bytes

    def _say(self, word: bytes) -> None:
        # A supervisor that is gone is noticed by the thread below.
        with contextlib.suppress(OSError):
            self._post.channel.send(word)

    def watch_supervisor(self) -> None:
        """End this process when the supervisor is gone, in order if that can be had."""
        threading.Thread(target=self._outlive, name="bolt-supervisor-watch", daemon=True).start()

    def _outlive(self) -> None:
        with contextlib.suppress(OSError):
            while self._post.channel.recv(64):
                pass
        if self._serving is not None:
            event_loop, worker = self._serving
            with contextlib.suppress(RuntimeError):
                event_loop.call_soon_threadsafe(worker.stop)
                time.sleep(self._patience)
        os._exit(1)


def resident() -> int:
    """Return the bytes of memory that this process has in use; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * mmap.PAGESIZE
    except OSError:
        return 0
