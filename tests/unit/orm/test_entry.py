"""Where Django's asynchronous ORM enters the bridge, and that elsewhere it goes where it went."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from contextvars import Context, ContextVar
from typing import Any

import asgiref.sync
import pytest
from asgiref.sync import async_to_sync
from django.db import connection, models, transaction
from django.db.models import base, query
from django.db.models.fields import related_descriptors
from django.db.models.query import BaseIterable
from django.db.models.signals import post_save

from django_bolt.orm import entry
from django_bolt.orm.bridge import Bridge
from django_bolt.orm.entry import install, run_blocking, sync_to_async
from tests.testapp.models import Item
from tests.unit.orm.conftest import Carry, File

TAG: ContextVar[str] = ContextVar("TAG", default="none")


class Threaded(models.QuerySet):
    """Tells which thread counted."""

    def count(self) -> int:
        return threading.get_ident()


@pytest.fixture(autouse=True)
def installed() -> None:
    install()


# Off a worker's loop ----------------------------------------------------------------------------


def test_off_a_worker_s_loop_calls_go_through_asgiref() -> None:
    async def ask() -> tuple[int, int]:
        return await Threaded(Item).acount(), threading.get_ident()

    counted, loop = asyncio.run(ask())
    assert counted != loop
    # asgiref's documented exception: below async_to_sync, the thread that called it.
    assert async_to_sync(Threaded(Item).acount)() == threading.get_ident()


def test_off_a_worker_s_loop_it_is_asgiref_s_own_object() -> None:
    async def look() -> Any:
        return type(sync_to_async(len)), type(sync_to_async(thread_sensitive=False)(len))

    assert asyncio.run(look()) == (asgiref.sync.SyncToAsync, asgiref.sync.SyncToAsync)
    assert type(sync_to_async(len)) is asgiref.sync.SyncToAsync


@pytest.mark.django_db(transaction=True)
def test_off_a_worker_s_loop_iteration_is_django_s() -> None:
    Item.objects.bulk_create([Item(name="a"), Item(name="b")])

    async def names() -> list[str]:
        return [item.name async for item in Item.objects.order_by("pk")]

    assert async_to_sync(names)() == ["a", "b"]


async def test_a_second_loop_beside_a_worker_s_has_no_bridge(bridge: Bridge) -> None:
    async def ask() -> tuple[int, int]:
        return await Threaded(Item).acount(), threading.get_ident()

    counted, loop = await asyncio.to_thread(asyncio.run, ask())
    assert counted != loop
    assert await Threaded(Item).acount() == threading.get_ident()


def test_installing_twice_is_installing_once() -> None:
    install()
    for module in (base, query, related_descriptors):
        assert module.sync_to_async is sync_to_async
    assert BaseIterable.__aiter__ is entry._iterate
    assert entry._rows is not entry._iterate


# On one -----------------------------------------------------------------------------------------


async def test_every_asynchronous_method_runs_on_the_loop_s_thread(bridge: Bridge, file: File) -> None:
    """One of each of Django's modules; a new thread would be asgiref's."""
    before = set(threading.enumerate())
    item = await Item.objects.acreate(name="a")
    await item.asave()
    await item.arefresh_from_db()
    tag = await item.tags.acreate(name="t")
    await item.tags.aset([tag])
    await item.tags.aremove(tag)
    assert await Item.objects.acount() == 1
    assert (await Item.objects.aget(pk=item.pk)).name == "a"
    assert [found.name async for found in Item.objects.all()] == ["a"]
    assert (await Item.objects.afirst()).pk == item.pk
    assert await Item.objects.aexists()
    assert (await Item.objects.aget_or_create(name="a"))[1] is False
    assert (await Item.objects.aupdate_or_create(name="b"))[1] is True
    assert await Item.objects.aupdate(price=2) == 2
    assert (await Item.objects.aaggregate(total=models.Sum("price")))["total"] == 4
    assert await Item.objects.ain_bulk([item.pk]) == {item.pk: item}
    await Item.objects.abulk_create([Item(name="c"), Item(name="d")])
    await Item.objects.filter(name="d").adelete()
    assert set(threading.enumerate()) == before
    assert file.names() == ["a", "b", "c"]


async def test_exceptions_context_variables_and_results_cross(bridge: Bridge) -> None:
    with pytest.raises(Item.DoesNotExist):
        await Item.objects.aget(pk=0)

    def look(key: str) -> str:
        TAG.set("inside")
        return {"a": "found"}[key]

    TAG.set("outside")
    assert await run_blocking(look, "a") == "found"
    assert TAG.get() == "inside"
    with pytest.raises(KeyError):
        await run_blocking(look, "b")


@contextlib.contextmanager
def receiving(receiver: Any) -> Any:
    post_save.connect(receiver, sender=Item)
    try:
        yield
    finally:
        post_save.disconnect(receiver, sender=Item)


async def test_a_receiver_may_use_async_to_sync(bridge: Bridge, file: File) -> None:
    """Also with the ORM in it, and inside a transaction, whose connection it then has."""
    counts: list[Any] = []

    def receiver(**_: Any) -> None:
        async def count() -> tuple[int, bool]:
            await asyncio.sleep(0)
            return await Item.objects.acount(), await asgiref.sync.sync_to_async(lambda: connection.in_atomic_block)()

        counts.append(async_to_sync(count)())

    with receiving(receiver):
        await Item.objects.acreate(name="a")
        async with transaction.atomic():
            await Item(name="b").asave()
    assert counts == [(1, False), (2, True)]
    assert file.names() == ["a", "b"]
    assert await Item.objects.acount() == 2


# Iteration --------------------------------------------------------------------------------------


def free(bridge: Bridge) -> int:
    return bridge.pool("default")._free


async def let_go(bridge: Bridge) -> None:
    """Let the loop close the generators that were left; Django's own does not close ours."""
    for _ in range(20):
        await asyncio.sleep(0)
    gc.collect()
    await asyncio.sleep(0.001)
    assert free(bridge) == 10


