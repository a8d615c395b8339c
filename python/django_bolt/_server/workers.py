"""The workers of one supervisor: forked, watched, replaced, drained.

Signals and generations are the business of `supervisor`; what a worker does after the fork, that of `worker_process`.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django_bolt import conf
from django_bolt._server.worker_process import READY, RETIRE, STOP_HOOKS, Post, last_sign

__all__ = ["Member", "Workers"]

YOUNG = 10.0
"""A worker that dies before it is so many seconds old is not replaced at once."""
FIRST_DELAY, LONGEST_DELAY = 0.1, 30.0
STACKS = 1.0
"""Seconds that a worker gets to write its stacks."""
TICK = 1.0
"""Seconds between two looks at the signs of life."""

logger = logging.getLogger("django_bolt.server")


@dataclass(eq=False)
class Member:
    """One worker process."""

    number: int
    pid: int
    channel: socket.socket
    slot: mmap.mmap
    born: float
    ready: bool = False
    retiring: bool = False
    """It asked to be replaced."""
    draining: bool = False
    """It was told to end."""
    deadline: float | None = None
    """When it is killed."""

    def signal(self, number: int) -> None:
        """Send a signal; the process is known to be there until it is reaped."""
        os.kill(self.pid, number)


class Workers:
    """`configuration.processes` workers, each in its place (number), from `start()` to `drain()` or `kill()`.

    `run(post)` is a worker's life in the forked process and returns its exit status; `joined(member)` and
    `left(member)` are told about channels to listen to; `forget()` closes in a worker what is the supervisor's alone.
    """

    def __init__(
        self,
        configuration: conf.Configuration,
        *,
        run: Callable[[Post], int],
        joined: Callable[[Member], None],
        left: Callable[[Member], None],
        forget: Callable[[], None],
    ) -> None:
        self._configuration = configuration
        self._run, self._joined, self._left, self._forget = run, joined, left, forget
        self._due: dict[int, float] = {}
        self._deaths: dict[int, int] = {}
        self._looked = time.monotonic()
        self._awake = self._looked
        self._stopping = False
        self.members: list[Member] = []
        self.served = False
        """Whether one of them ever served."""
        self.failed: str | None = None
        """Why the first of them did not, once one ended before any served."""

    @property
    def ready(self) -> bool:
        """Whether every place has a worker that serves."""
        return len({member.number for member in self.members if member.ready}) == self._configuration.processes

    def start(self) -> None:
        """Fork one worker for each place."""
        for number in range(1, self._configuration.processes + 1):
            self._fork(number)

    def heard(self, member: Member) -> None:
        """Read what a worker says."""
        try:
            words = member.channel.recv(64)
        except OSError:
            words = b""
        if not words:
            # Its end is reported by the system as well, which is what counts.
            self._left(member)
        if READY in words:
            self._is_ready(member)
        if RETIRE in words and not (member.draining or self._stopping):
            member.retiring = True
            logger.info("Worker %d (process %d) retires.", member.number, member.pid)
            self._fork(member.number)

    def _is_ready(self, member: Member) -> None:
        member.ready = self.served = True
        for other in self.members:
            if other.retiring and other.number == member.number and other is not member:
                self._drain(other)

    def reap(self) -> None:
        """Take note of the workers that have ended."""
        for member in list(self.members):
            pid, status = os.waitpid(member.pid, os.WNOHANG)
            if pid:
                self._ended(member, os.waitstatus_to_exitcode(status))

    def _ended(self, member: Member, code: int) -> None:
        self.members.remove(member)
        self._left(member)
        member.channel.close()
        member.slot.close()
        if member.draining or self._stopping:
            return
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with status {code}"
        if not self.served:
            self.failed = f"Worker {member.number} ended {how} before it served."
            return
        if any(other.number == member.number and not (other.retiring or other.draining) for other in self.members):
            return
        now = time.monotonic()
        deaths = self._deaths.get(member.number, 0) + 1 if now - member.born < YOUNG else 0
        self._deaths[member.number] = deaths
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(deaths - 1, 30)) if deaths else 0.0
        self._due[member.number] = now + delay
        when = f"in {delay:g} s" if delay else "now"
        logger.error("Worker %d (process %d) ended %s; another starts %s.", member.number, member.pid, how, when)

    def tick(self) -> None:
        """Do what is due: start workers, look for signs of life, kill what had its time."""
        now = time.monotonic()
        if now - self._looked > 4 * TICK:
            # This process did not run itself (SIGSTOP, a suspended machine): its workers may not have either.
            self._awake = now
        self._looked = now
        for number in [number for number, due in self._due.items() if due <= now]:
            del self._due[number]
            self._fork(number)
        for member in self.members:
            if member.deadline is not None:
                if member.deadline <= now:
                    self._kill(member)
            elif self._is_silent(member, now):
                self._abort(member, now)

    def _is_silent(self, member: Member, now: float) -> bool:
        watchdog = self._configuration.watchdog
        return bool(watchdog) and member.ready and now - max(last_sign(member.slot), self._awake) > watchdog

    def _abort(self, member: Member, now: float) -> None:
        watchdog = self._configuration.watchdog
        logger.critical(
            "Worker %d (process %d) did not turn its loop for %g s: it is ended. Its stacks:",
            *(member.number, member.pid, watchdog),
        )
        member.signal(signal.SIGABRT)
        member.deadline = now + STACKS

    def _kill(self, member: Member) -> None:
        if member.draining:
            logger.warning(
                "Worker %d (process %d) did not end in time: it is killed, with the requests it had.",
                *(member.number, member.pid),
            )
        member.signal(signal.SIGKILL)
        member.deadline = float("inf")

    def next_due(self) -> float | None:
        """Return when `tick()` has something to do, by the monotonic clock; `None`: never."""
        times = [*self._due.values()]
        times += [member.deadline for member in self.members if member.deadline is not None]
        if self._configuration.watchdog and self.members:
            times.append(self._looked + TICK)
        return min(times, default=None)

    def drain(self) -> None:
        """Let every worker finish what it has in hand, and end."""
        self._stopping = True
        self._due.clear()
        for member in self.members:
            self._drain(member)

    def _drain(self, member: Member) -> None:
        if not member.draining:
            member.draining = True
            member.deadline = time.monotonic() + self._configuration.graceful_timeout + STOP_HOOKS
            member.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End every worker at once."""
        self._stopping = True
        self._due.clear()
        for member in self.members:
            member.draining, member.deadline = True, float("inf")
            member.signal(signal.SIGKILL)

    def _fork(self, number: int) -> None:
        ours, theirs = socket.socketpair()
        slot = mmap.mmap(-1, mmap.PAGESIZE)
        flush((sys.stdout, sys.stderr))
        # A signal for the worker waits until it has let go of the supervisor's handlers.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if pid == 0:
                self._live(Post(number, theirs, slot), ours)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()
        ours.setblocking(False)
        member = Member(number, pid, ours, slot, time.monotonic())
        self.members.append(member)
        self._joined(member)

    def _live(self, post: Post, ours: socket.socket) -> None:
        """Live in the forked process, and never come back into the supervisor's stack."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            ours.close()
            for member in self.members:
                member.channel.close()
                member.slot.close()
            self._forget()
            status = self._run(post)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)


def flush(streams: Iterable[object]) -> None:
    """Write what is buffered, or two processes would write it."""
    for stream in streams:
        with contextlib.suppress(Exception):
            stream.flush()  # type: ignore[attr-defined]
