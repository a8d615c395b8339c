"""Declarations compiled: kinds, statuses, and what a competitor gets wrong."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import enum
import functools
import sys
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, Meta

from django_bolt._plan import model
from django_bolt._plan.compile import dotted_name
from django_bolt._plan.errors import PlanError, UnresolvedName
from django_bolt._plan.text import coercion
from django_bolt.params import Body, Cookie, Depends, Header, Query
from tests.plan.compiling import compiled


class Item(msgspec.Struct, tag=True):
    name: str


class Other(msgspec.Struct, tag=True):
    size: int


class Color(enum.Enum):
    RED = "r"


class Filters(msgspec.Struct):
    page: int = 1


async def plain(item_id: int = 1):
    return item_id


async def waiting(item_id: int = 1):
    await asyncio.sleep(0)


def sync(item_id: int = 1):
    return item_id


class Callable_:  # noqa: N801
    async def __call__(self, item_id: int = 1):
        return item_id


async def dependency():
    return 1


def sync_dependency():
    return 1


async def async_items():
    yield 1


def items():
    yield 1


async def plain_with_async(value=Depends(dependency)):
    return value


async def plain_with_sync(value=Depends(sync_dependency)):
    return value


def sync_with_async(value=Depends(dependency)):
    return value


def sync_with_async_items(value=Depends(async_items)):
    return value


def sync_with_sync(value=Depends(sync_dependency), other=Depends(items)):
    return value


async def plain_with_list(tags: list[str] = []):  # noqa: B006
    return tags


def sync_with_list(tags: list[str] = []):  # noqa: B006
    return tags


@pytest.mark.parametrize(
    ("handler", "options", "kind"),
    [
        (plain, {}, "plain"),
        (Callable_(), {}, "plain"),
        (functools.partial(plain, 1), {}, "plain"),
        (waiting, {}, "coroutine"),
        (sync, {}, "def"),
        (sync, {"inline": True}, "inline"),
        (plain_with_async, {}, "coroutine"),
        (plain_with_sync, {}, "coroutine"),
        (sync_with_async, {}, "coroutine"),
        (sync_with_async_items, {}, "coroutine"),
        (sync_with_sync, {}, "def"),
        (sync_with_sync, {"inline": True}, "inline"),
        (plain_with_list, {}, "plain"),
        (sync_with_list, {}, "def"),
    ],
)
def test_kinds(handler, options, kind):
    assert compiled(handler, **options).kind == kind


@pytest.mark.parametrize(
    ("handler", "options", "message"),
    [
        (plain, {"inline": True}, "inline=True is for plain functions"),
        (sync_with_async, {"inline": True}, "the dependency .*dependency is async; make it a plain function"),
        (async_items, {}, "the handler is a generator, which is not served yet"),
        (items, {}, "the handler is a generator, which is not served yet"),
        (Item, {}, "the handler is a class, expected a function"),
        (sync, {"status_code": 99}, "status_code=99, expected a whole number from 100 to 599"),
        (sync, {"status_code": 600}, "status_code=600"),
        (sync, {"status_code": "200"}, "status_code='200'"),
        (sync, {"path": "/{other}"}, r"the path has {other}, which no parameter takes; .* request.params\['other'\]"),
        (lambda item: 1, {"response_model": 5}, "response_model: 5 is no type"),
    ],
)
def test_what_cannot_be_served(handler, options, message):
    with pytest.raises(PlanError, match=message):
        compiled(handler, **options)


def test_the_message_begins_with_the_route():
    with pytest.raises(PlanError) as caught:
        compiled(sync, method="PUT", path="/a/{b}")
    assert str(caught.value).startswith(f"PUT /a/{{b}} ({sync.__module__}.sync): the path has {{b}}")


def test_a_fault_keeps_its_type():
    async def handler(item: Missing):  # noqa: F821
        return item

    with pytest.raises(UnresolvedName, match=r"^GET / \(.*handler\): parameter 'item': Missing in 'Missing'"):
        compiled(handler)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the `type` statement is new in Python 3.12")
def test_a_type_that_refers_to_itself():
    namespace: dict[str, Any] = {}
    exec("type Json = list[Json] | int\nasync def handler(value: Json): pass", namespace)
    with pytest.raises(PlanError, match=r"handler\): a type refers to itself by a `type` alias; name it in a Struct"):
        compiled(namespace["handler"], method="POST")


def test_the_status():
    assert compiled(sync).status == 200
    assert compiled(sync, status_code=201).status == 201


def test_the_route_carries_what_others_read():
    async def handler(item_id: int, item: Item, q: str = "a") -> Other:
        return Other(1)

    route = compiled(handler, method="PUT", path="/{item_id}")
    assert (route.method, route.path, route.declaration.handler) == ("PUT", "/{item_id}", handler)
    assert (route.body_type, route.response_type) == (Item, Other)
    assert [(info.source, info.wire, info.required, info.default) for info in route.parameters] == [
        ("path", "item_id", True, UNSET),
        ("query", "q", False, "a"),
    ]


def test_keyword_only_parameters_are_named():
    async def handler(a: int, *, b: int, c: int = 1):
        return a

    route = compiled(handler)
    assert [argument.wire for argument in route.arguments] == ["a", "b", "c"]
    assert route.keywords == ["b", "c"]


def test_the_request_is_enough_for_any_segment():
    async def handler(request):
        return 1

    def reads(request):
        return 1

    async def below(value=Depends(reads)):
        return value

    assert compiled(handler, path="/{a}/{b:path}").arguments == [model.RequestArgument()]
    assert compiled(below, path="/{a}").arguments == [model.RequestArgument()]


def test_a_request_reads_the_body_as_it_is():
    async def handler(request):
        return 1

    assert compiled(handler).body == model.RawBody()
    assert compiled(plain).body is None


def test_one_name_read_as_two_types():
    def reads(page: str = "1"):
        return page

    async def handler(page: int = 1, value=Depends(reads)):
        return page

    with pytest.raises(
        PlanError, match="the query parameter 'page' is read as int and as str; give both the same type"
    ):
        compiled(handler)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Query(alias="a", ge=1), Query(alias="a")),
        (Header(alias="A"), Annotated),
    ],
)
def test_one_name_read_with_two_bounds(first, second):
    async def handler(one: int = first, two: int = second):
        return one

    if second is Annotated:
        handler.__defaults__ = (first, Header(alias="a", le=5))
    with pytest.raises(PlanError, match="is read as"):
        compiled(handler)


def test_a_group_and_a_parameter_may_share_a_name_of_one_type():
    async def handler(filters: Annotated[Filters, Query()], page: int | None = None):
        return page

    assert len(compiled(handler).arguments) == 2


def test_a_group_and_a_parameter_of_two_types():
    async def handler(filters: Annotated[Filters, Query()], page: str):
        return page

    with pytest.raises(PlanError, match="'page' is read as int and as str"):
        compiled(handler)


def test_one_name_in_two_sources_is_two_values():
    async def handler(a: int = Query(alias="k"), b: str = Cookie(alias="k"), c: bool = Header(alias="k")):
        return a

    assert len(compiled(handler).arguments) == 3


def test_names_of_callables():
    assert dotted_name(plain) == f"{__name__}.plain"
    assert dotted_name(functools.partial(plain)) == f"{__name__}.plain"
    assert dotted_name(Callable_()) == f"{__name__}.Callable_"


# What the public competitor gets wrong, at the level of the plan.


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Color, "choice(r)"),
        (Literal["a", "b"], "choice(a, b)"),
        (datetime.timedelta, "timedelta"),
        (list[Color], "list(choice(r))"),
    ],
)
@pytest.mark.parametrize("marker", [Query, Header, Cookie])
def test_every_scalar_is_validated_and_converted(annotation, expected, marker):
    async def handler(value=marker()):
        return value

    handler.__annotations__["value"] = annotation
    (argument,) = compiled(handler).arguments
    assert coercion(argument.coerce) == expected


@pytest.mark.parametrize("annotation", [dict, dict[str, int]])
def test_a_dict_is_never_any_text(annotation):
    async def handler(value):
        return value

    handler.__annotations__["value"] = annotation
    with pytest.raises(PlanError, match="GET takes no body"):
        compiled(handler)


@pytest.mark.parametrize("annotation", [list[Item], Item | Other])
def test_documents_are_never_taken_from_the_query(annotation):
    async def handler(value):
        return value

    handler.__annotations__["value"] = annotation
    assert isinstance(compiled(handler, method="POST").body, model.JsonBody)


@pytest.mark.parametrize("stars", ["*values", "**values"])
def test_stars_are_refused(stars):
    namespace: dict[str, Any] = {}
    exec(f"async def handler({stars}): pass", namespace)
    with pytest.raises(PlanError, match="which no request can fill"):
        compiled(namespace["handler"])


def test_one_parameter_fails_in_one_place():
    async def handler(item: Item, page: int, x_key: Annotated[str, Header()]):
        return item

    route = compiled(handler, method="POST")
    assert [(info.source, info.wire) for info in route.parameters] == [("query", "page"), ("header", "x-key")]


def test_an_optional_body_is_optional():
    async def handler(item: Item | None = None):
        return item

    async def marked(item: Annotated[Item | None, Body()] = None):
        return item

    for function in (handler, marked):
        assert compiled(function, method="POST").body.default.value is None


def test_embed_embeds():
    async def handler(item: Annotated[Item, Body(embed=True)]):
        return item

    (argument,) = compiled(handler, method="POST").arguments
    assert argument.field is not None


def test_an_optional_group_is_optional():
    async def handler(filters: Annotated[Filters | None, Query()] = None):
        return filters

    (argument,) = compiled(handler).arguments
    assert isinstance(argument, model.Group)
    assert argument.default.value is None


@pytest.mark.parametrize("marker", [Query, Header, Cookie])
def test_repeated_values_are_kept(marker):
    async def handler(values=marker()):
        return values

    handler.__annotations__["values"] = list[str]
    (argument,) = compiled(handler).arguments
    assert argument.coerce == model.List(item=model.Str())
    assert argument.default is None


def test_pagination_as_the_documentation_has_it():
    async def handler(request, cursor: int = Query(None), limit: int = Query(20, le=100)):
        return cursor

    _, cursor, limit = compiled(handler).arguments
    assert (coercion(cursor.coerce), cursor.default.value) == ("int", None)
    assert (coercion(limit.coerce), limit.default.value) == ("int(le=100)", 20)


def test_bounds_of_the_type_and_of_the_marker_hold_together():
    async def handler(value: Annotated[int, Meta(ge=1), Query(le=5)]):
        return value

    (argument,) = compiled(handler).arguments
    assert coercion(argument.coerce) == "int(ge=1, le=5)"


def test_a_route_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        compiled(plain).status = 201
