from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.manager import BaseManager, EmptyManager
from django.db.models.query import RawQuerySet
from django.db.transaction import Atomic
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import translation

import django_bolt
from django_bolt.orm import extras
from tests.testapp.models import Item, Tag

EXTRAS = {
    QuerySet: ("__await__", "alist", "get_or_404", "aget_or_404"),
    RawQuerySet: ("__await__", "alist"),
    BaseManager: ("alist", "get_or_404", "aget_or_404"),
    Atomic: ("__aenter__", "__aexit__", "__call__"),
}


@pytest.fixture
def rows(db):
    """Three items in the test's own transaction; the first has two tags."""
    items = [Item.objects.create(name=name, price=price) for name, price in (("a", 1), ("b", 2), ("c", 2))]
    items[0].tags.set([Tag.objects.create(name="x"), Tag.objects.create(name="y")])
    return items


@pytest.fixture
def queries(rows, django_assert_num_queries):
    return django_assert_num_queries


def on_loop(function):
    """Run a coroutine function as Django's own tests do: on a loop whose blocking calls come back to this thread."""
    return async_to_sync(function)()


# Installing ---------------------------------------------------------------------------------


def test_installing_twice_changes_nothing():
    before = {(owner, name): vars(owner)[name] for owner, names in EXTRAS.items() for name in names}
    extras.install()
    assert {(owner, name): vars(owner)[name] for owner, name in before} == before


def test_what_a_class_has_already_is_left_alone(monkeypatch):
    def theirs(self):
        return "theirs"

    monkeypatch.setattr(QuerySet, "alist", theirs)
    monkeypatch.delattr(QuerySet, "aget_or_404")
    extras.install()
    assert QuerySet.alist is theirs
    assert QuerySet.aget_or_404 is extras.aget_or_404


def run(source, bolt):
    """Run a program in a process of its own, with an app `early` whose models are imported before Bolt is ready."""
    program = f"""
import sys, types
from django.conf import settings
settings.configure(INSTALLED_APPS=["early", "django_bolt"], BOLT={bolt!r})
early, early_models = types.ModuleType("early"), types.ModuleType("early.models")
early.__file__ = early_models.__file__ = "/early/__init__.py"
early.__path__, early.models = ["/early"], early_models
sys.modules |= {{"early": early}}
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "early.models":
            from importlib.machinery import ModuleSpec
            return ModuleSpec(name, self)
    def create_module(self, spec): return None
    def exec_module(self, module):
        from django.db import transaction
        @transaction.atomic
        async def service(): return 1
        module.service = service
sys.meta_path.insert(0, Finder())
import django
django.setup()
import inspect
from django.db.models import Manager, QuerySet
from django.db.models.query import RawQuerySet
from django.db.transaction import Atomic
{textwrap.dedent(source)}
"""
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    environment["PYTHONPATH"] = str(Path(django_bolt.__file__).parent.parent)
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, timeout=60)


def test_a_project_that_switches_them_off_has_django_untouched():
    run(
        """
        names = "__await__ alist get_or_404 aget_or_404 __aenter__ __aexit__".split()
        classes = Manager, QuerySet, RawQuerySet, Atomic
        assert not [name for owner in classes for name in names if hasattr(owner, name)]
        assert "__call__" not in vars(Atomic)
        assert not inspect.iscoroutinefunction(sys.modules["early.models"].service)
        """,
        {"ORM_EXTRAS": False},
    )


def test_they_are_there_before_any_model_is_imported():
    run('assert inspect.iscoroutinefunction(sys.modules["early.models"].service)', {})


def test_wrong_settings_are_left_to_the_system_checks():
    run(
        "from django.core.checks import run_checks; assert [e.id for e in run_checks()] == ['django_bolt.E001']",
        {"X": 1},
    )


# Lists --------------------------------------------------------------------------------------


def test_awaiting_a_queryset_gives_a_list(rows):
    async def test():
        assert await Item.objects.all() == rows
        assert await Item.objects.order_by("-name")[:2] == [rows[2], rows[1]]
        assert await Item.objects.none() == []
        assert type(await Item.objects.all()) is list

    on_loop(test)


