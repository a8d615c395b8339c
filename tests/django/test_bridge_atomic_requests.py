"""`ATOMIC_REQUESTS`: handlers of every kind inside a transaction, in the test client and in servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.db import connection, connections

from django_bolt import BoltAPI
from django_bolt.testing import AsyncTestClient, TestClient
from tests.server.harness import Server, request
from tests.server.project.mysite.atomic_requests import make_router
from tests.testapp.models import Item

api = BoltAPI()
api.include_router(make_router(Item))


class Named(msgspec.Struct):
    """An item's name."""

    name: str


@api.get("/queryset/async", response_model=list[Named])
async def queryset() -> Any:
    return Item.objects.select_for_update().order_by("name")


@api.get("/queryset/async-with-status", response_model=list[Named])
async def queryset_with_status() -> Any:
    return Item.objects.select_for_update().order_by("name"), 200


@api.get("/queryset/def-with-status", response_model=list[Named])
def queryset_def_with_status() -> Any:
    return Item.objects.select_for_update().order_by("name"), 200, {"X-Many": "yes"}


@api.get("/queryset/def", response_model=list[Named])
def queryset_def() -> Any:
    return Item.objects.select_for_update().order_by("name")


@api.get("/queryset/inline", response_model=list[Named], inline=True)
def queryset_inline() -> Any:
    return Item.objects.select_for_update().order_by("name")


KINDS = {
    "async": ["a"],
    "unsuspended": ["a"],
    "def": ["a"],
    "inline": ["a"],
    "dependency": ["of the dependency"],
    "def-dependency": ["of the dependency"],
    "generator": ["a", "behind: False"],
}
"""The rows that each kind writes."""

ENDS = {"well": 200, "exception": 500, "http": 409, "not-modified": 304}


@pytest.fixture
def atomic_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)


@pytest.fixture
def client(transactional_db: None, atomic_requests: None) -> Iterator[TestClient]:
    with TestClient(api, raise_server_exceptions=False) as client:
        yield client


def expected(kind: str, how: str) -> list[str]:
    """Return the rows that are there after a handler ended so."""
    if how == "well":
        return KINDS[kind]
    # A generator that is left with an exception does not come behind its `yield`.
    return []


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_in_a_test_client(client: TestClient, kind: str, how: str) -> None:
    answer = client.post(f"/atomic-requests/{kind}", params={"how": how})
    assert answer.status_code == ENDS[how]
    if how == "well":
        assert answer.json() is True
    assert client.get("/atomic-requests").json() == expected(kind, how)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("kind", KINDS)
async def test_in_an_async_test_client(atomic_requests: None, kind: str, how: str) -> None:
    async with AsyncTestClient(api, raise_server_exceptions=False) as client:
        answer = await client.post(f"/atomic-requests/{kind}", params={"how": how})
        assert answer.status_code == ENDS[how]
        assert (await client.get("/atomic-requests")).json() == expected(kind, how)


@pytest.mark.parametrize("kind", ["async", "def"])
def test_non_atomic_requests(client: TestClient, kind: str) -> None:
    assert client.post(f"/atomic-requests/spared/{kind}", params={"how": "well"}).json() is False
    assert client.post(f"/atomic-requests/spared/{kind}", params={"how": "http"}).status_code == 409
    assert client.get("/atomic-requests").json() == ["a", "a"]


@pytest.mark.parametrize("kind", ["async", "def"])
def test_non_atomic_requests_of_another_database(client: TestClient, kind: str) -> None:
    assert client.post(f"/atomic-requests/spared-elsewhere/{kind}", params={"how": "well"}).json() is True
    assert client.post(f"/atomic-requests/spared-elsewhere/{kind}", params={"how": "http"}).status_code == 409
    assert client.get("/atomic-requests").json() == ["a"]


@pytest.mark.django_db(transaction=True)
def test_without_the_setting_nothing_is_wrapped() -> None:
    with TestClient(api, raise_server_exceptions=False) as client:
        for kind in ("async", "def", "inline"):
            assert client.post(f"/atomic-requests/{kind}", params={"how": "well"}).json() is False
            assert client.post(f"/atomic-requests/{kind}", params={"how": "exception"}).status_code == 500
        assert client.get("/atomic-requests").json() == ["a"] * 6


@pytest.mark.parametrize("kind", ["async", "async-with-status", "def", "def-with-status", "inline"])
def test_a_returned_queryset_is_read_inside(client: TestClient, kind: str) -> None:
    Item.objects.bulk_create([Item(name="a"), Item(name="b")])
    inside: list[bool] = []

    def note(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("SELECT"):
            inside.append(connection.in_atomic_block)
        return execute(sql, *args)

    with connection.execute_wrapper(note):
        assert client.get(f"/queryset/{kind}").json() == [{"name": "a"}, {"name": "b"}]
    assert inside == [True]
    Item.objects.all().delete()


@pytest.fixture(scope="module", params=[True, False], ids=["extras", "no extras"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(directory / "db.sqlite3"),
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {"init_command": "PRAGMA synchronous=OFF"},
    }
    bolt = json.dumps({"ORM_EXTRAS": request.param, "DB_POOL_SIZE": 2})
    with Server(directory, "127.0.0.1:0", databases={"default": database}, PROJECT_BOLT=bolt).migrate() as running:
        yield running
        running.assert_well()


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_in_a_server(server: Server, kind: str, how: str) -> None:
    server.get("/atomic-requests")
    for _ in range(3):
        answer = server.ask(request("POST", f"/atomic-requests/{kind}?how={how}", "Content-Length: 0"))
        assert answer is not None
        assert answer.status == ENDS[how]
        assert json.loads(server.get("/atomic-requests").body) == expected(kind, how)


def test_without_extras_there_are_none(server: Server) -> None:
    answer = server.ask(request("POST", "/transactions/gather-inside", "Content-Length: 0"))
    assert answer is not None
    extras = json.loads(server.environment["PROJECT_BOLT"])["ORM_EXTRAS"]
    assert answer.status == (200 if extras else 500)
    server.get("/atomic-requests")
