"""Django's own means of a test see every query that handlers make, and nothing is left behind a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from django_bolt import BoltAPI
from django_bolt.testing import AsyncTestClient, TestClient
from tests.testapp.models import Item

api = BoltAPI()


@api.get("/await")
async def awaits() -> int:
    return await Item.objects.acount()


@api.get("/def")
def plain_def() -> int:
    return Item.objects.count()


@api.get("/inline", inline=True)
def inline() -> int:
    return Item.objects.count()


@api.get("/async-for")
async def async_for() -> int:
    return len([item async for item in Item.objects.all()])


@api.get("/aiterator")
async def aiterator() -> int:
    return len([item async for item in Item.objects.aiterator()])


@api.get("/gather")
async def gather() -> int:
    return sum(await asyncio.gather(Item.objects.acount(), Item.objects.acount())) // 2


@api.get("/write")
async def write() -> int:
    await Item.objects.acreate(name="a")
    return await Item.objects.acount()


@api.get("/write-def")
def write_def() -> int:
    Item.objects.create(name="a")
    return Item.objects.count()


@api.get("/atomic")
async def atomic() -> int:
    async with transaction.atomic():
        await Item.objects.acreate(name="a")
        return await Item.objects.acount()


QUERIES = {
    "/await": 1,
    "/def": 1,
    "/inline": 1,
    "/async-for": 1,
    "/aiterator": 1,
    "/gather": 2,
    "/write": 2,
    "/write-def": 2,
}
WRITES = {"/write", "/write-def", "/atomic"}
SAVEPOINT = ("SAVEPOINT", "INSERT INTO", "SELECT COUNT", "RELEASE SAVEPOINT")
TRANSACTION = ("BEGIN", "INSERT INTO", "SELECT COUNT", "COMMIT")


class Seen:
    """The statements that a wrapper around the test's connection saw."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __call__(self, execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        self.statements.append(sql)
        return execute(sql, *args)


def kinds(statements: list[str], expected: tuple[str, ...]) -> bool:
    return len(statements) == len(expected) and all(map(str.startswith, statements, expected))


class Checks:
    """The checks as tests of a Django test case."""

    around: tuple[str, ...]

    def setUp(self: Any) -> None:
        self.assertEqual(Item.objects.count(), 0)
        Item.objects.create(name="of the test")

    def test_assert_num_queries(self: Any) -> None:
        with TestClient(api) as client:
            for path, number in QUERIES.items():
                with self.assertNumQueries(number):
                    client.get(path)

    def test_captured_queries(self: Any) -> None:
        with TestClient(api) as client, CaptureQueriesContext(connection) as captured:
            self.assertEqual(client.get("/atomic").json(), 2)
        self.assertTrue(kinds([query["sql"] for query in captured], self.around), list(captured))

    def test_execute_wrapper(self: Any) -> None:
        for path, number in QUERIES.items():
            seen = Seen()
            with TestClient(api) as client, connection.execute_wrapper(seen):
                client.get(path)
            self.assertEqual(len(seen.statements), number, path)

    def test_a_wrapper_that_refuses(self: Any) -> None:
        def refuse(*_: Any) -> None:
            raise LookupError("no queries here")

        with TestClient(api) as client, connection.execute_wrapper(refuse):
            for path in QUERIES:
                with self.assertRaisesMessage(LookupError, "no queries here"):
                    client.get(path)

    def test_data_of_the_test_is_seen_and_of_handlers_in_the_test(self: Any) -> None:
        with TestClient(api) as client:
            found = 1
            for path in [*QUERIES, "/atomic"]:
                found += path in WRITES
                self.assertEqual(client.get(path).json(), found, path)
            self.assertEqual(Item.objects.count(), found)

    async def visit(self: Any) -> None:
        async with AsyncTestClient(api) as client:
            for path in QUERIES:
                self.assertEqual((await client.get(path)).status_code, 200, path)

    def test_queries_of_an_async_client(self: Any) -> None:
        seen = Seen()
        with CaptureQueriesContext(connection) as captured, connection.execute_wrapper(seen):
            async_to_sync(self.visit)()
        self.assertEqual(len(captured), sum(QUERIES.values()))
        self.assertEqual(len(seen.statements), sum(QUERIES.values()))

    async def test_data_in_an_asynchronous_test(self: Any) -> None:
        found = 1
        async with AsyncTestClient(api) as client:
            for path in [*QUERIES, "/atomic"]:
                found += path in WRITES
                self.assertEqual((await client.get(path)).json(), found, path)
        self.assertEqual(await Item.objects.acount(), found)


class InTestCase(Checks, TestCase):
    """Inside Django's `TestCase`: one transaction around each test."""

    around = SAVEPOINT


class InTransactionTestCase(Checks, TransactionTestCase):
    """Inside Django's `TransactionTestCase`, which commits."""

    around = TRANSACTION


@pytest.mark.django_db
async def test_queries_of_an_async_client_are_captured() -> None:
    """Where the test's loop runs on the test's thread, as with pytest-asyncio."""
    async with AsyncTestClient(api) as client:
        for path, number in QUERIES.items():
            captured = CaptureQueriesContext(connection)
            await sync_to_async(captured.__enter__)()
            await client.get(path)
            await sync_to_async(captured.__exit__)(None, None, None)
            assert await sync_to_async(len)(captured) == number, path


@pytest.mark.django_db
async def test_what_an_async_test_makes_is_seen() -> None:
    async with AsyncTestClient(api) as client:
        await Item.objects.acreate(name="of the test")
        assert [(await client.get(path)).json() for path in ("/await", "/def", "/inline")] == [1, 1, 1]
        assert (await client.get("/write")).json() == 2
        assert await Item.objects.acount() == 2


@pytest.mark.django_db
def test_nothing_is_left() -> None:
    assert Item.objects.count() == 0


@pytest.mark.django_db(databases=[])
def test_a_test_without_the_database_is_refused() -> None:
    with TestClient(api) as client:
        for path in QUERIES:
            with pytest.raises(AssertionError, match="Database queries to 'default' are not allowed"):
                client.get(path)
