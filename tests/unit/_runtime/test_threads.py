"""The worker's threads: as many as there is work for, and no more calls in line than may wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from django_bolt._runtime.threads import Threads
from django_bolt.exceptions import ServiceUnavailable

PATIENCE = 10


@pytest.fixture
def make() -> Iterator[Callable[..., Threads]]:
    made = []

    def threads(*, size: int, queue: int = 100) -> Threads:
        made.append(Threads(size=size, queue=queue, before=lambda: None, after=lambda: None))
        return made[-1]

    yield threads
    for one in made:
        one.close()


def test_calls_that_block_run_side_by_side(make: Callable[..., Threads]) -> None:
    threads = make(size=8)
    together = threading.Barrier(9)
    for _ in range(2):
        for _ in range(8):
            threads.submit(lambda: together.wait(PATIENCE) and None)
        together.wait(PATIENCE)


def test_a_burst_of_short_calls_needs_few_threads(make: Callable[..., Threads]) -> None:
    threads = make(size=8)
    names, done = set(), threading.Semaphore(0)

    def note() -> None:
        names.add(threading.current_thread().name)
        done.release()

    for _ in range(8):
        threads.submit(note)
        assert done.acquire(timeout=PATIENCE)
        # So that it sleeps again: one that is awake is given the next call.
        time.sleep(0.01)
    assert len(names) == 1


def test_one_too_many_is_refused_and_room_comes_back(make: Callable[..., Threads]) -> None:
    threads = make(size=2, queue=1)
    free, begun, done = threading.Event(), threading.Semaphore(0), threading.Semaphore(0)

    def hold() -> None:
        begun.release()
        free.wait(PATIENCE)
        done.release()

    for _ in range(2):
        threads.submit(hold)
    for _ in range(2):
        assert begun.acquire(timeout=PATIENCE)
    threads.submit(hold)
    with pytest.raises(ServiceUnavailable):
        threads.submit(hold)
    free.set()
    for _ in range(3):
        assert done.acquire(timeout=PATIENCE)
    threads.submit(hold)
    assert done.acquire(timeout=PATIENCE)


def test_a_call_may_wait_for_another_one(make: Callable[..., Threads]) -> None:
    threads = make(size=2)
    inner, outer = threading.Event(), threading.Event()

    def ask() -> None:
        threads.submit(inner.set)
        if inner.wait(PATIENCE):
            outer.set()

    threads.submit(ask)
    assert outer.wait(PATIENCE)


def test_closing_ends_all_of_them_behind_their_work(make: Callable[..., Threads]) -> None:
    threads = make(size=3)
    free, done = threading.Event(), threading.Semaphore(0)
    workers: list[threading.Thread] = []

    def hold() -> None:
        workers.append(threading.current_thread())
        free.wait(PATIENCE)
        done.release()

    for _ in range(5):
        threads.submit(hold)
    threads.close()
    free.set()
    for _ in range(5):
        assert done.acquire(timeout=PATIENCE)
    for worker in set(workers):
        worker.join(PATIENCE)
        assert not worker.is_alive()


@pytest.mark.parametrize("error", [SystemExit(3), ZeroDivisionError()])
def test_a_thread_outlives_what_its_work_raises(
    make: Callable[..., Threads], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    told: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_value))

    def work() -> None:
        raise error

    threads, done = make(size=1), threading.Semaphore(0)
    for _ in range(3):
        threads.submit(work)
        threads.submit(done.release)
        assert done.acquire(timeout=PATIENCE)
    assert told == [error] * 3


def test_where_no_thread_can_be_started_work_is_refused_or_left_to_those_there_are(
    make: Callable[..., Threads], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads, ran = make(size=4), threading.Semaphore(0)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(ServiceUnavailable):
            threads.submit(ran.release)
    goes_on, busy = threading.Event(), threading.Event()

    def work() -> None:
        busy.set()
        goes_on.wait(PATIENCE)

    threads.submit(work)
    assert busy.wait(PATIENCE)
    monkeypatch.setattr(threading.Thread, "start", start)
    threads.submit(ran.release)
    goes_on.set()
    assert ran.acquire(timeout=PATIENCE)
    # What was refused did not run as well.
    assert not ran.acquire(blocking=False)