async def test_an_iteration_holds_one_connection_until_its_end(bridge: Bridge, file: File) -> None:
    file.add(*map(str, range(25)))
    seen = []
    async for item in Item.objects.order_by("pk").aiterator(chunk_size=10):
        assert free(bridge) == 9
        seen.append((item.name, await Item.objects.acount()))
        assert free(bridge) == 9
    assert seen == [(str(number), 25) for number in range(25)]
    assert free(bridge) == 10


@pytest.mark.parametrize("rows", [0, 9, 10, 11, 20])
async def test_chunks_of_every_size(bridge: Bridge, file: File, rows: int) -> None:
    file.add(*map(str, range(rows)))
    found = [item.name async for item in Item.objects.order_by("pk").aiterator(chunk_size=10)]
    assert found == [str(number) for number in range(rows)]
    assert [item.name async for item in Item.objects.order_by("pk")] == found


async def test_values_and_raw_rows(bridge: Bridge, file: File) -> None:
    file.add("a", "b")
    assert [row async for row in Item.objects.order_by("pk").values_list("name", flat=True)] == ["a", "b"]
    assert [row async for row in Item.objects.order_by("pk").values("name")] == [{"name": "a"}, {"name": "b"}]
    assert [row.name async for row in Item.objects.raw("SELECT * FROM testapp_item ORDER BY id")] == ["a", "b"]


async def test_an_evaluated_queryset_asks_nobody(bridge: Bridge, file: File) -> None:
    file.add("a")
    rows = Item.objects.all()
    assert [item.name async for item in rows] == ["a"]
    file.add("b")
    assert [item.name async for item in rows] == ["a"]