def test_alist_of_managers_querysets_and_slices(rows):
    async def test():
        assert await Item.objects.alist() == rows
        assert await Item.objects.filter(price=2).alist() == rows[1:]
        assert await Item.objects.order_by("name")[1:2].alist() == [rows[1]]
        assert [tag.name for tag in await rows[0].tags.alist()] == ["x", "y"]
        assert await EmptyManager(Item).alist() == []

    on_loop(test)


def test_alist_of_values(rows):
    async def test():
        assert await Item.objects.values_list("name", flat=True).alist() == ["a", "b", "c"]
        assert await Item.objects.values("name")[:1] == [{"name": "a"}]
        assert await Item.objects.values_list("name", "pk") == [(item.name, item.pk) for item in rows]
        assert await Item.objects.filter(price=1).union(Item.objects.filter(name="b")).order_by("name") == rows[:2]

    on_loop(test)


def test_a_raw_query_is_a_list_too(rows):
    async def test():
        query = "SELECT * FROM testapp_item ORDER BY name"
        assert await Item.objects.raw(query) == rows
        assert await Item.objects.raw(query).alist() == rows

    on_loop(test)


def test_the_result_is_kept_as_async_for_keeps_it(queries):
    async def test(queryset):
        first = await queryset
        first.clear()
        assert [item async for item in queryset] == await queryset.alist()
        return queryset

    with queries(1):
        queryset = async_to_sync(test)(Item.objects.all())
        assert len(queryset) == 3


def test_an_evaluated_queryset_is_not_asked_again(queries):
    evaluated = Item.objects.all()
    assert list(evaluated)
    with queries(0):
        assert async_to_sync(evaluated.alist)()[0] is evaluated[0]


def test_prefetched_rows_are_not_asked_for_again(queries):
    (item,) = Item.objects.filter(name="a").prefetch_related("tags")
    with queries(0):
        assert len(async_to_sync(item.tags.alist)()) == 2


def test_querysets_in_gather(rows):
    async def test():
        found = await asyncio.gather(Item.objects.filter(name="a"), Item.objects.filter(name="b").alist())
        assert found == [[rows[0]], [rows[1]]]

    on_loop(test)


# One row or 404 -----------------------------------------------------------------------------


def get(source, *args, **kwargs):
    return source.get_or_404(*args, **kwargs)


def aget(source, *args, **kwargs):
    return async_to_sync(source.aget_or_404)(*args, **kwargs)


both = pytest.mark.parametrize("get", [get, aget])


@both
def test_one_positional_argument_is_the_key(get, rows):
    assert get(Item.objects, rows[0].pk) == rows[0]
    assert get(Item.objects, str(rows[0].pk)) == rows[0]
    assert get(Item.objects.filter(price=2), rows[1].pk) == rows[1]
    assert get(Item.objects, rows[1].pk, price=2) == rows[1]
    assert get(rows[0].tags, rows[0].tags.first().pk).name == "x"


@both
def test_filters_and_expressions_are_what_get_takes(get, rows):
    assert get(Item.objects, name="b") == rows[1]
    assert get(Item.objects, Q(name="b") | Q(name="d")) == rows[1]
    assert get(Item.objects, Q(price=2), ~Q(name="b")) == rows[2]
    assert get(Item.objects, Exists(Item.tags.through.objects.filter(item=OuterRef("pk")))) == rows[0]
    assert get(Item.objects.filter(name="a")) == rows[0]
    assert get(Item.objects.order_by("name")[2:]) == rows[2]
    assert get(Item.objects.values("name"), rows[0].pk) == {"name": "a"}


@both
@pytest.mark.parametrize("key", [0, None, 10**30])
def test_no_such_row(get, rows, key):
    with pytest.raises(Http404) as expected:
        get_object_or_404(Item, pk=key)
    for source in (Item.objects, Item.objects.all(), Item.objects.none(), EmptyManager(Item)):
        with pytest.raises(Http404) as caught:
            get(source, key)
        assert str(caught.value) == str(expected.value) == "No Item matches the given query."
    with pytest.raises(Http404, match="No Tag matches"):
        get(rows[1].tags, rows[0].tags.first().pk)


@both
def test_the_message_is_translated_as_djangos(get, rows):
    with translation.override("fr"):
        with pytest.raises(Http404) as expected:
            get_object_or_404(Item, pk=0)
        with pytest.raises(Http404) as caught:
            get(Item.objects, 0)
        assert str(caught.value) == str(expected.value)


