"""The texts that a wrong route is refused with, whole: they are what a user sees first."""

import functools
import ipaddress
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from django_bolt import BoltAPI, Router
from django_bolt._plan.errors import PlanError
from django_bolt._runtime.assemble import assemble
from django_bolt.middleware import skip_middleware
from django_bolt.params import Body, Depends, File, Form, Header, Path, Query
from tests.plan.compiling import compiled


class Item(msgspec.Struct):
    name: str


class Untagged(msgspec.Struct):
    size: int


def first(value=None):
    return value


def second(value=Depends(first)):
    return value


CASES = [
    (
        lambda item: 1,
        {"item": Item},
        "GET /",
        "parameter 'item': is annotated Item, and GET takes no body; write Query() to take its fields from the query "
        "string",
    ),
    (
        lambda data: 1,
        {"data": dict},
        "GET /",
        "parameter 'data': is annotated dict, and GET takes no body; write Body() for JSON, or take the query string's "
        "fields with Query() and a Struct",
    ),
    (
        lambda *args: 1,
        {},
        "GET /",
        "takes *args, which no request can fill; name each parameter (a decorator keeps the names of what it wraps "
        "with functools.wraps)",
    ),
    (
        lambda a: 1,
        {"a": ipaddress.IPv4Address},
        "GET /",
        "parameter 'a': is annotated IPv4Address, which no text can express; expected str, int, float, bool, Decimal, "
        "datetime, date, time, timedelta, UUID, an Enum, a Literal, or a list of one of these",
    ),
    (
        lambda: 1,
        {},
        "GET /{item_id}",
        "the path has {item_id}, which no parameter takes; add a parameter 'item_id', or `request` to read "
        "request.params['item_id']",
    ),
    (
        lambda other=Path(): 1,
        {},
        "GET /{item_id}",
        "parameter 'other': comes from the path, which has {item_id}; add {other} to the path or change the marker",
    ),
    (
        lambda a=Path(): 1,
        {},
        "GET /",
        "parameter 'a': comes from the path, which has no segment; add {a} to the path or change the marker",
    ),
    (
        lambda a: 1,
        {"a": Annotated[int, Query(1), Header()]},
        "GET /",
        "parameter 'a': has 2 markers in Annotated, expected one: a value has one source",
    ),
    (
        lambda a=2: 1,
        {"a": Annotated[int, Query(1)]},
        "GET /",
        "parameter 'a': has two defaults, 1 in its marker and 2 after `=`; keep the latter",
    ),
    (
        lambda a=Query(ge=1): 1,
        {"a": list[int]},
        "GET /",
        "parameter 'a': has ge=, which does not fit list[int]; to bound each item write list[Annotated[..., "
        "msgspec.Meta(ge=...)]]",
    ),
    (
        lambda a=Query(ge=1): 1,
        {"a": Annotated[int, Meta(ge=2)]},
        "GET /",
        "parameter 'a': has ge=2 and ge=1; keep one of them",
    ),
    (
        lambda a: 1,
        {"a": Annotated[str, Header()] | None},
        "GET /",
        "parameter 'a': has a marker inside str; a marker stands around the whole type: Annotated[str | None, Query()]",
    ),
    (
        lambda a=Form(): 1,
        {},
        "POST /",
        "parameter 'a': forms and files are not served yet; take `request` and read `request.body`",
    ),
    (
        lambda a=File(): 1,
        {},
        "POST /",
        "parameter 'a': forms and files are not served yet; take `request` and read `request.body`",
    ),
    (
        lambda request: 1,
        {"request": Item},
        "POST /",
        "parameter 'request': is annotated Item, but this parameter always takes the Request; give it another name",
    ),
    (
        lambda a: 1,
        {"a": Item | Untagged},
        "POST /",
        "parameter 'a': Item | Untagged is no type that msgspec can handle: If a type union contains multiple Struct "
        "types, all Struct types must be tagged (via `tag` or `tag_field` kwarg) - type "
        "`tests.errors.test_registration.Item | tests.errors.test_registration.Untagged` is not supported",
    ),
    (
        lambda a=Body(alias="b"): 1,
        {"a": Item},
        "POST /",
        "'b' is the alias of a parameter that takes the whole body; add embed=True to read that key, or drop the alias",
    ),
    (
        lambda a, b: 1,
        {"a": Annotated[bytes, Body()], "b": Item},
        "POST /",
        "'a' takes the body as bytes, and 'b' takes from the same body; keep one",
    ),
    (
        lambda a=Query(1, alias="k"), b=Query("", alias="k"): 1,
        {"a": int, "b": str},
        "GET /",
        "the query parameter 'k' is read as int and as str; give both the same type, or one of them an alias",
    ),
    (
        lambda a=Depends(first()): 1,
        {},
        "GET /",
        "parameter 'a': has Depends() and the annotation Any; name a class there, or write Depends(get_it)",
    ),
    (
        lambda: 1,
        {"return": ipaddress.IPv4Address},
        "GET /",
        "return annotation: IPv4Address is no type that msgspec can handle; name its fields in a msgspec.Struct, a "
        "dataclass or a TypedDict. If it is meant for type checkers only, declare response_model=None on the route",
    ),
    (
        lambda a: 1,
        {"a": "Missing"},
        "GET /",
        "parameter 'a': Missing in 'Missing' is no name at the top level of tests.errors.test_registration; move it "
        "there (a name imported under `if TYPE_CHECKING` or defined inside a function cannot be seen), or drop `from "
        "__future__ import annotations`",
    ),
    (
        lambda: 1,
        {},
        "GET /{a:int}",
        "the path has {a:int}, expected {name} or {name:path}; the type of a segment is the annotation of its "
        "parameter",
    ),
]


