"""What `runbolt --dev` warns of while it serves: queries made again and again, code that keeps the event loop."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.postgresql import PostgreSQL
from tests.server.harness import PROJECT, Server, eventually

ROUTES = """
import asyncio
import time

from asgiref.sync import sync_to_async
from django.db import transaction
from shop.models import Item

from django_bolt import BoltAPI

api = BoltAPI(prefix="/dev")


async def find(number: int) -> int:
    return await Item.objects.filter(pk=number).acount()  # the asynchronous query


@api.get("/async")
async def asynchronous(times: int = 11) -> int:
    return sum([await find(number) for number in range(times)])


@api.get("/async-twice")
async def twice() -> int:
    for _ in range(2):
        await asyncio.gather(*(find(number) for number in range(4)))
    return 0


def count(number: int) -> int:
    return Item.objects.filter(pk=number).count()  # the blocking query


@api.get("/def")
def blocking(times: int = 11) -> int:
    return sum(count(number) for number in range(times))


class Counting:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        for number in range(11):
            Item.objects.filter(pk=number).exists()  # the query of middleware
        return self.get_response(request)


through = BoltAPI(django_middleware=[Counting])
api.mount("/through", through)


@through.get("/def")
def behind_middleware() -> int:
    return 0


@through.get("/async")
async def behind_middleware_as_well() -> int:
    return 0


@api.get("/threads")
async def threads() -> int:
    return await sync_to_async(lambda: sum(count(number) for number in range(11)))()


@api.get("/transaction")
async def inside() -> int:
    async with transaction.atomic():
        return sum([await find(number) for number in range(11)])


@api.get("/prefetched")
async def prefetched() -> int:
    return len([item async for item in Item.objects.filter(pk__in=range(50))])


@api.get("/sleep")
async def sleep() -> int:
    await asyncio.sleep(0)
    time.sleep(0.4)  # sleeps on the loop
    return 0


@api.get("/sleep-again")
async def again() -> int:
    time.sleep(0.4)
    return 0


@api.get("/sleep-at-once")
async def at_once() -> int:
    time.sleep(0.4)  # sleeps before any await
    return 0


@api.get("/work")
async def work() -> int:
    end = time.monotonic() + 0.4
    while time.monotonic() < end:
        pass
    return 0


@api.get("/sleep-def")
def sleep_def() -> int:
    time.sleep(0.4)
    return 0


@api.get("/sleep-async")
async def sleep_async() -> int:
    await asyncio.sleep(0.4)
    return 0


@api.get("/steps")
async def steps() -> int:
    for _ in range(40):
        time.sleep(0.01)
        await asyncio.sleep(0)
    return 0
"""
BLOCKED = "kept the event loop for more than 100 ms"
REPEATED = "ran the same query more than 10 times in one request"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with routes that are slow in every way."""
    copy = tmp_path_factory.mktemp("dev") / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "shop" / "bolt_api.py").write_text(ROUTES)
    return copy


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Server]:
    """It, served with `--dev`."""
    with Server(tmp_path_factory.mktemp("server"), "--dev", "127.0.0.1:0", project=project).migrate() as running:
        yield running


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(ROUTES.splitlines(), 1) if text in line)


def warnings(text: str, phrase: str) -> list[str]:
    return [line for line in text.splitlines() if phrase in line]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("async", "the asynchronous query"),
        ("transaction", "the asynchronous query"),
        ("def", "the blocking query"),
        ("threads", "the blocking query"),
    ],
)
def test_a_query_made_again_and_again_is_told_of_once(dev: Server, path: str, query: str) -> None:
    with dev.log_of() as written:
        for _ in range(3):
            assert dev.get(f"/dev/{path}").status == 200
        (line,) = warnings(written(), REPEATED)
    assert line.startswith("LOG WARNING django_bolt GET /dev/" + path)
    assert f"shop/bolt_api.py:{line_of(query)}: SELECT COUNT(*)" in line
    assert "prefetch_related()" in line


@pytest.mark.parametrize("path", ["through/def", "through/async"])
def test_queries_of_middleware_are_its_route_s(dev: Server, path: str) -> None:
    with dev.log_of() as written:
        assert dev.get(f"/dev/{path}").status == 200
        (line,) = warnings(written(), REPEATED)
    assert line.startswith("LOG WARNING django_bolt GET /dev/" + path)
    assert f"shop/bolt_api.py:{line_of('the query of middleware')}: SELECT " in line


def test_queries_that_wait_without_a_thread_are_counted_as_well(
    tmp_path: Path, project: Path, postgresql: PostgreSQL, make_database: Callable[[], str]
) -> None:
    databases = {"default": postgresql.settings(make_database())}
    directory = tmp_path / "server"
    with Server(directory, "--dev", "127.0.0.1:0", project=project, databases=databases).migrate() as server:
        for path in ("async", "transaction", "prefetched"):
            assert server.get(f"/dev/{path}").status == 200
        # One connection serves one request after the other; the counts are each request's own.
        assert server.get("/dev/async?times=10").status == 200
        eventually(lambda: len(warnings(server.log(), REPEATED)) == 2)
        place = f"shop/bolt_api.py:{line_of('the asynchronous query')}: SELECT COUNT(*)"
        assert all(place in line for line in warnings(server.log(), REPEATED))


@pytest.mark.parametrize("path", ["prefetched", "async?times=10", "def?times=10", "async-twice"])
def test_queries_that_are_few_in_each_request_are_fine(dev: Server, path: str) -> None:
    with dev.log_of() as written:
        for _ in range(3):
            assert dev.get(f"/dev/{path}").status == 200
        assert warnings(written(), REPEATED) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("sleep", "sleeps on the loop"),
        ("sleep-at-once", "sleeps before any await"),
        ("work", "while time.monotonic() < end"),
    ],
)
def test_code_that_keeps_the_loop_is_told_of_with_its_stack(dev: Server, path: str, code: str) -> None:
    with dev.log_of() as written:
        assert dev.get(f"/dev/{path}").status == 200
        eventually(lambda: BLOCKED in written())
        text = written()
        (line,) = warnings(text, BLOCKED)
        assert line.startswith(f"LOG WARNING django_bolt GET /dev/{path} kept")
        # Which of the loop's two lines is seen is chance.
        lines = (line_of(code), line_of(code) + 1)
        assert any(f'shop/bolt_api.py", line {number}' in text for number in lines)


def test_a_place_is_told_of_once(dev: Server) -> None:
    dev.get("/dev/sleep-again")
    time.sleep(0.1)
    with dev.log_of() as written:
        assert dev.get("/dev/sleep-again").status == 200
        assert BLOCKED not in written()


@pytest.mark.parametrize("path", ["sleep-def", "sleep-async", "steps"])
def test_what_leaves_the_loop_free_is_fine(dev: Server, path: str) -> None:
    with dev.log_of() as written:
        assert dev.get(f"/dev/{path}").status == 200
        assert BLOCKED not in written()


def test_production_warns_of_nothing(tmp_path: Path, project: Path) -> None:
    with Server(tmp_path / "server", "127.0.0.1:0", project=project).migrate() as server:
        for path in ("def", "sleep", "async"):
            assert server.get(f"/dev/{path}").status == 200
        time.sleep(0.1)
        assert REPEATED not in server.log()
        assert BLOCKED not in server.log()
