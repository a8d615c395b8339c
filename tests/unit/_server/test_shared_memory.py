"""The memory of rate limits is that of the generation before, where it fits; and has one size for ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from django_bolt import BoltAPI, _core
from django_bolt._runtime.assemble import assemble
from django_bolt._runtime.worker import compile_app
from django_bolt._server.shared_memory import make, share

needs_memfd = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the system has no files in memory")


@pytest.fixture
def app() -> _core.App:
    return compile_app(assemble([BoltAPI()]))


@pytest.fixture
def other_app() -> _core.App:
    return compile_app(assemble([BoltAPI()]))


@pytest.fixture
def wrong_size() -> Iterator[int]:
    descriptor = make(4096)
    assert descriptor is not None
    yield descriptor
    with suppress(OSError):
        os.close(descriptor)


@needs_memfd
def test_a_later_generation_goes_on_in_the_same_memory(app: _core.App, other_app: _core.App) -> None:
    made = share(app, None)
    assert made is not None
    assert os.fstat(made).st_size == app.rate_limit_bytes()
    assert not os.get_inheritable(made)
    assert share(other_app, made) == made
    os.close(made)


@needs_memfd
def test_memory_cannot_shrink_under_those_who_use_it(app: _core.App) -> None:
    made = share(app, None)
    assert made is not None
    for size in (0, 4096, app.rate_limit_bytes() * 2):
        with pytest.raises(PermissionError):
            os.ftruncate(made, size)
    os.close(made)


@needs_memfd
def test_memory_of_another_size_is_not_used(app: _core.App, wrong_size: int) -> None:
    made = share(app, wrong_size)
    assert made is not None
    assert os.fstat(made).st_size == app.rate_limit_bytes()
    os.close(made)


@needs_memfd
def test_memory_that_holds_something_else_is_not_used(app: _core.App) -> None:
    foreign = make(app.rate_limit_bytes())
    assert foreign is not None
    os.pwrite(foreign, b"something else", 0)
    made = share(app, foreign)
    assert made is not None
    assert os.pread(made, 14, 0) != b"something else"
    os.close(made)


def test_without_files_in_memory_it_goes_along_with_a_fork(app: _core.App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert share(app, None) is None
    # It has its memory already.
    assert app.share_rate_limits(None) is False
