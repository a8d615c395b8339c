"""Dependencies in order, each once, their arguments shared."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from django_bolt._plan import model
from django_bolt._plan.errors import PlanError
from django_bolt.params import Body, Depends, Header, Query
from tests.plan.compiling import compiled


class Item(msgspec.Struct):
    name: str


async def settings(request, page: int = 1):
    return page


def flags(settings=Depends(settings)):
    return settings


def session():
    yield 1


async def connection():
    yield 1


class Service:
    def __init__(self, request, name: str, flags=Depends(flags), *, page: int = 1):
        self.name = name


def calls(route):
    return [step.call for step in route.graph.steps]


def test_a_handler_without_dependencies_has_no_graph():
    async def handler(a: int, request):
        return a

    assert compiled(handler).graph is None


def test_steps_stand_after_what_they_need():
    async def handler(service: Service = Depends(), again=Depends(settings), page: int = 1):
        return service

    route = compiled(handler)
    assert calls(route) == [settings, flags, Service]
    assert [type(argument) for argument in route.arguments] == [model.RequestArgument, model.Param, model.Param]
    assert [argument.wire for argument in route.arguments[1:]] == ["name", "page"]
    settings_step, flags_step, service_step = route.graph.steps
    # Values 0 to 2 are the arguments, 3 to 5 the results.
    assert settings_step.inputs == (0, 2)
    assert flags_step.inputs == (3,)
    assert (service_step.inputs, service_step.keywords) == ((0, 1, 4, 2), ("page",))
    assert route.graph.handler.inputs == (5, 3, 2)
    assert [step.kind for step in route.graph.steps] == ["async", "sync", "class"]


def test_generators_are_known():
    async def handler(a=Depends(session), b=Depends(connection)):
        return a

    assert [step.kind for step in compiled(handler).graph.steps] == ["gen", "async_gen"]


def test_a_dependency_runs_once_unless_it_opts_out():
    async def handler(
        a=Depends(flags), b=Depends(flags), c=Depends(flags, use_cache=False), d=Depends(flags, use_cache=False)
    ):
        return a

    route = compiled(handler)
    assert calls(route) == [settings, flags, flags, flags]
    assert [step.use_cache for step in route.graph.steps] == [True, True, False, False]
    first = len(route.arguments)
    assert route.graph.handler.inputs == (first + 1, first + 1, first + 2, first + 3)


def test_bound_methods_of_one_object_are_one_dependency():
    service = Service(None, "a")
    service.read = None

    class Reader:
        def read(self):
            return 1

    reader = Reader()

    async def handler(a=Depends(reader.read), b=Depends(reader.read), c=Depends(Reader().read)):
        return a

    assert len(compiled(handler).graph.steps) == 2


def test_callables_that_cannot_be_hashed_are_told_apart():
    class Unhashable:
        __hash__ = None

        def __call__(self):
            return 1

    one, two = Unhashable(), Unhashable()

    async def handler(a=Depends(one), b=Depends(two), c=Depends(one)):
        return a

    assert calls(compiled(handler)) == [one, two]


def test_equal_lookups_are_made_once():
    def other(request, page: int = 1, x_key: str = Header("")):
        return page

    async def handler(request, page: int = 1, a=Depends(settings), b=Depends(other), req: Any = Header("", alias="x")):
        return a

    route = compiled(handler)
    assert [getattr(argument, "wire", "request") for argument in route.arguments] == ["request", "page", "x-key", "x"]
    assert route.keywords == []


def test_without_dependencies_every_parameter_has_its_own_argument():
    async def handler(a: int = Query(1, alias="p"), b: int = Query(1, alias="p"), *, c: int = Query(1, alias="p")):
        return a

    route = compiled(handler)
    assert len(route.arguments) == 3
    assert route.keywords == ["c"]


def test_parameters_of_a_dependency_come_from_everywhere():
    def dependency(item_id: int, item: Item, x_key: Annotated[str, Header()]):
        return item

    async def handler(made=Depends(dependency)):
        return made

    route = compiled(handler, method="POST", path="/{item_id}")
    assert [type(argument) for argument in route.arguments] == [model.Param, model.BodyArgument, model.Param]
    assert isinstance(route.body, model.JsonBody)
    assert [info.source for info in route.parameters] == ["path", "header"]


def test_one_body_may_be_read_twice():
    def dependency(item: Item):
        return item

    async def handler(item: Item, made=Depends(dependency)):
        return made

    route = compiled(handler, method="POST")
    assert route.arguments == [model.BodyArgument()]
    assert route.body_type is Item


def test_two_bodies_of_handler_and_dependency_are_two_keys():
    def dependency(other: Item):
        return other

    async def handler(item: Item, made=Depends(dependency), count: int = Body(0)):
        return made

    route = compiled(handler, method="POST")
    fields = [argument.field for argument in route.arguments]
    value = route.body.decode.value(b'{"item": {"name": "a"}, "other": {"name": "b"}, "count": 3}')
    assert [getattr(value, name) for name in fields] == [Item("a"), Item("b"), 3]


def test_defaults_that_must_not_be_shared_need_a_runner():
    async def handler(tags: list[str] = [], *, name: str = "a"):  # noqa: B006
        return tags

    route = compiled(handler)
    assert route.graph.steps == ()
    assert list(route.graph.factories) == [0]
    assert (route.graph.handler.inputs, route.graph.handler.keywords) == ((0, 1), ("name",))
    assert route.keywords == []


def first(value=None):
    return value


def second(value=Depends(first)):
    return value


def third(value=Depends(second)):
    return value


def test_a_circle_is_named():
    first.__defaults__ = (Depends(third),)
    try:

        async def handler(value=Depends(second)):
            return value

        with pytest.raises(PlanError, match="go round in a circle, second -> first -> third -> second; one of them"):
            compiled(handler)
    finally:
        first.__defaults__ = (None,)


def test_a_dependency_on_itself_is_a_circle():
    first.__defaults__ = (Depends(first),)
    try:

        async def handler(value=Depends(first)):
            return value

        with pytest.raises(PlanError, match="first -> first"):
            compiled(handler)
    finally:
        first.__defaults__ = (None,)


def test_a_diamond_is_no_circle():
    def left(value=Depends(settings)):
        return value

    def right(value=Depends(settings)):
        return value

    async def handler(a=Depends(left), b=Depends(right)):
        return a

    assert calls(compiled(handler)) == [settings, left, right]


@pytest.mark.parametrize(
    ("annotation", "marker", "message"),
    [
        (Any, Depends(), r"has Depends\(\) and the annotation Any; name a class"),
        (int | None, Depends(), r"has Depends\(\) and the annotation int \| None"),
        (Any, Depends(5), r"has Depends\(5\), expected something to call: drop the parentheses"),
        (Any, Depends(lambda *args: 1), r"dependency <lambda>: takes \*args"),
        (Any, Depends(lambda a=Query(gt="x"): 1), "dependency <lambda>: parameter 'a': has gt="),
    ],
)
def test_what_cannot_be_depended_on(annotation, marker, message):
    async def handler(value=marker):
        return value

    handler.__annotations__["value"] = annotation
    with pytest.raises(PlanError, match=message):
        compiled(handler)
