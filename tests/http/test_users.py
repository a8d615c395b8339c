"""`request.user`: loaded once, without `await`, in every kind of handler and both test clients."""

from __future__ import annotations

import asyncio
import pickle

import msgspec
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_bolt import BoltAPI, Request
from django_bolt.auth import AuthResult, BaseAuth, CurrentUser, OptionalCurrentUser
from django_bolt.testing import AsyncTestClient, TestClient

pytestmark = pytest.mark.django_db


class BySub(BaseAuth):
    """What a token's claims say, without the token."""

    async def authenticate(self, request):
        key = request.headers.get("X-Sub")
        return AuthResult(claims={"sub": key}) if key else AuthResult()


class UserOut(msgspec.Struct):
    id: int
    username: str


api = BoltAPI(auth=[BySub])


@api.get("/plain")
async def plain(request: Request):
    return [request.user.username, request.user.email]


@api.get("/coroutine")
async def coroutine(request: Request):
    await asyncio.sleep(0)
    return [request.user.username, request.user.email]


@api.get("/def")
def function(request: Request):
    return [request.user.username, request.user.email]


@api.get("/inline", inline=True)
def inline(request: Request):
    return [request.user.username, request.user.email]


@api.get("/auser")
async def awaited(request: Request):
    return [(await request.auser()).username, request.user.email]


@api.get("/atomic")
async def atomic(request: Request):
    async with transaction.atomic():
        await User.objects.filter(pk=request.user.pk).aupdate(username="new")
        return [request.user.username, request.user.email]


@api.get("/many")
async def many(request: Request):
    async def read():
        await asyncio.sleep(0)
        return request.user.username

    names = await asyncio.gather(*[read() for _ in range(5)])
    return [*set(names), request.user.email]


@api.get("/dependency")
async def dependency(user: CurrentUser):
    return [user.username, user.email]


@api.get("/optional")
async def optional(user: OptionalCurrentUser):
    return [user.username if user else None, user.email if user else None]


@api.get("/key")
async def key(request: Request):
    return [request.user.pk, request.user.id, request.context["user_id"], request.get("context")["claims"]]


@api.get("/typed")
async def typed(request: Request) -> UserOut:
    return request.user


@api.get("/like")
async def like(request: Request):
    user = request.user
    other = await User.objects.aget(pk=user.pk)
    return {
        "isinstance": isinstance(user, User),
        "equal": user == other and other == user,
        "hash": hash(user) == hash(other),
        "bool": bool(user),
        "str": str(user),
        "authenticated": user.is_authenticated,
        "pickled": pickle.loads(pickle.dumps(user)) == other,
        "dir": "get_username" in dir(user),
    }


@api.get("/set")
async def assigned(request: Request):
    request.user = await User.objects.aget(username="bob")
    return [request.user.username, (await request.auser()).username]


@api.get("/who")
async def who(request: Request):
    return [str(request.user), request.user.is_authenticated, request.user.pk, request.user.id]


@api.get("/who/def")
def who_def(request: Request):
    return [str(request.user), request.user.is_authenticated, request.user.pk, request.user.id]


READING = ["plain", "coroutine", "def", "inline", "auser", "many", "dependency", "optional"]


@pytest.fixture
def ann(db):
    return User.objects.create_user("ann", email="ann@example.org")


def get(path, sub):
    with TestClient(api) as client:
        return client.get(path, headers={} if sub is None else {"X-Sub": str(sub)})


@pytest.mark.parametrize("name", READING)
def test_one_query_in_every_kind_of_handler(ann, name):
    with CaptureQueriesContext(connection) as queries:
        assert get(f"/{name}", ann.pk).json() == ["ann", "ann@example.org"]
    assert len(queries) == 1


def test_the_key_needs_no_query(ann):
    with CaptureQueriesContext(connection) as queries:
        assert get("/key", ann.pk).json() == [ann.pk, ann.pk, str(ann.pk), {"sub": str(ann.pk)}]
    assert len(queries) == 0


def test_inside_a_transaction_it_is_the_transactions_user(ann):
    assert get("/atomic", ann.pk).json() == ["new", "ann@example.org"]


def test_it_passes_for_the_user(ann):
    assert get("/like", ann.pk).json() == {
        "isinstance": True,
        "equal": True,
        "hash": True,
        "bool": True,
        "str": "ann",
        "authenticated": True,
        "pickled": True,
        "dir": True,
    }


def test_it_is_an_answer_like_any_instance(ann):
    assert get("/typed", ann.pk).json() == {"id": ann.pk, "username": "ann"}


def test_it_can_be_set(ann):
    User.objects.create_user("bob")
    assert get("/set", ann.pk).json() == ["bob", "bob"]


@pytest.mark.parametrize(
    "sub",
    ["999999", "x", "", "+1", "1_0", "01", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 40, "9" * 5000, "1e3", "None", "-1"],
)
@pytest.mark.parametrize("kind", ["who", "who/def"])
def test_who_is_no_user_is_anonymous(ann, kind, sub):
    with TestClient(api) as client:
        assert client.get(f"/{kind}", headers=[(b"X-Sub", sub.encode())]).json() == ["AnonymousUser", False, None, None]


def test_an_inactive_user_is_anonymous(ann):
    User.objects.update(is_active=False)
    assert get("/optional", ann.pk).json() == [None, None]
    assert get("/dependency", ann.pk).status_code == 401


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("run", [lambda function: asyncio.run(function()), lambda function: async_to_sync(function)()])
def test_in_async_tests(ann, name, run):
    async def go():
        async with AsyncTestClient(api) as client:
            return await client.get(f"/{name}", headers={"X-Sub": str(ann.pk)})

    assert run(go).json() == ["ann", "ann@example.org"]
