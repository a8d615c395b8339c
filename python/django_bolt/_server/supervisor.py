"""The process that `runbolt` started, once it serves: its signals, its workers, and the generations after them.

It imports no project code and answers no request. How a worker is forked and watched is the business of `workers`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import CommandError

from django_bolt import conf
from django_bolt._server.generation import Generation, Parent
from django_bolt._server.notify import notify
from django_bolt._server.worker_process import STOP_HOOKS, Post
from django_bolt._server.workers import FIRST_DELAY, LONGEST_DELAY, Member, Workers

__all__ = ["WorkerFailed", "supervise"]

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD)
MARGIN = 2.0
"""Seconds that a generation gets to end behind the last of its workers."""

logger = logging.getLogger("django_bolt.server")


class WorkerFailed(CommandError):
    """No worker could start."""


def supervise(
    configuration: conf.Configuration,
    listener: socket.socket,
    parent: Parent | None,
    *,
    memory: int | None,
    run: Callable[[Post], int],
    announce: Callable[[], None],
) -> None:
    """Serve by forked workers, each of which is `run(post)`, until told to stop.

    `memory` is the descriptor of what later generations go on counting in. `announce()` is called when signals are
    heeded and nothing is forked yet. Raises `WorkerFailed` where a worker ends before any has served.
    """
    supervisor = Supervisor(configuration, listener, parent, memory, run)
    with supervisor.signals():
        announce()
        supervisor.supervise()


class Supervisor:
    """Waits for signals, for what its processes say, and for the next deadline; never for anything else."""

    def __init__(
        self,
        configuration: conf.Configuration,
        listener: socket.socket,
        parent: Parent | None,
        memory: int | None,
        run: Callable[[Post], int],
    ) -> None:
        self._configuration = configuration
        self._listener = listener
        self._memory = memory
        self._parent = parent
        self._selector = selectors.DefaultSelector()
        self._wakeup, self._woken = socket.socketpair()
        self._workers = Workers(configuration, run=run, joined=self._joined, left=self._left, forget=self._forget)
        self._ready = False
        self._stopping = False
        self._number = 1
        self._current: Generation | None = None
        """The generation that serves; `None`: the workers of this process do."""
        self._incoming: Generation | None = None
        self._outgoing: list[Generation] = []
        self._again = False
        """Whether a reload was asked for that had to wait."""
        self._losses = 0
        self._due: float | None = None
        """When a generation is started for one that was lost."""
        for end in (self._wakeup, self._woken):
            end.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._signalled)
        if parent is not None:
            parent.channel.setblocking(False)
            self._selector.register(parent.channel, selectors.EVENT_READ, lambda: self._orphaned(parent))

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Receive the signals of a server for the length of the block."""
        before = {number: signal.signal(number, self._note) for number in SIGNALS}
        if self._parent is not None:
            # A terminal sends them to every process of the group; the first supervisor's word counts.
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
        wakeup = signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._forget()

    @staticmethod
    def _note(*_: Any) -> None:
        """Let the signal be: its number is in the wake-up socket."""

    def _forget(self) -> None:
        """Close what is this process's alone."""
        self._selector.close()
        if self._memory is not None:
            os.close(self._memory)
        self._wakeup.close()
        self._woken.close()
        if self._parent is not None:
            self._parent.channel.close()
        for generation in self._generations():
            generation.channel.close()

    def _generations(self) -> list[Generation]:
        return [found for found in (self._current, self._incoming, *self._outgoing) if found is not None]

    def supervise(self) -> None:
        """Start the workers, and go on until everything has ended."""
        self._workers.start()
        while not self._stopping or self._workers.members or self._generations():
            for key, _ in self._selector.select(self._pause()):
                key.data()
            self._tick()
            if self._workers.failed is not None and not self._stopping:
                self._kill()
        if self._workers.failed is not None:
            raise WorkerFailed(f"{self._workers.failed} The reason is above; nothing is served.")

    def _pause(self) -> float | None:
        times = [generation.deadline for generation in self._generations() if generation.deadline is not None]
        times += [due for due in (self._workers.next_due(), self._due) if due is not None]
        due = min(times, default=float("inf"))
        return None if due == float("inf") else max(0.0, due - time.monotonic())

    def _tick(self) -> None:
        self._workers.tick()
        now = time.monotonic()
        for generation in self._generations():
            if generation.deadline is not None and generation.deadline <= now:
                if generation is self._incoming and not self._stopping:
                    logger.error("Generation %d did not serve in time.", generation.number)
                generation.kill()
        if self._due is not None and self._due <= now:
            self._due = None
            self._reload()

    # What its processes say

    def _joined(self, member: Member) -> None:
        self._selector.register(member.channel, selectors.EVENT_READ, lambda: self._heard(member))

    def _left(self, member: Member) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(member.channel)

    def _heard(self, member: Member) -> None:
        self._workers.heard(member)
        if self._workers.ready and not self._ready:
            self._ready = True
            if self._parent is None:
                notify("READY")
                self._reload_again()
            else:
                self._parent.tell_ready()

    def _orphaned(self, parent: Parent) -> None:
        # It never says anything: this is its end.
        self._selector.unregister(parent.channel)
        self._stop()

    def _generation_heard(self, generation: Generation) -> None:
        if not generation.heard():
            self._selector.unregister(generation.channel)
        if generation is self._incoming and generation.ready:
            self._promote(generation)

    # What it is told

    def _signalled(self) -> None:
        for number in self._woken.recv(4096):
            if number == signal.SIGCHLD:
                self._reap()
            elif number == signal.SIGQUIT:
                self._kill()
            elif number == signal.SIGHUP:
                self._reload()
            elif number in (signal.SIGTERM, signal.SIGINT):
                # A service manager sends SIGTERM to every process: a generation hears it twice.
                if self._stopping and self._parent is None:
                    self._kill()
                else:
                    self._stop()

    def _stop(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        # Once its workers have let go of it too, the next connection is refused, and does not wait for nobody.
        self._listener.close()
        if self._parent is None:
            notify("STOPPING")
        self._workers.drain()
        if self._incoming is not None:
            self._incoming.kill()
        for generation in (self._current, *self._outgoing):
            if generation is not None:
                self._end(generation)

    def _kill(self) -> None:
        self._stopping = True
        self._workers.kill()
        for generation in self._generations():
            generation.end(signal.SIGQUIT, MARGIN)

    def _end(self, generation: Generation) -> None:
        generation.end(signal.SIGTERM, self._configuration.graceful_timeout + STOP_HOOKS + MARGIN)

    # Generations

    def _reload(self) -> None:
        if self._stopping:
            return
        if self._incoming is not None or not self._ready:
            self._again = True
            return
        self._number += 1
        notify("RELOADING")
        logger.info("Generation %d starts.", self._number)
        try:
            generation = Generation(self._number, self._listener, self._memory)
        except OSError as error:
            self._refused(f"Generation {self._number} could not be started: {error}.")
            return
        self._incoming = generation
        self._selector.register(generation.channel, selectors.EVENT_READ, lambda: self._generation_heard(generation))

    def _promote(self, generation: Generation) -> None:
        """Let a generation that serves take over."""
        before, self._current, self._incoming = self._current, generation, None
        self._losses = 0
        if before is not None:
            self._outgoing.append(before)
            self._end(before)
        else:
            self._workers.drain()
        logger.info("Generation %d (process %d) serves.", generation.number, generation.process.pid)
        notify("READY")
        self._reload_again()

    def _refused(self, reason: str) -> None:
        """Say why there is no new generation; what served before goes on."""
        if self._current is None and self._number > 1 and self._losses:
            logger.error("%s Nothing is served.", reason)
            self._retry()
        else:
            logger.error("%s What served before goes on.", reason)
            notify("READY")
            self._reload_again()

    def _reload_again(self) -> None:
        if self._again:
            self._again = False
            self._reload()

    def _retry(self) -> None:
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(self._losses, 30))
        self._losses += 1
        self._due = time.monotonic() + delay

    def _reap(self) -> None:
        self._workers.reap()
        for generation in self._generations():
            if generation.process.poll() is not None:
                self._lost(generation)

    def _lost(self, generation: Generation) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(generation.channel)
        generation.channel.close()
        code = generation.process.returncode
        if generation is self._incoming:
            self._incoming = None
            if not self._stopping:
                self._refused(f"Generation {generation.number} ended with status {code} before it served.")
        elif generation is self._current:
            self._current = None
            if not self._stopping:
                logger.error("Generation %d ended with status %d; another starts.", generation.number, code)
                self._retry()
        else:
            self._outgoing.remove(generation)
