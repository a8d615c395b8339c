"""Declaring routes: decorators, prefixes, nesting, and what is refused where it stands."""

from __future__ import annotations

import pytest

from django_bolt._plan.errors import PlanError
from django_bolt.application import BoltAPI
from django_bolt.params import Path, Query
from django_bolt.router import Router

METHODS = ["get", "post", "put", "patch", "delete", "head", "options"]


def places(api: BoltAPI) -> list[tuple[str, str]]:
    return [(route.method, route.path) for _, route in api.compile()]


async def nothing():
    return {}


class TestDecorators:
    @pytest.mark.parametrize("method", METHODS)
    def test_each_method_records_its_route_and_returns_the_handler(self, method):
        api = BoltAPI()
        assert getattr(api, method)("/x")(nothing) is nothing
        assert places(api) == [(method.upper(), "/x")]

    def test_one_function_serves_several_paths(self):
        api = BoltAPI()
        api.get("/a")(api.post("/b")(nothing))
        assert sorted(places(api)) == [("GET", "/a"), ("POST", "/b")]

    def test_options_reach_the_declaration(self):
        api = BoltAPI()
        options = {
            "status_code": 201,
            "response_model": dict[str, int],
            "validate_response": False,
            "summary": "Make one",
            "description": "At length.",
            "tags": ["a"],
            "operation_id": "make",
            "deprecated": True,
            "include_in_schema": False,
            "name": "maker",
            "shield": True,
        }
        api.post("/x", **options)(nothing)
        [(_, route)] = api.compile()
        for name, value in options.items():
            found = getattr(route.declaration, name)
            assert (list(found) if name == "tags" else found) == value
        assert route.status == 201

    def test_a_plain_function_may_ask_to_run_inline(self):
        api = BoltAPI()

        @api.get("/x", inline=True)
        def handler():
            return {}

        [(_, route)] = api.compile()
        assert route.kind == "inline"

    def test_an_unknown_option_names_the_known_ones(self):
        with pytest.raises(TypeError, match=r"no option 'statuscode'.*status_code"):
            BoltAPI().get("/x", statuscode=201)

    def test_the_name_is_the_handlers_unless_given(self):
        api = BoltAPI()
        api.get("/x")(nothing)
        [(_, route)] = api.compile()
        assert route.declaration.name == "nothing"

    @pytest.mark.parametrize("path", ["x", "x/y", "{id}"])
    def test_a_path_starts_with_a_slash(self, path):
        with pytest.raises(PlanError, match=f"write '/{path}'"):
            BoltAPI().get(path)

    def test_a_path_is_text(self):
        with pytest.raises(PlanError, match="found function"):
            BoltAPI().get(nothing)

    def test_the_empty_path_is_the_prefix_itself_and_the_root_without_one(self):
        api = BoltAPI("/api")
        api.get("")(nothing)
        bare = BoltAPI()
        bare.get("")(nothing)
        assert places(api) == [("GET", "/api")]
        assert places(bare) == [("GET", "/")]


class TestMistakesInHandlers:
    def test_are_raised_where_the_decorator_stands(self):
        async def handler(*args):
            return {}

        with pytest.raises(PlanError, match=r"handler.*\*args"):
            BoltAPI().get("/x")(handler)
        with pytest.raises(PlanError, match=r"handler.*\*args"):
            Router().get("/x")(handler)

    def test_a_refused_handler_is_not_registered(self):
        api = BoltAPI()
        with pytest.raises(PlanError):
            api.get("/x")(lambda **kwargs: {})
        assert places(api) == []

    def test_a_name_defined_later_is_found_when_the_application_is_compiled(self):
        api = BoltAPI()

        @api.get("/x")
        async def handler(value: DefinedLater):  # noqa: F821
            return {}

        globals()["DefinedLater"] = int
        try:
            [(_, route)] = api.compile()
        finally:
            del globals()["DefinedLater"]
        assert [parameter.annotation for parameter in route.parameters] == [int]

    def test_a_name_defined_nowhere_is_raised_when_the_application_is_compiled(self):
        api = BoltAPI()

        @api.get("/x")
        async def handler(value: DefinedNowhere):  # noqa: F821
            return {}

        with pytest.raises(PlanError, match="DefinedNowhere"):
            list(api.compile())

    def test_a_path_marker_may_name_a_segment_of_a_prefix_further_out(self):
        router = Router()

        @router.get("/posts")
        async def posts(user_id: int = Path()):
            return {}

        api = BoltAPI()
        api.include_router(router, "/users/{user_id}")
        [(_, route)] = api.compile()
        assert [(parameter.source, parameter.wire) for parameter in route.parameters] == [("path", "user_id")]

    def test_a_path_marker_that_names_no_segment_at_all_is_raised_when_compiled(self):
        router = Router()

        @router.get("/posts")
        async def posts(user_id: int = Path()):
            return {}

        api = BoltAPI()
        api.include_router(router)
        with pytest.raises(PlanError, match="user_id"):
            list(api.compile())


