"""A handler's database work is part of the test's own transaction, whatever kind of test it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from django_bolt.testing import AsyncTestClient, TestClient
from tests.django.handlers import FAILURES, READS, WRITES, api, committed
from tests.testapp.models import Item


def check_reads(client: TestClient) -> None:
    """Every way of reading sees what the test created."""
    Item.objects.create(name="a")
    Item.objects.create(name="b")
    assert {path: client.get(path).json() for path in READS} == dict.fromkeys(READS, ["a", "b"])


def check_writes(client: TestClient) -> None:
    """The test sees what every way of writing wrote, and so does every way of reading."""
    for path in WRITES:
        answer = client.post(path, params={"name": path})
        assert Item.objects.get(pk=answer.json()).name == path
    assert {path: client.get(path).json() for path in READS} == dict.fromkeys(READS, sorted(WRITES))


def check_failures(client: TestClient) -> None:
    """What a handler's `atomic` rolls back is gone, and nothing else is."""
    Item.objects.create(name="kept")
    for path in FAILURES:
        with pytest.raises(LookupError, match="rolled back"):
            client.post(path, params={"name": "lost"})
    assert list(Item.objects.values_list("name", flat=True)) == ["kept"]


async def acheck(client: AsyncTestClient) -> None:
    """The same through the asynchronous client."""
    assert (await client.get("/read/async-for")).json() == []
    await Item.objects.acreate(name="a")
    for path in READS:
        assert (await client.get(path)).json() == ["a"], path
    for path in WRITES:
        answer = await client.post(path, params={"name": path})
        assert (await Item.objects.aget(pk=answer.json())).name == path
    expected = sorted(["a", *WRITES])
    answers = await asyncio.gather(*(client.get(path) for path in READS))
    assert {path: answer.json() for path, answer in zip(READS, answers, strict=True)} == dict.fromkeys(READS, expected)


class Checks:
    """The checks as tests of a Django test case."""

    def setUp(self) -> None:
        assert Item.objects.count() == 0

    def test_reads(self) -> None:
        with TestClient(api) as client:
            check_reads(client)

    def test_writes(self) -> None:
        with TestClient(api) as client:
            check_writes(client)

    def test_failures(self) -> None:
        with TestClient(api) as client:
            check_failures(client)

    async def test_async(self) -> None:
        async with AsyncTestClient(api) as client:
            await acheck(client)

    def test_queries_are_counted(self: Any) -> None:
        Item.objects.create(name="a")
        with TestClient(api) as client:
            for path in ("/read/async-for", "/read/def", "/read/inline", "/read/sync-to-async", "/read/dependency"):
                with self.assertNumQueries(1):
                    client.get(path)


class InTestCase(Checks, TestCase):
    """Inside Django's `TestCase`."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.made = Item.objects.create(name="class data")
        cls.made.delete()

    def test_on_commit_callbacks_are_captured(self) -> None:
        committed.clear()
        with TestClient(api) as client, self.captureOnCommitCallbacks(execute=True) as callbacks:
            client.post("/on-commit", params={"name": "a"})
        assert (len(callbacks), committed) == (1, ["a"])


class ClassData(TestCase):
    """Rows that a whole class shares."""

    @classmethod
    def setUpTestData(cls) -> None:
        Item.objects.create(name="shared")

    def test_it_is_seen_and_may_be_changed(self) -> None:
        with TestClient(api) as client:
            assert client.get("/read/def").json() == ["shared"]
            client.post("/write/acreate", params={"name": "mine"})
            assert client.get("/read/async-for").json() == ["mine", "shared"]

    def test_the_change_is_rolled_back(self) -> None:
        with TestClient(api) as client:
            assert client.get("/read/async-for").json() == ["shared"]
            client.post("/write/def", params={"name": "other"})


class InTransactionTestCase(Checks, TransactionTestCase):
    """Inside Django's `TransactionTestCase`, which commits."""

    def test_on_commit_callbacks_run(self) -> None:
        committed.clear()
        with TestClient(api) as client:
            client.post("/on-commit", params={"name": "a"})
        assert committed == ["a"]


class ClientOfTheClass(TestCase):
    """A client that lives as long as the class."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.bolt = cls.enterClassContext(TestClient(api))

    def test_one(self) -> None:
        check_reads(self.bolt)

    def test_two(self) -> None:
        check_reads(self.bolt)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(api) as client:
        yield client


@pytest.mark.django_db
@pytest.mark.parametrize("check", [check_reads, check_writes, check_failures])
def test_a_marked_test(check: Any, client: TestClient) -> None:
    assert Item.objects.count() == 0
    check(client)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("check", [check_reads, check_writes, check_failures])
def test_a_marked_test_that_commits(check: Any, client: TestClient) -> None:
    assert Item.objects.count() == 0
    check(client)


def test_the_db_fixture_asked_for_after_the_client(client: TestClient, db: None) -> None:
    check_reads(client)


@pytest.mark.django_db
async def test_an_async_marked_test() -> None:
    async with AsyncTestClient(api) as client:
        await acheck(client)


@pytest.mark.django_db(transaction=True)
async def test_an_async_marked_test_that_commits() -> None:
    async with AsyncTestClient(api) as client:
        await acheck(client)


@pytest.mark.django_db
async def test_the_body_of_an_async_test_is_in_its_transaction_before_the_first_request() -> None:
    async with AsyncTestClient(api):
        assert await sync_to_async(lambda: connection.in_atomic_block)()


@pytest.mark.django_db
async def test_an_async_test_found_nothing_of_the_others() -> None:
    async with AsyncTestClient(api) as client:
        assert (await client.get("/read/def")).json() == []


@pytest.fixture
async def async_client() -> AsyncIterator[AsyncTestClient]:
    async with AsyncTestClient(api) as client:
        yield client


@pytest.mark.django_db
async def test_an_async_client_from_a_fixture(async_client: AsyncTestClient) -> None:
    await acheck(async_client)


def test_without_access_the_database_is_refused(client: TestClient) -> None:
    for path in ("/read/async-for", "/read/def", "/read/inline", "/read/dependency"):
        with pytest.raises(RuntimeError, match="Database access not allowed"):
            client.get(path)


@pytest.mark.django_db
def test_queries_of_handlers_are_captured(client: TestClient) -> None:
    for path in READS:
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        assert len(captured) >= 1, path
        assert all("testapp_item" in query["sql"] for query in captured.captured_queries), path


@pytest.mark.django_db
def test_a_savepoint_of_the_test_around_a_request(client: TestClient) -> None:
    with transaction.atomic():
        client.post("/write/acreate", params={"name": "a"})
        client.post("/write/def", params={"name": "b"})
        transaction.set_rollback(True)
    assert client.get("/read/async-for").json() == []


@pytest.mark.django_db
def test_two_clients_share_the_test_s_transaction(client: TestClient) -> None:
    with TestClient(api) as other:
        client.post("/write/acreate", params={"name": "a"})
        assert other.get("/read/def").json() == ["a"]
        assert client.get("/read/sync-to-async").json() == ["a"]


@pytest.mark.django_db
def test_handlers_leave_the_test_s_connection_open_and_alone(client: TestClient) -> None:
    before = connection.connection
    client.post("/write/def", params={"name": "a"})
    client.get("/read/async-for")
    assert connection.connection is before
    assert connection.in_atomic_block
