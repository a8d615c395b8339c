"""From applications to the plan that crosses to Rust."""

from __future__ import annotations

import msgspec
import pytest
from django.http import Http404

from django_bolt._plan.errors import PlanError
from django_bolt._runtime.assemble import assemble
from django_bolt.application import BoltAPI
from django_bolt.exceptions import Conflict, HTTPException, NotFound, RequestValidationError, TooManyRequests
from django_bolt.openapi import OpenAPIConfig
from django_bolt.openapi.site import page_path
from django_bolt.router import Router


async def nothing():
    return {}


def plan_of(*apis: BoltAPI, docs: bool = False) -> dict:
    return msgspec.json.decode(assemble(apis, docs=docs).plan)


def test_every_route_with_its_callables():
    api = BoltAPI("/api")

    @api.post("/items/{item_id}", status_code=201, shield=True)
    async def create(item_id: int, q: str = "x"):
        return {}

    assembled = assemble([api], docs=False)
    [route] = msgspec.json.decode(assembled.plan)["routes"]
    assert (route["method"], route["path"], route["status"]) == ("POST", "/api/items/{item_id}", 201)
    assert route["shield"] is True
    assert assembled.objects[route["call"]] is create
    assert all(map(callable, assembled.objects[route["encoders"]].values()))
    assert callable(assembled.objects[route["finish"]])
    assert callable(assembled.objects[route["fail"]])
    assert [argument["wire"] for argument in route["args"]] == ["item_id", "q"]
    assert assembled.objects[route["args"][1]["default"]] == "x"
    assert [route.path for route in assembled.routes] == ["/api/items/{item_id}"]
    assert assembled.apis == [api]


def test_prefixes_of_all_applications_once():
    first, second, third, bare = BoltAPI("/api"), BoltAPI("/api"), BoltAPI("/shop"), BoltAPI()
    assert plan_of(first, second, third, bare)["prefixes"] == ["/api", "/shop"]


class TestLimits:
    def test_come_from_djangos_settings(self, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
        settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 7
        limits = plan_of(BoltAPI())["server"]["limits"]
        assert (limits["body"], limits["json_depth"], limits["query_fields"]) == (1000, 64, 7)

    def test_none_is_no_limit(self, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
        settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = None
        limits = plan_of(BoltAPI())["server"]["limits"]
        assert limits["body"] >= 2**62
        assert limits["query_fields"] >= 2**62


class TestDuplicates:
    def test_name_both_handlers(self):
        first, second = BoltAPI(), BoltAPI()

        @first.get("/x/{a}")
        async def one(a: int): ...

        @second.get("/x/{b}")
        async def two(b: int): ...

        with pytest.raises(PlanError, match=r"GET /x/\{a\} and /x/\{b\}: .*one and .*two"):
            assemble([first, second])

    def test_methods_and_kinds_of_segment_keep_routes_apart(self):
        api = BoltAPI()

        @api.get("/x/{a}")
        @api.put("/x/{a}")
        async def one(a: str): ...

        @api.get("/x/{rest:path}")
        async def two(rest: str): ...

        @api.get("/x/fixed")
        async def three(): ...

        assert len(plan_of(api)["routes"]) == 4

    def test_one_handler_twice_on_one_path(self):
        api = BoltAPI()
        api.get("/x")(nothing)
        api.get("/x")(nothing)
        with pytest.raises(PlanError, match="Two handlers for GET /x"):
            assemble([api])

    def test_a_router_included_twice_at_one_place(self):
        api, router = BoltAPI(), Router()
        router.get("/x")(nothing)
        api.include_router(router)
        api.include_router(router)
        with pytest.raises(PlanError, match="Two handlers for GET /x"):
            assemble([api])


class TestDocumentation:
    def test_is_served_beside_the_routes(self):
        assembled = assemble([BoltAPI("/api")])
        assert {"/docs", "/openapi.json"} <= {route.path for route in assembled.routes}

    def test_gives_way_to_the_projects_own_route(self):
        api = BoltAPI()
        api.get("/docs")(nothing)
        assembled = assemble([api])
        [own] = [route for route in assembled.routes if route.path == "/docs"]
        assert own.declaration.handler is nothing
        assert page_path(assembled.routes) is None
        assert "/openapi.json" in {route.path for route in assembled.routes}

    def test_can_be_left_out(self):
        assert plan_of(BoltAPI(), docs=False)["routes"] == []
        assert plan_of(BoltAPI(openapi_config=OpenAPIConfig(enabled=False)), docs=True)["routes"] == []

    def test_no_applications_have_none(self):
        assert plan_of(docs=True)["routes"] == []


class TestPythonErrors:
    @pytest.mark.parametrize("kind", [RequestValidationError, HTTPException, NotFound, TooManyRequests, Exception])
    def test_refusals_are_shown_to_handlers_that_answer_them(self, kind):
        api = BoltAPI()
        api.get("/x")(nothing)
        api.exception_handler(kind)(lambda exc, request: {})
        plan = plan_of(api)
        [route, nowhere] = plan["routes"]
        assert route["python_errors"] is nowhere["python_errors"] is True
        assert (nowhere["method"], nowhere["around"]) == ("", False)
        assert [scope["fallback"] for scope in plan["scopes"]] == [1]

    @pytest.mark.parametrize("kind", [KeyError, Conflict, Http404])
    def test_other_handlers_do_not_slow_them_down(self, kind):
        api = BoltAPI()
        api.get("/x")(nothing)
        api.exception_handler(kind)(lambda exc, request: {})
        plan = plan_of(api)
        [route] = plan["routes"]
        assert route["python_errors"] is False
        assert [scope["fallback"] for scope in plan["scopes"]] == [None]

    def test_a_mounted_application_keeps_its_own(self):
        api, other = BoltAPI(), BoltAPI()
        other.get("/x")(nothing)
        api.get("/y")(nothing)
        other.exception_handler(RequestValidationError)(lambda exc, request: {})
        api.mount("/m", other)
        plan = plan_of(api)
        routes = {route["path"]: route["python_errors"] for route in plan["routes"]}
        assert routes == {"/y": False, "/m/x": True, "/m": True}
        assert {scope["prefix"]: scope["fallback"] for scope in plan["scopes"]} == {"": None, "/m": 2}


class TestSignals:
    def test_are_sent_only_where_the_settings_ask(self, settings):
        api = BoltAPI()
        api.get("/x")(nothing)
        settings.BOLT = {"EMIT_SIGNALS": True}
        assembled = assemble([api], docs=False)
        [route] = msgspec.json.decode(assembled.plan)["routes"]
        assert assembled.objects[route["call"]] is not nothing
        assert route["kind"] == "coroutine"
        settings.BOLT = {}
        assembled = assemble([api], docs=False)
        [route] = msgspec.json.decode(assembled.plan)["routes"]
        assert assembled.objects[route["call"]] is nothing
        assert route["kind"] == "plain"
