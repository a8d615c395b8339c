"""The plan as it crosses: `tests/contract/plan.json`, which the core's own tests read, is what Python writes."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

from django_bolt._plan import model
from django_bolt._plan.model import AppPlan, Param, RoutePlan, serialise
from django_bolt._plan.node import Ref
from django_bolt._plan.policy import (
    AllowAny,
    ApiKey,
    Authenticated,
    Compression,
    Cors,
    Encoding,
    Flag,
    Guard,
    Header,
    Ip,
    Jwt,
    Names,
    Policies,
    PythonBackend,
    PythonGuard,
    RateLimit,
    Scope,
    User,
)
from django_bolt._plan.server import AccessLog, RateLimits, ServerPlan

CONTRACT = Path(__file__).parents[1] / "contract" / "plan.json"


def query(wire: str, coerce: model.Coerce, default: Ref | None = None) -> Param:
    return Param(source="query", wire=wire, coerce=coerce, default=default)


def route(number: count[int], method: str, path: str, kind: model.HandlerKind, **changes: Any) -> RoutePlan:
    """Return a route whose last references are the next of `number`."""
    fields: dict[str, Any] = {
        "shield": False,
        "max_body": None,
        "timeout": None,
        "status": 200,
        "python_errors": False,
        "keywords": [],
        "policies": Policies(),
        "auth": [],
        "guards": [],
        "around": False,
    }
    fields |= {"args": [], "body": None, **changes}
    rest = {name: Ref(next(number)) for name in ("call", "encoders", "finish", "fail")}
    return RoutePlan(method=method, path=path, kind=kind, **fields, **rest)


def parameters(number: count[int]) -> list[model.Argument]:
    """Return an argument for each way to coerce, from every source."""

    def ref() -> Ref:
        return Ref(next(number))

    return [
        model.RequestArgument(),
        Param(source="path", wire="id", coerce=model.Int(gt=0, ge=1, lt=100, le=99, multiple_of=3)),
        Param(source="path", wire="rest", coerce=model.Str()),
        query("s", model.Str(min_length=1, max_length=9, pattern="^[a-z]+$"), ref()),
        query("f", model.Float(gt=0.5, ge=1.0, lt=1e300, le=9.5, multiple_of=0.25)),
        query("d", model.Decimal()),
        query("b", model.Bool()),
        query("dt", model.Datetime()),
        query("da", model.Date()),
        query("t", model.Time()),
        query("td", model.Timedelta()),
        Param(source="header", wire="x-id", coerce=model.Uuid()),
        Param(source="cookie", wire="colour", coerce=model.Choice(values=[("red", ref()), ("green", ref())])),
        query("u", model.Union(items=[model.Int(), model.Bool()])),
        query("l", model.List(item=model.Int(), min_length=1, max_length=3, into=ref())),
        query("c", model.Convert(call=ref())),
        query("cm", model.Convert(call=ref(), many=True)),
        model.Group(
            source="query",
            build=ref(),
            fields=[model.GroupField(keyword="page", required=False, wire="p", coerce=model.Int())],
            default=ref(),
        ),
    ]


POLICIES = Policies(
    cors=Cors(origins=["https://a.example"], methods=["*"], headers=["x-a"], credentials=True, expose=["x-b"]),
    rate_limits=[
        RateLimit(bucket="GET /", requests=100, window=60, burst=100, key=key)
        for key in (Ip(), User(), Header(name="x-api-key"))
    ],
    compression=Compression(encodings=[Encoding(coding="brotli", level=4), Encoding(coding="gzip", level=1)]),
)
GUARDS: list[Guard] = [
    AllowAny(),
    Authenticated(),
    Flag(claim="is_staff"),
    Names(claim="permissions", names=["blog.change_post"], all=True),
    PythonGuard(),
]


def plan() -> AppPlan:
    """Return the plan of the contract: each reference is its own index."""
    number = count()
    whole, name = model.BodyArgument(), model.BodyArgument(field="name")
    routes = [
        route(
            number,
            "GET",
            "/items/{id}/{rest:path}",
            "plain",
            args=parameters(number),
            keywords=["c", "cm", "group"],
        ),
        route(
            number,
            "POST",
            "/items",
            "coroutine",
            shield=True,
            status=201,
            python_errors=True,
            args=[whole],
            body=model.JsonBody(decode=Ref(next(number))),
        ),
        route(
            number,
            "PUT",
            "/items",
            "def",
            args=[name],
            keywords=["name"],
            body=model.JsonBody(decode=Ref(next(number)), default=Ref(next(number))),
        ),
        route(number, "PATCH", "/raw", "inline", status=204, args=[model.RequestArgument()], body=model.RawBody()),
        route(number, "POST", "/bytes", "def", args=[whole], body=model.BytesBody(default=Ref(next(number)))),
    ]
    routes.append(
        route(number, "GET", "/guarded", "coroutine", policies=POLICIES, auth=[0, 1], guards=GUARDS, around=True)
    )
    routes.append(route(number, "", "/api", "coroutine", around=True))
    routes.append(route(number, "GET", "/blocking", "def", around=True, refuse=Ref(next(number))))
    backends = [
        Jwt(cookie="token", key=Ref(next(number)), algorithms=["HS256"], audience=["a"], issuer=["b"], leeway=5),
        ApiKey(header="x-api-key", keys=Ref(next(number))),
        PythonBackend(),
    ]
    return AppPlan(
        routes=routes,
        prefixes=["/api"],
        scopes=[Scope(prefix="", policies=Policies()), Scope(prefix="/api", policies=POLICIES, fallback=6)],
        backends=backends,
        server=ServerPlan(
            access_log=AccessLog(mask=["token"]),
            rate_limits=RateLimits(store="redis://127.0.0.1/0"),
            trusted_origins=["https://*.example.com"],
            secure_header=("x-forwarded-proto", "https"),
        ),
    )


def test_python_writes_what_the_core_reads():
    data, objects = serialise(plan())
    assert json.loads(data) == json.loads(CONTRACT.read_text())
    assert objects == list(range(len(objects)))


def test_the_contract_has_every_kind_of_node():
    def kinds(value: Any) -> set[str]:
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        own = {value["kind"]} if isinstance(value, dict) and "kind" in value else set()
        return own.union(*map(kinds, items))

    tags = {node.__struct_config__.tag for node in model.Node.__subclasses__()}
    assert tags <= kinds(json.loads(CONTRACT.read_text()))
