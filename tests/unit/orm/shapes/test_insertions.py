"""What stands in the way of a row that is added is called as before: others' code, and what changes later."""

from __future__ import annotations

import functools
from typing import Any
from unittest import mock

import pytest
from django.db import connection, models
from django.db.models import Manager, QuerySet, sql
from django.db.models.sql.compiler import SQLInsertCompiler

from django_bolt.orm.shapes import insertions, shape
from tests.testapp.row_models import Author
from tests.traced import traced

pytestmark = pytest.mark.django_db


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The objects whose rows were added by ours."""
    found: list[Any] = []
    add = insertions.Insertion.add

    def noting(self: Any, instance: Any, using: str) -> bool:
        done = add(self, instance, using)
        if done:
            found.append(instance)
        return done

    monkeypatch.setattr(insertions.Insertion, "add", noting)
    return found


@pytest.fixture(autouse=True)
def learned(added: list[Any]) -> None:
    shape.forget()
    for _ in range(3):
        Author(name="a").save()
    assert added
    added.clear()


def decorated(function: Any, called: list[Any]) -> Any:
    @functools.wraps(function)
    def wrapper(*arguments: Any, **options: Any) -> Any:
        called.append(function.__name__)
        return function(*arguments, **options)

    return wrapper


def mocked(function: Any, called: list[Any]) -> Any:
    def effect(*arguments: Any, **options: Any) -> Any:
        called.append(function.__name__)
        return function(*arguments, **options)

    return mock.create_autospec(function, side_effect=effect)


PASSED_BY: list[tuple[Any, str]] = [
    (models.Model, "_do_insert"),
    (Author, "_do_insert"),
    (models.Model, "_get_pk_val"),
    (models.Model, "_is_pk_set"),
    (Manager, "get_queryset"),
    (Manager, "_insert"),
    (QuerySet, "_insert"),
    (SQLInsertCompiler, "execute_sql"),
    (Author._base_manager, "get_queryset"),
    (Author._base_manager, "_insert"),
]
if hasattr(models.Model, "_assign_returned_values"):
    PASSED_BY.append((models.Model, "_assign_returned_values"))


@pytest.mark.parametrize("wrap", [traced, decorated, mocked])
@pytest.mark.parametrize(("owner", "name"), PASSED_BY, ids=range(len(PASSED_BY)))
@pytest.mark.parametrize("known", [True, False])
def test_what_is_put_in_the_place_of_a_method_is_called(
    owner: Any, name: str, wrap: Any, known: bool, monkeypatch: pytest.MonkeyPatch, added: list[Any]
) -> None:
    """Before the class was met or after it; and once it is gone again, rows are added as before."""
    called: list[Any] = []
    if not known:
        shape.forget()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, wrap(getattr(owner, name), called))
        for _ in range(3):
            called.clear()
            Author(name="a").save()
            assert called
    assert not added
    shape.forget()
    for _ in range(3):
        Author(name="a").save()
    assert added


def test_a_method_of_the_object_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    author = Author(name="a")
    with mock.patch.object(author, "_do_insert", return_value=[(77,)]):
        author.save()
    assert author.pk == 77
    assert not Author.objects.filter(pk=77).exists()


def test_another_query_in_the_place_of_the_insert(monkeypatch: pytest.MonkeyPatch, added: list[Any]) -> None:
    called: list[Any] = []

    class Noting(sql.InsertQuery):
        def insert_values(self, *arguments: Any, **options: Any) -> None:
            called.append(self.model)
            super().insert_values(*arguments, **options)

    monkeypatch.setattr(sql, "InsertQuery", Noting)
    for _ in range(3):
        Author(name="a").save()
    assert called == [Author] * 3
    assert not added


def test_another_class_of_querysets_of_the_base_manager(monkeypatch: pytest.MonkeyPatch, added: list[Any]) -> None:
    called: list[Any] = []

    class Noting(QuerySet[Any]):
        def _insert(self, *arguments: Any, **options: Any) -> Any:
            called.append(self.model)
            return super()._insert(*arguments, **options)  # type: ignore[misc]

    monkeypatch.setattr(Author._base_manager, "_queryset_class", Noting)
    for _ in range(3):
        Author(name="a").save()
    assert called == [Author] * 3
    assert not added


def test_wrappers_of_statements_and_the_log_of_queries(added: list[Any], settings: Any) -> None:
    settings.DEBUG = True
    for _ in range(3):
        Author(name="a").save()
    added.clear()
    seen: list[Any] = []

    def note(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        seen.append((statement, params, many, context["connection"]))
        return execute(statement, params, many, context)

    before = len(connection.queries)
    with connection.execute_wrapper(note):
        Author(name="logged").save()
    assert len(added) == 1
    assert [(params, many, where) for _, params, many, where in seen] == [(("logged",), False, connection)]
    assert ["logged" in query["sql"] for query in connection.queries[before:]] == [True]
