"""What stands in the way of a row that is added is called as before: others' code, and what changes later."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Manager, QuerySet, Value, sql
from django.db.models.functions import Lower
from django.db.models.signals import pre_save
from django.db.models.sql.compiler import SQLInsertCompiler
from django.test.utils import isolate_apps

from django_bolt.orm.shapes import shape
from tests.queries import undone
from tests.saves import counting_added
from tests.testapp.row_models import Author
from tests.testapp.saved_models import NOTED, Base, Every, Inserter
from tests.traced import traced

pytestmark = pytest.mark.django_db


@pytest.fixture
def added() -> Iterator[list[Any]]:
    """The objects whose rows were added by ours."""
    with counting_added() as found:
        yield found


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
    (None, "get_queryset"),
    (None, "_insert"),
]
if hasattr(models.Model, "_assign_returned_values"):
    PASSED_BY.append((models.Model, "_assign_returned_values"))


@pytest.mark.parametrize("wrap", [traced, decorated, mocked])
@pytest.mark.parametrize(("owner", "name"), PASSED_BY, ids=range(len(PASSED_BY)))
@pytest.mark.parametrize("known", [True, False])
def test_what_is_put_in_the_place_of_a_method_is_called(
    owner: Any, name: str, wrap: Any, known: bool, added: list[Any]
) -> None:
    """Before the class was met or after it; and once it is gone again, rows are added as before.

    No owner stands for the base manager, of which there is another one when the class changes.
    """
    owner = owner or Author._base_manager
    called: list[Any] = []
    if not known:
        shape.forget()
    # What was not an object's own must not be so afterwards.
    with mock.patch.object(owner, name, wrap(getattr(owner, name), called)):
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


def save_three(kind: Any, **values: Any) -> None:
    for _ in range(3):
        kind(**values).save()


def changing() -> Any:
    """Return a model that is nobody else's, with its table, which has room for one more field."""

    class Changing(models.Model):
        name = models.CharField(max_length=20)

        class Meta:
            app_label = "testapp"

    with connection.cursor() as cursor:
        columns = '"id" integer PRIMARY KEY, "name" text, "size" integer DEFAULT 5'
        cursor.execute(f'CREATE TABLE "{Changing._meta.db_table}" ({columns})')
    return Changing


@isolate_apps("tests.testapp")
def test_a_field_that_is_added_later(added: list[Any]) -> None:
    grown = changing()
    save_three(grown, name="a")
    assert added
    models.IntegerField(default=5).contribute_to_class(grown, "size")
    save_three(grown, name="b")
    assert list(grown.objects.values_list("name", "size")) == [("a", 5)] * 3 + [("b", 5)] * 3
    added.clear()
    grown(name="c", size=6).save()
    assert added
    assert grown.objects.get(size=6).name == "c"


@isolate_apps("tests.testapp")
def test_a_manager_that_is_added_later(added: list[Any]) -> None:
    kept = changing()
    save_three(kept, name="a")
    added.clear()
    NOTED.clear()
    kept.add_to_class("inserting", Inserter.as_manager())  # type: ignore[attr-defined]
    kept._meta.base_manager_name = "inserting"
    save_three(kept, name="a")
    assert NOTED == ["inserted"] * 3
    assert not added


def test_another_table(added: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute('CREATE TABLE "elsewhere" ("id" integer PRIMARY KEY, "name" text)')
    with monkeypatch.context() as patch:
        patch.setattr(Author._meta, "db_table", "elsewhere")
        for number in range(3):
            Author(name=f"there {number}").save()
        with connection.cursor() as cursor:
            cursor.execute('SELECT "name" FROM "elsewhere"')
            assert len(cursor.fetchall()) == 3
    assert added
    Author(name="here").save()
    assert Author.objects.filter(name="here").exists()


def test_an_order_that_is_asked_for_later(monkeypatch: pytest.MonkeyPatch, added: list[Any]) -> None:
    """It is found out before the row is added."""
    monkeypatch.setattr(
        Author._meta,
        "order_with_respect_to",
        mock.Mock(get_filter_kwargs_for_object=lambda instance: {"nothing": instance}),
    )
    with pytest.raises(FieldError):
        Author(name="a").save()
    assert not added


def test_a_setting_that_changes(added: list[Any], settings: Any) -> None:
    moment = datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.UTC)
    save_three(Every, moment=moment)
    assert Every in {type(instance) for instance in added}
    settings.USE_TZ = False
    with pytest.raises(ValueError, match="timezone-aware"):
        Every(moment=moment).save()


def test_receivers_and_what_they_change(added: list[Any]) -> None:
    def rename(sender: Any, instance: Any, **_: Any) -> None:
        instance.name = Lower(Value("LATE")) if instance.name == "lower" else instance.name * 2

    pre_save.connect(rename, sender=Author)
    try:
        Author(id=70, name="b").save(force_insert=True)
        Author(name="b").save()
        Author(name="lower").save()
    finally:
        pre_save.disconnect(rename, sender=Author)
    assert len(added) == 1
    assert list(Author.objects.filter(pk__gte=70).values_list("name", flat=True)) == ["bb", "bb", "late"]


def test_a_refused_row_leaves_the_transaction_as_django_does(added: list[Any]) -> None:
    kept = Author.objects.first()
    assert kept is not None
    for _ in range(3):
        undone(lambda: Author(id=90, name="x").save(force_insert=True))
    added.clear()
    instance = Author(id=kept.pk, name="again")
    with pytest.raises(IntegrityError), transaction.atomic():
        try:
            instance.save(force_insert=True)
        except IntegrityError:
            assert connection.needs_rollback
            with pytest.raises(transaction.TransactionManagementError):
                Author(name="b").save()
            raise
    assert (instance._state.adding, instance._state.db, instance.pk) == (True, None, kept.pk)
    Author(name="b").save()
    assert len(added) == 1


def test_a_database_that_changes_its_kind(added: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the new row is asked for anything or not."""
    save_three(Base)
    added.clear()
    with monkeypatch.context() as patch:
        patch.setattr(connection.features, "interprets_empty_strings_as_nulls", True)
        Base().save()
        Author(name="a").save()
        assert not added
    Base().save()
    Author(name="a").save()
    assert len(added) == 2
