"""Annotations and orderings by fields: compiled shapes ask and answer what Django's own queries do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import Avg, Count, F, Max, Min, OrderBy, Q, Sum, Value
from django.db.models.functions import Length, TruncYear

from tests.queries import assert_compiled, both_ways

pytestmark = pytest.mark.django_db

LAST = F("last_login").desc(nulls_last=True)


@pytest.fixture(autouse=True)
def users() -> None:
    for number in range(5):
        user = User.objects.create(username=f"user{number}", first_name=f"name{number % 2}", is_staff=number > 2)
        user.groups.set(Group.objects.all())
        Group.objects.create(name=f"group{number}")


COMPILED: dict[str, Callable[[], Any]] = {
    "count": lambda: User.objects.annotate(n=Count("groups")).order_by("-n", "id"),
    "unnamed": lambda: User.objects.annotate(Count("groups")).order_by("id"),
    "distinct": lambda: User.objects.annotate(n=Count("groups", distinct=True)).filter(username="user3"),
    "many": lambda: User.objects.annotate(
        Max("groups__name"), least=Min("groups__id"), sum=Sum("groups__id"), mean=Avg("groups__id")
    ).order_by("id")[1:4],
    "grouped": lambda: User.objects.values("first_name").annotate(n=Count("id")).order_by("first_name"),
    "listed": lambda: User.objects.annotate(n=Count("groups")).values_list("username", "n").order_by("username"),
    "field": lambda: User.objects.annotate(name=F("username")).filter(name="user1").order_by("name"),
    "joined field": lambda: User.objects.annotate(group=F("groups__name")).order_by("id", "group"),
    "alias": lambda: User.objects.alias(name=F("username")).filter(name="user1"),
    "any": lambda: User.objects.annotate(n=Count("groups")).exists(),
    "ordered": lambda: User.objects.order_by(F("username").desc(), "id"),
    "ordered, nulls": lambda: User.objects.order_by(LAST, F("email").asc(nulls_first=True), F("id")),
    "ordered, reversed": lambda: User.objects.order_by(LAST, "id").reverse()[:2],
    "ordered, last": lambda: User.objects.order_by(LAST, "id").last(),
}

DJANGOS: dict[str, Callable[[], Any]] = {
    "having": lambda: User.objects.annotate(n=Count("groups")).filter(n__gt=1).order_by("id"),
    "counted": lambda: User.objects.annotate(n=Count("groups")).count(),
    "counted field": lambda: User.objects.annotate(name=F("username")).filter(name="user1").count(),
    "aggregated": lambda: User.objects.annotate(n=Count("groups")).aggregate(Sum("n"), Max("id")),
    "filtered": lambda: User.objects.annotate(n=Count("groups", filter=Q(groups__id__gt=1))).order_by("id"),
    "default": lambda: User.objects.annotate(n=Sum("groups__id", default=0)).order_by("id"),
    "transform": lambda: User.objects.annotate(year=F("date_joined__year")).order_by("id"),
    "function": lambda: User.objects.annotate(n=Length("username"), y=TruncYear("date_joined")).order_by("id"),
    "value": lambda: [[*User.objects.annotate(v=Value(v)).order_by("id")] for v in (1, 2, 1, 2, 1, 2)],
    "sum": lambda: User.objects.annotate(n=F("id") + 1).order_by("id"),
    "by function": lambda: User.objects.order_by(Length("username").desc(), OrderBy(F("id") + 1)),
    "by aggregate": lambda: User.objects.order_by(Count("groups")),
    "random": lambda: User.objects.filter(id=-1).order_by("?", F("id")),
    "name of a field": lambda: User.objects.annotate(username=Count("groups")),
    "bad name": lambda: User.objects.annotate(**{"a b": Count("groups")}),
    "unknown": lambda: User.objects.annotate(n=Count("nothing")),
    "unknown ordering": lambda: User.objects.order_by(F("nothing").asc()),
    "taken back": lambda: User.objects.annotate(n=Count("groups")).values("username").order_by("username"),
    "union": lambda: User.objects.annotate(n=Count("groups")).union(User.objects.annotate(n=Count("groups"))),
    "subquery": lambda: User.objects.filter(id__in=User.objects.annotate(n=Max("id")).values("n")).order_by("id"),
}


@pytest.mark.parametrize("name", COMPILED)
def test_compiled(name: str) -> None:
    assert_compiled(COMPILED[name])


@pytest.mark.parametrize("name", DJANGOS)
def test_same(name: str) -> None:
    both_ways(DJANGOS[name], times=12)


def test_annotations_of_a_query_can_be_read() -> None:
    def run() -> Any:
        users = User.objects.annotate(n=Count("groups"))
        return [*users.query.annotations], users.query.group_by, str(users.query)

    both_ways(run)
