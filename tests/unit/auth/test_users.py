"""Identities and the users behind them: keys of every kind, what passes for a user, what nobody is."""

from __future__ import annotations

import copy
import uuid
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, User
from django.db import models

from django_bolt.auth import AuthResult
from django_bolt.auth.users import (
    Identity,
    LazyUser,
    context_of,
    key_of,
    names,
    told_by_backend,
    told_by_server,
    user_of,
)

UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")


def test_what_the_server_tells():
    assert told_by_server(None) is None
    found = told_by_server((2, "7", b'{"sub":"7","roles":["a"]}', True))
    assert found == Identity(backend=2, user_id="7", claims={"sub": "7", "roles": ["a"]}, by_cookie=True)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (AuthResult(), None),
        (AuthResult(claims={}), None),
        (AuthResult(user=AnonymousUser()), None),
        (AuthResult(claims={"sub": 7}), ("7", {"sub": 7})),
        (AuthResult(claims={"tenant": "x"}), (None, {"tenant": "x"})),
        (AuthResult(user=User(pk=3)), ("3", {})),
        (AuthResult(user=User(pk=3), claims={"sub": "9"}), ("3", {"sub": "9"})),
        (AuthResult(user=AnonymousUser(), claims={"sub": "9"}), ("9", {"sub": "9"})),
    ],
)
def test_what_a_backend_tells(result: AuthResult, expected: Any):
    found = told_by_backend(1, result)
    assert (None if found is None else (found.user_id, found.claims)) == expected
    assert found is None or found.backend == 1


def test_context():
    assert context_of(None) == {}
    claims = {"sub": "7", "permissions": ["a.b"], "roles": "admin"}
    found = context_of(Identity(backend=0, user_id="7", claims=claims))
    assert found == {"user_id": "7", "claims": claims, "permissions": ["a.b"], "roles": []}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [({}, None), ({"x": None}, []), ({"x": "a b"}, []), ({"x": {"a": 1}}, []), ({"x": ["a", 1]}, ["a", 1])],
)
def test_names_stand_in_a_list(claims: dict[str, Any], expected: Any):
    assert names(claims, "x") == expected


def with_key(monkeypatch: pytest.MonkeyPatch, field: models.Field[Any, Any]) -> None:
    monkeypatch.setattr(get_user_model()._meta, "pk", field)


@pytest.mark.parametrize(
    ("field", "text", "key"),
    [
        (models.BigAutoField(), "7", 7),
        (models.BigAutoField(), "-7", -7),
        (models.BigAutoField(), "07", None),
        (models.BigAutoField(), "7 ", None),
        (models.BigAutoField(), "7.0", None),
        (models.BigAutoField(), "٧", None),
        (models.BigAutoField(), "", None),
        (models.BigAutoField(), "x", None),
        (models.BigAutoField(), "1" * 5000, None),
        (models.UUIDField(), str(UUID), UUID),
        (models.UUIDField(), UUID.hex, UUID),
        (models.UUIDField(), "7", None),
        (models.UUIDField(), "", None),
        (models.CharField(max_length=20), "ann", "ann"),
        (models.CharField(max_length=20), "a\0b", None),
    ],
)
def test_keys(monkeypatch: pytest.MonkeyPatch, field: Any, text: str, key: Any):
    with_key(monkeypatch, field)
    assert key_of(text) == key
    user = user_of(Identity(backend=0, user_id=text))
    assert isinstance(user, AnonymousUser) if key is None else (type(user) is LazyUser and user.pk == key)


def test_nobody_is_django_s_anonymous_user():
    for identity in (None, Identity(backend=0, user_id=None), Identity(backend=0, user_id="x")):
        assert type(user_of(identity)) is AnonymousUser


def test_a_user_that_a_backend_had_is_that_user():
    user = User(pk=3)
    assert user_of(Identity(backend=0, user_id="3", user=user)) is user


@pytest.mark.django_db
def test_lazily(django_assert_num_queries: Any):
    ann = User.objects.create_user("ann")
    with django_assert_num_queries(0):
        user = user_of(Identity(backend=0, user_id=str(ann.pk)))
        assert (user.pk, user.id, repr(user)) == (ann.pk, ann.pk, f"<LazyUser {ann.pk}>")
        copied, deep = copy.copy(user), copy.deepcopy(user)
        assert (copied.pk, deep.pk) == (ann.pk, ann.pk)
    with django_assert_num_queries(1):
        assert user == ann
        assert user.username == "ann"
        assert user.is_authenticated
        assert (user.pk, user.id, repr(user)) == (ann.pk, ann.pk, "<User: ann>")
        assert isinstance(user, User)
        user.email = "new"
        assert copy.copy(user).email == "new"
    with django_assert_num_queries(1):
        assert copied.username == "ann"


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"is_active": False}, None])
def test_who_is_gone_or_inactive_is_anonymous(change: Any):
    ann = User.objects.create_user("ann")
    user = user_of(Identity(backend=0, user_id=str(ann.pk)))
    User.objects.update(**change) if change else User.objects.all().delete()
    assert not user.is_authenticated
    assert (user.pk, user.id, str(user)) == (None, None, "AnonymousUser")