class TestRouters:
    def test_nested_prefixes_and_tags_add_up(self):
        inner = Router("/comments", tags=["comments"])

        @inner.get("/{comment_id}", tags=["one"])
        async def comment(request): ...

        outer = Router("/articles", tags=["articles"])
        outer.include_router(inner, "/{article_id}")
        api = BoltAPI("/api")
        api.include_router(outer, "/v1")
        [(_, route)] = api.compile()
        assert route.path == "/api/v1/articles/{article_id}/comments/{comment_id}"
        assert list(route.declaration.tags) == ["articles", "comments", "one"]

    def test_a_segment_of_the_prefix_fills_a_parameter_from_the_path(self):
        router = Router("/users/{user_id}")

        @router.get("/posts")
        async def posts(user_id: int, page: int = Query(1)):
            return {}

        api = BoltAPI()
        api.include_router(router)
        [(_, route)] = api.compile()
        assert {parameter.wire: parameter.source for parameter in route.parameters} == {
            "user_id": "path",
            "page": "query",
        }

    def test_routes_registered_after_the_inclusion_are_served(self):
        router = Router("/late")
        api = BoltAPI()
        api.include_router(router)
        router.get("/x")(nothing)
        nested = Router("/later")
        router.include_router(nested)
        nested.get("/y")(nothing)
        assert places(api) == [("GET", "/late/x"), ("GET", "/late/later/y")]

    def test_one_router_may_be_included_twice(self):
        router = Router()
        router.get("/x")(nothing)
        api = BoltAPI()
        api.include_router(router, "/a")
        api.include_router(router, "/b")
        assert places(api) == [("GET", "/a/x"), ("GET", "/b/x")]

    def test_the_application_decides_what_a_route_leaves_open(self):
        router = Router()
        router.get("/open")(nothing)
        router.get("/said", validate_response=True, include_in_schema=True)(nothing)
        api = BoltAPI(validate_response=False, include_in_schema=False)
        api.include_router(router)
        (_, left_open), (_, said) = api.compile()
        assert (left_open.declaration.validate_response, left_open.declaration.include_in_schema) == (False, False)
        assert (said.declaration.validate_response, said.declaration.include_in_schema) == (True, True)

    def test_a_slash_at_the_end_of_a_prefix_is_dropped(self):
        router = Router("/users/")
        router.get("/x")(nothing)
        api = BoltAPI("/")
        api.include_router(router)
        assert places(api) == [("GET", "/users/x")]

    def test_a_prefix_starts_with_a_slash(self):
        with pytest.raises(PlanError, match="write '/users'"):
            Router("users")
        with pytest.raises(PlanError, match="write '/v1'"):
            BoltAPI().include_router(Router(), "v1")

    def test_a_circle_is_refused(self):
        outer, inner = Router("/outer"), Router("/inner")
        outer.include_router(inner)
        for router in (outer, inner):
            with pytest.raises(PlanError, match="include itself"):
                inner.include_router(outer) if router is inner else outer.include_router(outer)

    def test_an_application_is_no_router(self):
        with pytest.raises(PlanError, match=r"found BoltAPI; .* api\.mount"):
            BoltAPI().include_router(BoltAPI())
