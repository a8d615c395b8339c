"""Related managers, prefetches and instances as values: compiled shapes ask and answer what Django's own queries do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Prefetch

from tests.queries import assert_compiled, both_ways

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rows() -> None:
    for number in range(4):
        user = User.objects.create(username=f"user{number}")
        group = Group.objects.create(name=f"group{number}")
        group.permissions.set(Permission.objects.order_by("id")[number : number + 3])
        user.groups.set(Group.objects.order_by("-id")[:2])


def user() -> Any:
    return User.objects.get(username="user3")


def kind() -> Any:
    return ContentType.objects.get(model="user")


def kinds() -> list[ContentType]:
    return list(ContentType.objects.filter(model__in=["user", "group"]))


def read(users: Any) -> list[Any]:
    return [
        (user, list(user.groups.all()), [list(group.permissions.all()) for group in user.groups.all()])
        for user in users
    ]


COMPILED: dict[str, Callable[[], Any]] = {
    "reverse": lambda: list(kind().permission_set.all()),
    "reverse, known": lambda: [permission.content_type for permission in kind().permission_set.order_by("-name")],
    "reverse, more": lambda: list(kind().permission_set.filter(codename__startswith="add").values_list("codename")),
    "reverse, counted": lambda: kind().permission_set.count(),
    "reverse, one": lambda: kind().permission_set.get(codename="add_user"),
    "many": lambda: list(user().groups.all()),
    "many, more": lambda: list(user().groups.filter(name="group3").order_by("-id")[:5]),
    "many, sticky": lambda: list(user().groups.filter(user__username="user1").filter(user__username="user2")),
    "many, left out": lambda: list(user().groups.exclude(name="group3")),
    "many, counted": lambda: user().groups.count(),
    "many, any": lambda: user().groups.filter(name="other").exists(),
    "many, backwards": lambda: list(
        Group.objects.get(name="group3").user_set.filter(username__contains="user").distinct()
    ),
    "forward": lambda: Permission.objects.get(codename="add_user").content_type.permission_set.first(),
    "joined": lambda: [p.content_type.model for p in Permission.objects.select_related("content_type")[:9]],
    "instance": lambda: list(Permission.objects.filter(content_type=kind())),
    "instances": lambda: list(Permission.objects.filter(content_type__in=kinds())),
    "instances of many": lambda: list(User.objects.filter(groups__in=set(Group.objects.all())).order_by("id")),
    "prefetch": lambda: read(User.objects.prefetch_related("groups")),
    "prefetch, nested": lambda: read(User.objects.order_by("id").prefetch_related("groups__permissions")),
    "prefetch, reverse": lambda: [
        list(kind.permission_set.all()) for kind in ContentType.objects.prefetch_related("permission_set")
    ],
    "prefetch, ordered": lambda: read(
        User.objects.prefetch_related(Prefetch("groups", Group.objects.order_by("-name")))
    ),
}

DJANGOS: dict[str, Callable[[], Any]] = {
    "forward prefetch": lambda: [p.content_type for p in Permission.objects.prefetch_related("content_type")],
    "sliced prefetch": lambda: read(
        User.objects.prefetch_related(Prefetch("groups", Group.objects.order_by("name")[:1]))
    ),
    "annotated": lambda: list(user().groups.annotate(n=Count("permissions")).values("name", "n")),
    "subquery": lambda: list(Permission.objects.filter(group__in=user().groups.all()).order_by("id")),
    "joins of a manager": lambda: list(user().groups.filter(user__username="user1") | user().groups.filter(name="x")),
    "wrong instance": lambda: list(Permission.objects.filter(content_type=user())),
    "wrong instances": lambda: list(Permission.objects.filter(content_type__in=[kind(), user()])),
    "unsaved instance": lambda: list(Permission.objects.filter(content_type=ContentType())),
    "unsaved instances": lambda: list(Permission.objects.filter(content_type__in=[kind(), ContentType()])),
    "instances and keys": lambda: list(Permission.objects.filter(content_type__in=[kind(), 1])),
    "no instances": lambda: list(Permission.objects.filter(content_type__in=[])),
    "unsaved manager": lambda: list(User().groups.all()),
    "extra": lambda: list(User.objects.extra(select={"x": "1 + 1"}).values("x", "username")),
    "extra with a value": lambda: list(User.objects.extra(select={"x": "1 + %s"}, select_params=[2]).values("x")),
    "extra column": lambda: list(User.objects.extra(select={"x": '"auth_user"."id"'}).values("x", "username")),
    "extra nothing": lambda: list(User.objects.extra(select={"x": '"auth_user"."nothing"'})),
}


@pytest.mark.parametrize("name", COMPILED)
def test_compiled(name: str) -> None:
    assert_compiled(COMPILED[name])


@pytest.mark.parametrize("name", DJANGOS)
def test_same(name: str) -> None:
    both_ways(DJANGOS[name])


def test_what_was_given_may_change_afterwards() -> None:
    def run() -> Any:
        given = kinds()
        one = kind()
        names = ["add_user"]
        queries = [
            Permission.objects.filter(content_type=one),
            Permission.objects.filter(content_type__in=given),
            Permission.objects.filter(codename__in=names),
        ]
        one.pk = None
        given.clear()
        names.append("add_group")
        return [list(query.annotate(n=Count("group")).order_by("id")) for query in queries]

    both_ways(run)


def test_sticky_filters_keep_their_joins() -> None:
    def run() -> Any:
        groups = user().groups.filter(user__is_staff=False)
        return list(groups.filter(user__username="user1")), str(groups.annotate(n=Count("id")).query)

    both_ways(run)