@both
def test_several_rows(get, rows):
    with pytest.raises(Item.MultipleObjectsReturned):
        get(Item.objects, price=2)
    with pytest.raises(Item.MultipleObjectsReturned):
        get(Item.objects)


@both
@pytest.mark.parametrize("key", ["three", F("pk"), Item(name="z")])
def test_what_get_refuses(get, rows, key):
    with pytest.raises((TypeError, ValueError)) as caught:
        get(Item.objects, key)
    assert "404" not in str(caught.value)


@both
def test_two_keys(get, rows):
    with pytest.raises(TypeError, match="found two keys, 1 and pk=2"):
        get(Item.objects, 1, pk=2)


@both
def test_a_field_may_have_the_name_of_any_argument(get, rows):
    queryset = Item.objects.annotate(klass=F("price"), args=F("name"))
    assert get(queryset, klass=2, args="b") == rows[1]


def test_under_a_loop_the_blocking_one_is_refused_as_any_query(rows):
    async def test():
        with pytest.raises(SynchronousOnlyOperation):
            Item.objects.get_or_404(1)

    on_loop(test)


# A project's own names ----------------------------------------------------------------------


class Rows(QuerySet):
    async def alist(self):
        return "a list of the project"

    def get_or_404(self, name):
        return f"{name} of {self.model.__name__}"


class Named(models.Manager):
    async def aget_or_404(self, name):
        return f"{name} of the manager"


def bound(manager):
    manager.model = Item
    return manager


@pytest.mark.parametrize(
    "manager", [Rows.as_manager(), models.Manager.from_queryset(Rows)(), type("Own", (models.Manager,), {})()]
)
def test_a_querysets_own_name_wins_on_it_and_on_its_managers(manager):
    manager = bound(manager)
    if type(manager).__name__ == "Own":
        manager.get_queryset = lambda: Rows(Item)
    assert manager.get_or_404("one") == "one of Item"
    assert Rows(Item).get_or_404(name="one") == "one of Item"
    assert async_to_sync(manager.alist)() == "a list of the project"


def test_a_managers_own_name_wins():
    assert async_to_sync(bound(Named()).aget_or_404)("one") == "one of the manager"


def test_awaiting_gives_rows_whatever_alist_is(rows):
    async def test():
        assert await Rows(Item).order_by("name") == rows

    on_loop(test)


# Transactions -------------------------------------------------------------------------------


def test_a_function_is_decorated_as_django_does(rows):
    @transaction.atomic
    def fail():
        """What it does."""
        Item.objects.all().delete()
        raise LookupError

    with contextlib.suppress(LookupError):
        fail()
    assert (Item.objects.count(), fail.__name__, fail.__doc__) == (3, "fail", "What it does.")


class Rejected(Exception):
    pass


def rename(name):
    return Item.objects.filter(name="a").aupdate(name=name)


def test_an_asynchronous_block(rows):
    async def test():
        async with transaction.atomic():
            await rename("kept")
            with contextlib.suppress(Rejected):
                async with transaction.atomic():
                    await Item.objects.all().adelete()
                    raise Rejected
        return await Item.objects.order_by("name").values_list("name", flat=True)

    assert on_loop(test) == ["b", "c", "kept"]


@pytest.mark.parametrize("decorate", [transaction.atomic, transaction.atomic(), transaction.atomic(using="default")])
def test_a_coroutine_function_is_inside_the_block_as_long_as_it_runs(decorate, rows):
    @decorate
    async def fail(name, *, error):
        """What it does."""
        await rename(name)
        assert await sync_to_async(lambda: transaction.get_connection().savepoint_ids)()
        raise error

    assert (fail.__name__, fail.__doc__) == ("fail", "What it does.")
    for _ in range(2):
        with pytest.raises(Rejected):
            async_to_sync(fail)("lost", error=Rejected())
    assert list(Item.objects.order_by("name")) == rows
    assert Item.objects.filter(name="a").exists()


def test_a_decorated_method_returns_what_it_returned(rows):
    class Service:
        @transaction.atomic(durable=False)
        async def rename(self, name):
            return await rename(name)

    assert async_to_sync(Service().rename)("kept") == 1
    assert Item.objects.filter(name="kept").exists()