async def test_left_in_the_middle_it_gives_the_connection_back(bridge: Bridge, file: File) -> None:
    file.add(*map(str, range(25)))

    async def leave() -> None:
        async for item in Item.objects.order_by("pk").aiterator(chunk_size=10):
            if item.name == "3":
                break

    await leave()
    await let_go(bridge)
    with pytest.raises(LookupError):
        async with contextlib.aclosing(Item.objects.aiterator(chunk_size=10)) as rows:
            async for _ in rows:
                raise LookupError
    await let_go(bridge)
    await Item.objects.acreate(name="fine")


async def test_cancelled_in_the_middle_it_gives_the_connection_back(bridge: Bridge, file: File) -> None:
    file.add(*map(str, range(25)))

    async def read() -> None:
        async for _ in Item.objects.order_by("pk").aiterator(chunk_size=10):
            await asyncio.sleep(60)

    task = asyncio.create_task(read())
    await asyncio.sleep(0.01)
    assert free(bridge) == 9
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await let_go(bridge)


async def test_two_iterations_that_take_turns(bridge: Bridge, file: File) -> None:
    file.add(*map(str, range(30)))
    rows = [Item.objects.order_by("pk").aiterator(chunk_size=size) for size in (7, 10)]
    pairs = [(one.name, (await anext(rows[1])).name) async for one in rows[0]]
    assert pairs == [(str(number), str(number)) for number in range(30)]
    with pytest.raises(StopAsyncIteration):
        await anext(rows[1])
    assert free(bridge) == 10


async def test_two_tasks_that_iterate_have_a_connection_each(bridge: Bridge, file: File) -> None:
    file.add(*map(str, range(30)))
    least = 10

    async def read() -> int:
        nonlocal least
        found = 0
        async for _ in Item.objects.aiterator(chunk_size=5):
            found += 1
            await asyncio.sleep(0)
            least = min(least, free(bridge))
        return found

    async def in_context() -> int:
        return await asyncio.create_task(read(), context=Context())

    assert await asyncio.gather(in_context(), in_context()) == [30, 30]
    assert least == 8
    assert free(bridge) == 10


async def test_one_connection_is_enough_for_any_number_of_iterations_and_their_bodies(carry: Carry, file: File) -> None:
    file.add(*map(str, range(12)))

    async def read() -> int:
        counts = [await Item.objects.acount() async for _ in Item.objects.aiterator(chunk_size=5)]
        return sum(counts)

    async with carry(size=1, timeout=2):
        assert await asyncio.gather(*(read() for _ in range(5))) == [144] * 5


async def test_a_transaction_in_the_body(bridge: Bridge, file: File) -> None:
    file.add(*map(str, range(12)))
    async for item in Item.objects.order_by("pk").aiterator(chunk_size=5):
        with contextlib.suppress(LookupError):
            async with transaction.atomic():
                item.name = f"{item.name}!"
                await item.asave()
                if item.name == "3!":
                    raise LookupError
    assert file.names() == [f"{number}" if number == 3 else f"{number}!" for number in range(12)]


async def test_an_iteration_begun_before_a_block_and_ended_in_it(bridge: Bridge, file: File) -> None:
    file.add(*map(str, range(12)))
    rows = Item.objects.order_by("pk").aiterator(chunk_size=5)
    assert (await anext(rows)).name == "0"
    async with transaction.atomic():
        assert [item.name async for item in rows] == [str(number) for number in range(1, 12)]
        await Item.objects.acreate(name="in the block")
    assert file.names()[-1] == "in the block"


async def test_an_iteration_handed_to_another_task(bridge: Bridge, file: File) -> None:
    file.add(*map(str, range(12)))
    rows = Item.objects.order_by("pk").aiterator(chunk_size=5)
    assert (await anext(rows)).name == "0"

    async def rest() -> int:
        return len([item async for item in rows])

    assert await asyncio.create_task(rest(), context=Context()) == 11
    assert free(bridge) == 10
