"""`count()`, `exists()` and `aggregate()` of compiled shapes ask and answer what Django's own queries do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import Avg, Count, F, Max, Min, Q, Sum, Value
from django.db.models.functions import Length

from tests.queries import assert_compiled, both_ways

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def users() -> None:
    for number in range(5):
        user = User.objects.create(username=f"user{number}", is_staff=number > 2)
        user.groups.add(Group.objects.create(name=f"group{number}"))


COMPILED: dict[str, Callable[[], Any]] = {
    "all": lambda: User.objects.count(),
    "filtered": lambda: User.objects.filter(is_staff=True, id__gt=1).count(),
    "of values": lambda: User.objects.filter(username__in=["user1", "user2", "other"]).count(),
    "joined": lambda: User.objects.filter(groups__name="group1").count(),
    "ordered": lambda: User.objects.order_by("-username").count(),
    "selected": lambda: User.objects.values("id").count(),
    "any": lambda: User.objects.exists(),
    "any filtered": lambda: User.objects.filter(username="user1").exists(),
    "none": lambda: User.objects.filter(username="other", id__in=[1, 2]).exists(),
    "any of a slice": lambda: User.objects.filter(is_staff=False)[2:4].exists(),
    "any behind all": lambda: User.objects.filter(is_staff=False)[20:].exists(),
    "any distinct": lambda: User.objects.filter(Q(groups__name="group1") | Q(id=1)).values("id").exists(),
    "contains": lambda: User.objects.filter(is_staff=False).contains(User(id=10_000)),
    "aggregates": lambda: User.objects.filter(id__gt=0).aggregate(
        Count("groups", distinct=True), most=Max("id"), least=Min("username"), sum=Sum("id"), mean=Avg("id")
    ),
    "of nothing": lambda: User.objects.filter(username="other").aggregate(Count("id"), Sum("id")),
    "of a relation": lambda: User.objects.aggregate(n=Max("groups__name")),
}

DJANGOS: dict[str, Callable[[], Any]] = {
    "a slice": lambda: User.objects.order_by("id")[1:3].count(),
    "distinct": lambda: User.objects.filter(groups__name__contains="g").distinct().count(),
    "distinct slice": lambda: User.objects.distinct()[:3].exists(),
    "annotated": lambda: User.objects.annotate(n=Count("groups")).filter(n=1).count(),
    "no values": lambda: User.objects.filter(id__in=[]).count(),
    "none": lambda: User.objects.none().count(),
    "no rows": lambda: User.objects.filter(id__in=[]).exists(),
    "filtered": lambda: User.objects.aggregate(n=Count("id", filter=Q(is_staff=True))),
    "defaults": lambda: User.objects.filter(id=-1).aggregate(n=Sum("id", default=7)),
    "expressions": lambda: User.objects.aggregate(n=Sum(F("id") + 1), m=Max(Length("username")), v=Max(Value(3))),
    "each other": lambda: User.objects.aggregate(n=Max("id"), m=F("n")),
    "combined": lambda: User.objects.filter(id=1).union(User.objects.filter(id=2)).count(),
    "combined any": lambda: User.objects.filter(id=1).union(User.objects.filter(id=2)).exists(),
    "unknown field": lambda: User.objects.aggregate(n=Max("nothing")),
    "no aggregate": lambda: User.objects.aggregate(n=F("id")),
    "out of range": lambda: User.objects.filter(id=2**70).count(),
}


@pytest.mark.parametrize("name", COMPILED)
def test_compiled(name: str) -> None:
    assert_compiled(COMPILED[name])


@pytest.mark.parametrize("name", DJANGOS)
def test_same(name: str) -> None:
    both_ways(DJANGOS[name])


def test_counting_leaves_the_query_as_it_was() -> None:
    def run() -> Any:
        users = User.objects.filter(is_staff=False, groups__name__startswith="group")
        return users.count(), users.exists(), list(users.order_by("id")[:2]), users.filter(id__gt=1).count()

    assert_compiled(run)


def test_each_value_is_its_own() -> None:
    names = ["user1", "other", "user2", "nobody"] * 2
    assert [User.objects.filter(username=name).exists() for name in names] == [True, False] * 4
    assert [User.objects.filter(username=name).count() for name in names] == [1, 0] * 4
