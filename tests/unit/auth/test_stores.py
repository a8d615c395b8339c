"""Stores of revoked tokens: each one by the same tests, then what is its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection

from django_bolt.auth.stores import CacheTokenStore, DatabaseTokenStore, MemoryTokenStore, TokenStore, token_store
from django_bolt.auth.stores.base import SPARE, key_of
from django_bolt.exceptions import ServiceUnavailable
from django_bolt.tokens.models import RevokedToken
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

CACHE = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
STORES = {"memory": MemoryTokenStore, "cache": lambda: CacheTokenStore("tokens"), "database": DatabaseTokenStore}


@pytest.fixture(params=STORES)
def store(request: Any, settings: Any, tmp_path: Any) -> TokenStore:
    settings.CACHES = {"default": CACHE, "tokens": {**CACHE, "LOCATION": str(tmp_path)}}
    return STORES[request.param]()


def claims(jti: str = "a", *, sub: str = "1", fam: str | None = None, age: float = 0, life: float = 60) -> dict:
    issued = time.time() - age
    found: dict[str, Any] = {"sub": sub, "jti": jti, "iat": issued, "exp": issued + life}
    return {**found, "fam": fam} if fam else found


async def test_a_token(store: TokenStore) -> None:
    assert not await store.is_revoked(claims())
    await store.revoke(claims())
    await store.revoke(claims())
    assert await store.is_revoked(claims())
    assert not await store.is_revoked(claims("b"))
    # Only as what it is: the same word elsewhere means something else.
    assert not await store.is_revoked(claims("b", sub="a", fam="a"))


async def test_a_family(store: TokenStore) -> None:
    await store.revoke_family(claims(fam="f"), lifetime=60)
    assert await store.is_revoked(claims("other", fam="f"))
    assert not await store.is_revoked(claims("other", fam="g"))
    assert not await store.is_revoked(claims())


async def test_all_of_a_users(store: TokenStore) -> None:
    before = claims()
    await store.revoke_user(1)
    assert await store.is_revoked(before)
    assert await store.is_revoked({"sub": "1"})
    assert not await store.is_revoked(claims(sub="2", age=50))
    # What is issued behind it counts, in the same second as well, until it is done again.
    later = claims()
    assert not await store.is_revoked(later)
    await store.revoke_user("1")
    assert await store.is_revoked(later)


async def test_a_token_issued_in_whole_seconds_counts_as_the_older_one(store: TokenStore) -> None:
    await store.revoke_user(1)
    assert await store.is_revoked({"sub": "1", "iat": int(time.time())})


async def test_a_token_is_used_up_once(store: TokenStore) -> None:
    assert await store.consume(claims())
    assert not await store.consume(claims())
    assert await store.is_revoked(claims())
    assert await store.consume(claims("b"))
    await store.revoke(claims("c"))
    assert not await store.consume(claims("c"))


def test_a_token_is_used_up_once_by_many_at_a_time(store: TokenStore) -> None:
    results = []

    def use(number: int, wait: Callable[[], Any]) -> None:
        wait()
        try:
            results.append(async_to_sync(store.consume)(claims()))
        finally:
            connection.close()

    if isinstance(store, DatabaseTokenStore):
        # Each thread would have an SQLite in memory of its own; tests/server does it with processes.
        pytest.skip("a database in memory is one thread's")
    together(8, use)
    assert sorted(results) == [False] * 7 + [True]


@pytest.mark.parametrize("strange", ["ü\n\x00 ", "x" * 5000, "\ud800", "a:b", 7])
async def test_any_id_fits(store: TokenStore, strange: Any) -> None:
    await store.revoke({"jti": strange})
    assert await store.is_revoked({"jti": strange})
    assert not await store.is_revoked({"jti": "else"})


@pytest.mark.parametrize("nothing", [None, "", True, 1.5, [], {}])
async def test_what_identifies_nothing(store: TokenStore, nothing: Any) -> None:
    for name in ("jti", "fam", "sub"):
        assert not await store.is_revoked({name: nothing})
    with pytest.raises(ValueError, match="found a token without 'jti'"):
        await store.revoke({"jti": nothing})


def test_keys_cannot_be_mistaken_for_each_other() -> None:
    hashed = key_of("jti", "ü")
    assert hashed is not None
    assert key_of("jti", hashed.removeprefix("jti:")) != hashed
    assert len(key_of("fam", "x" * 9999) or "") <= 80


async def test_memory_drops_what_has_expired() -> None:
    store = MemoryTokenStore()
    await store.revoke(claims("old", life=-SPARE - 1))
    await store.revoke(claims("new"))
    assert len(store) == 1
    assert await store.is_revoked(claims("new"))


async def test_memory_keeps_what_was_made_to_last_longer() -> None:
    store = MemoryTokenStore()
    await store.write("fam:f", 0.0, time.time() - 1)
    await store.write("fam:f", 0.0, time.time() + 60)
    assert await store.clear_expired() == 0
    assert await store.is_revoked({"fam": "f"})


async def test_memory_that_is_full_forgets_nothing() -> None:
    store = MemoryTokenStore(limit=2)
    await store.revoke(claims("a"))
    await store.revoke(claims("b"))
    with pytest.raises(ServiceUnavailable):
        await store.revoke(claims("c"))
    await store.revoke(claims("b"))
    assert await store.is_revoked(claims("a"))


async def test_the_cache_drops_what_has_expired(settings: Any) -> None:
    settings.CACHES = {"default": {**CACHE, "LOCATION": "drops"}}
    store = CacheTokenStore()
    await store.write("jti:a", 0.0, time.time() + 0.5)
    assert await store.is_revoked({"jti": "a"})
    await asyncio.sleep(1.2)
    assert not await store.is_revoked({"jti": "a"})
    assert caches["default"].get("bolt-token:jti:a") is None


async def test_a_revocation_that_the_cache_drops_is_an_error(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    with pytest.raises(ServiceUnavailable):
        await CacheTokenStore().revoke(claims())


@pytest.fixture
async def rows() -> AsyncIterator[DatabaseTokenStore]:
    store = DatabaseTokenStore()
    await store.revoke(claims("old", life=-SPARE - 1))
    await store.revoke(claims("new"))
    await store.revoke_user(1)
    yield store


async def test_the_database_drops_what_has_expired(rows: DatabaseTokenStore) -> None:
    assert await rows.clear_expired() == 1
    assert {row.key async for row in RevokedToken.objects.all()} == {"jti:new", "sub:1"}


def test_the_command(capsys: Any) -> None:
    RevokedToken.objects.create(key="jti:x", before=0, until=1)
    call_command("bolt_clear_tokens")
    assert capsys.readouterr().out == "Deleted 1 expired entry.\n"
    call_command("bolt_clear_tokens")
    assert capsys.readouterr().out == "Deleted 0 expired entries.\n"


def test_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        async_to_sync(DatabaseTokenStore().is_revoked)(claims(fam="f"))


@pytest.fixture
def _bolt(settings: Any) -> Iterator[None]:
    settings.BOLT = {}
    yield


@pytest.mark.usefixtures("_bolt")
def test_the_store_that_is_set(settings: Any) -> None:
    assert token_store() is None
    for name, kind in (("memory", MemoryTokenStore), ("cache", CacheTokenStore), ("database", DatabaseTokenStore)):
        settings.BOLT = {"TOKEN_STORE": name}
        assert type(token_store()) is kind
        assert token_store() is token_store()
    settings.BOLT = {}
    assert token_store() is None