@pytest.mark.parametrize(("handler", "annotations", "place", "text"), CASES)
def test_the_text_is_as_it_was(handler: Any, annotations: dict[str, Any], place: str, text: str):
    handler.__annotations__.update(annotations)
    method, path = place.split()
    with pytest.raises(PlanError) as caught:
        compiled(handler, method, path)
    assert str(caught.value) == f"{place} (tests.errors.test_registration.<lambda>): {text}"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_body": -1}, "max_body=-1, expected a whole number of bytes, such as 10_000_000"),
        ({"max_body": "1M"}, "max_body='1M', expected a whole number of bytes, such as 10_000_000"),
        ({"max_body": True}, "max_body=True, expected a whole number of bytes, such as 10_000_000"),
        ({"timeout": -1}, "timeout=-1, expected seconds from 0 (never) to 86400, such as 2.5"),
        ({"timeout": float("nan")}, "timeout=nan, expected seconds from 0 (never) to 86400, such as 2.5"),
        ({"timeout": float("inf")}, "timeout=inf, expected seconds from 0 (never) to 86400, such as 2.5"),
        ({"timeout": "2s"}, "timeout='2s', expected seconds from 0 (never) to 86400, such as 2.5"),
        (
            {"timeout": 2, "inline": True},
            "timeout=2 with inline=True, but nothing can run while an inline handler does; drop inline=True, or the "
            "timeout",
        ),
    ],
)
def test_limits_that_mean_nothing(options: dict[str, Any], text: str):
    with pytest.raises(PlanError) as caught:
        compiled(answerless, **options)
    assert str(caught.value) == f"GET / (tests.errors.test_registration.answerless): {text}"


def answerless():
    return None


def test_a_circle():
    first.__defaults__ = (Depends(second),)
    try:
        with pytest.raises(PlanError) as caught:
            compiled(functools.partial(second))
    finally:
        first.__defaults__ = (None,)
    assert str(caught.value) == (
        "GET / (tests.errors.test_registration.second): dependency first: dependency second: parameter 'value': the "
        "dependencies go round in a circle, first -> second -> first; one of them must do without the next"
    )


class DjangoStyle:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)


def django_function(get_response):
    return get_response


class NoMiddleware:
    pass


class Sync:
    def __call__(self, request, call_next):
        return call_next(request)


class SyncProcess:
    def process_request(self, request):
        return None


class OneParameter:
    async def __call__(self, request):
        return None


class Configured:
    def __init__(self, name):
        self.name = name

    async def __call__(self, request, call_next):
        return await call_next(request)


EXPECTED_MIDDLEWARE = (
    "expected `async def __call__(self, request, call_next)`, or `async def process_request(self, request)` and "
    "`async def process_response(self, request, response)`, or an async function of (request, call_next)"
)
MIDDLEWARE = [
    (
        DjangoStyle,
        "middleware=[DjangoStyle] is Django middleware (it takes get_response); "
        "give it as BoltAPI(django_middleware=[DjangoStyle])",
    ),
    (
        django_function,
        "middleware=[django_function] is Django middleware (it takes get_response); "
        "give it as BoltAPI(django_middleware=[django_function])",
    ),
    (
        "project.middleware.Timing",
        "middleware=['project.middleware.Timing'] names a class by its path; Django's middleware is given as "
        "BoltAPI(django_middleware=['project.middleware.Timing']), and Bolt's as the class itself",
    ),
    (NoMiddleware, f"middleware=[NoMiddleware] is no middleware; {EXPECTED_MIDDLEWARE}"),
    (
        Sync,
        "middleware Sync(request, call_next) is not async, and everybody's requests would wait for it; write async def",
    ),
    (
        SyncProcess(),
        "middleware SyncProcess.process_request(request) is not async, and everybody's requests would wait for it; "
        "write async def",
    ),
    (
        OneParameter,
        f"middleware OneParameter cannot be called with (request, call_next): too many positional arguments; "
        f"{EXPECTED_MIDDLEWARE}",
    ),
    (
        Configured,
        "middleware=[Configured] cannot be made without arguments (missing a required argument: 'name'); "
        "give an instance: middleware=[Configured(...)]",
    ),
]


@pytest.mark.parametrize(("item", "message"), MIDDLEWARE, ids=lambda value: getattr(value, "__name__", None))
@pytest.mark.parametrize("where", ["BoltAPI", "Router", "GET /x"])
def test_middleware(item: Any, message: str, where: str) -> None:
    with pytest.raises(PlanError) as raised:
        if where == "BoltAPI":
            BoltAPI(middleware=[item])
        elif where == "Router":
            Router(middleware=[item])
        else:
            BoltAPI().get("/x", middleware=[item])
    assert str(raised.value) == f"{where}: {message}"


def test_a_name_of_middleware_that_nothing_has():
    api = BoltAPI(middleware=[Configured("a")])
    api.get("/x")(skip_middleware("Configurred")(first))
    with pytest.raises(PlanError) as raised:
        assemble([api])
    assert str(raised.value) == (
        "GET /x: skip_middleware('Configurred') names nothing that is declared; expected one of '*', "
        "'CORSMiddleware', 'CompressionMiddleware', 'Configured', 'RateLimitMiddleware', 'compression', 'cors', "
        "'rate_limit'. Django's middleware cannot be left out around one route"
    )


def test_names_of_middleware_that_are_none():
    with pytest.raises(TypeError, match=r"expected names; write @skip_middleware\(\"cors\"\)"):
        skip_middleware(first)
