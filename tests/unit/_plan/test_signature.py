"""Signatures of everything that can be called, read without running it."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pytest
from asgiref.sync import sync_to_async
from msgspec import UNSET, Meta
from typing_extensions import TypeAliasType

from django_bolt._plan.errors import PlanError, UnresolvedName
from django_bolt._plan.signature import Factory, read_parameters, read_return
from django_bolt.dependencies import Dependency
from django_bolt.params import Depends, Header, Marker, Query

if TYPE_CHECKING:
    from nowhere import Request, Secret

Page = Annotated[int, Query(ge=1)]
Alias = TypeAliasType("Alias", Page)


class Item(msgspec.Struct):
    name: str
    tags: list[str] = []
    size: int = 1


@dataclasses.dataclass
class Filters:
    name: str
    tags: list[str] = dataclasses.field(default_factory=list)


class Service:
    def __init__(self, request, page: int = 1):
        self.page = page

    def __call__(self, name: str):
        return name

    async def method(self, name: str = "a"):
        return name


class Child(Service):
    pass


class Bare:
    pass


def function(a, b: int, c: str = "x", *, d: Page = 1):
    return a


def positional(a: int, /, b: int):
    return a


@functools.wraps(function)
def wrapper(*args: Any, **kwargs: Any) -> Any:
    return None


def summary(call):
    return [(p.name, p.annotation, p.default, p.keyword_only) for p in read_parameters(call)]


FUNCTION = [("a", Any, UNSET, False), ("b", int, UNSET, False), ("c", str, "x", False), ("d", int, 1, True)]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (function, FUNCTION),
        (wrapper, FUNCTION),
        (sync_to_async(function), FUNCTION),
        (functools.partial(function, 5), FUNCTION[1:]),
        (functools.partial(function, c="y"), [*FUNCTION[:2], FUNCTION[3]]),
        (positional, [("a", int, UNSET, False), ("b", int, UNSET, False)]),
        (Service, [("request", Any, UNSET, False), ("page", int, 1, False)]),
        (Child, [("request", Any, UNSET, False), ("page", int, 1, False)]),
        (Service(None), [("name", str, UNSET, False)]),
        (Service(None).method, [("name", str, "a", False)]),
        (Bare, []),
        (lambda: 1, []),
    ],
)
def test_every_callable_shows_its_parameters(call, expected):
    assert summary(call) == expected


def test_factories_of_records_are_kept_as_factories():
    for kind in (Item, Filters):
        name, tags, *_ = read_parameters(kind)
        assert name.default is UNSET
        assert isinstance(tags.default, Factory)
        assert tags.default.make() == [] and tags.default.make() is not tags.default.make()


def test_a_mutable_default_is_made_anew():
    shared = ["a"]

    def handler(tags: list[str] = shared, other: list[str] = Query(shared), name: str = "a"):
        return tags

    tags, other, name = read_parameters(handler)
    for parameter in (tags, other):
        assert parameter.default.shown is shared
        assert parameter.default.make() == ["a"]
        assert parameter.default.make() is not shared
    assert name.default == "a"


def test_markers_come_from_the_default_and_from_annotated():
    def handler(
        a: int = Query(1, ge=2),
        b: Annotated[str, Meta(min_length=1), Header()] = "x",
        c: Alias = 3,
        d: Annotated[int, Query(7)] = ...,
        e: int = Query(...),
        f: Annotated[Item, Depends()] = ...,
        g: Any = Depends(function),
    ):
        return a

    read = {parameter.name: parameter for parameter in read_parameters(handler)}
    assert read["a"].marker == Marker(source="query", default=1, ge=2) and read["a"].default == 1
    assert read["b"].marker == Marker(source="header")
    assert (read["b"].annotation, read["b"].default) == (Annotated[str, Meta(min_length=1)], "x")
    assert read["c"].marker == Marker(source="query", ge=1) and read["c"].annotation is int
    assert read["d"].default == 7
    assert read["e"].default is UNSET
    assert read["f"].marker == Dependency(None) and read["f"].annotation is Item
    assert read["g"].marker == Dependency(function)


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("*args", r"takes \*args, which no request can fill; .* functools.wraps"),
        ("**kwargs", r"takes \*\*kwargs"),
        ("a: Page = Query(1)", "parameter 'a': has a marker in Annotated and another one as its default"),
        ("a: Annotated[int, Query(), Header()]", "has 2 markers in Annotated"),
        ("a: Annotated[int, Query(1)] = 2", "has two defaults, 1 in its marker and 2 after `=`"),
        ("a: Annotated[int, Query] = 2", r"has Query in Annotated, expected Query\(\)"),
        ("a: int = Query", r"has the default Query, expected Query\(\.\.\.\)"),
        ("a: int = Depends", r"has the default Depends, expected Depends\(\.\.\.\)"),
        ("a: Annotated[int, Depends(len)] = 2", r"has Depends\(\) and a default"),
        ("a: 'int +'", r"the annotation .*int \+.* cannot be evaluated: SyntaxError"),
        ("a: Meta(ge=1, gt=1)", "cannot be evaluated: ValueError"),
    ],
)
def test_doubtful_parameters_are_refused(signature, message):
    namespace = dict(globals())
    exec(f"def handler({signature}): pass", namespace)
    with pytest.raises(PlanError, match=message):
        read_parameters(namespace["handler"])


def test_an_unresolved_name_is_told_with_its_module():
    def handler(secret: Secret):
        return secret

    with pytest.raises(UnresolvedName, match="Secret in 'Secret' is no name at the top level of .*test_signature;"):
        read_parameters(handler)


def test_a_name_nested_in_an_annotation_is_told_as_well():
    def handler(secret: list[Missing]):  # noqa: F821
        return secret

    with pytest.raises(UnresolvedName, match=r"Missing in 'list\[Missing\]'"):
        read_parameters(handler)


def test_the_request_needs_no_type_that_exists():
    def handler(request: Request):
        return request

    assert summary(handler) == [("request", Any, UNSET, False)]


def test_local_classes_that_the_body_uses_are_found():
    class Local(msgspec.Struct):
        name: str

    def handler(item: Local) -> Local:
        return Local(item.name)

    assert summary(handler) == [("item", Local, UNSET, False)]
    assert read_return(handler) is Local


def test_a_variable_of_the_outer_function_may_be_unassigned():
    def handler(a: int):
        return later

    assert summary(handler) == [("a", int, UNSET, False)]
    later = 1
    assert handler(1) == later


def test_builtin_callables_show_their_parameters():
    class Reader:
        __call__ = len

    assert [parameter.name for parameter in read_parameters(functools.partial(math.sqrt))] == ["x"]


def test_names_of_a_class_do_not_hide_types():
    class View:
        def list(self, items: list[int]) -> list[int]:
            return items

    assert summary(View().list) == [("items", list[int], UNSET, False)]
    assert read_return(View().list) == list[int]


def test_the_return_annotation_is_read_alone():
    def handler(a: Missing) -> int:  # noqa: F821
        return 1

    assert read_return(handler) is int
    assert read_return(lambda: 1) is UNSET


def test_a_callable_without_a_signature_is_refused():
    class Hidden:
        __signature__ = 5

        def __call__(self):
            return 1

    with pytest.raises(PlanError, match="the signature cannot be read"):
        read_parameters(Hidden())
