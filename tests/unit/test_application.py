"""BoltAPI: mounting, error handlers, hooks."""

from __future__ import annotations

import pytest

from django_bolt._plan.errors import PlanError
from django_bolt.application import BoltAPI
from django_bolt.exceptions import exception_handler
from django_bolt.router import Defaults, Router


async def nothing():
    return {}


def owners(api: BoltAPI) -> list[tuple[BoltAPI, str]]:
    return [(owner, route.path) for owner, route in api.compile()]


class TestMount:
    def test_the_other_ones_routes_are_below_the_path_and_stay_its_own(self):
        other = BoltAPI("/shop")
        other.get("/x")(nothing)
        api = BoltAPI("/api")
        api.mount("/v1", other)
        api.get("/y")(nothing)
        assert owners(api) == [(api, "/api/y"), (other, "/api/v1/shop/x")]

    def test_routes_registered_after_the_mount_are_served(self):
        api, other = BoltAPI(), BoltAPI()
        api.mount("/v1", other)
        other.get("/x")(nothing)
        assert owners(api) == [(other, "/v1/x")]

    def test_mounts_nest_and_name_every_prefix(self):
        inner, middle, outer = BoltAPI("/c"), BoltAPI(), BoltAPI("/a")
        middle.mount("/b", inner)
        outer.mount("/m", middle)
        inner.get("/x")(nothing)
        assert owners(outer) == [(inner, "/a/m/b/c/x")]
        assert list(outer.prefixes()) == ["/a", "/a/m", "/a/m/b/c"]

    def test_a_prefix_with_a_parameter_is_no_fixed_prefix(self):
        api = BoltAPI("/{tenant}")
        assert list(api.prefixes()) == []

    def test_a_circle_is_refused(self):
        first, second = BoltAPI(), BoltAPI()
        first.mount("/a", second)
        with pytest.raises(PlanError, match="into itself"):
            second.mount("/b", first)
        with pytest.raises(PlanError, match="into itself"):
            first.mount("/c", first)

    def test_a_router_is_included_instead(self):
        with pytest.raises(PlanError, match="found Router"):
            BoltAPI().mount("/x", Router())


class TestErrorHandlers:
    def test_all_three_ways_to_give_one(self):
        @exception_handler(KeyError, IndexError)
        def marked(exc, request):
            return {}

        def unmapped(exc, request):
            return {}

        api = BoltAPI(exception_handler=unmapped, exception_handlers=[marked])

        @api.exception_handler(ValueError)
        def decorated(exc, request):
            return {}

        assert api.unmapped_handler is unmapped
        assert api.exception_handlers == {KeyError: marked, IndexError: marked, ValueError: decorated}

    def test_an_unmarked_function_is_refused(self):
        with pytest.raises(PlanError, match="does not say which exceptions"):
            BoltAPI(exception_handlers=[lambda exc, request: {}])

    @pytest.mark.parametrize("types", [(), (ValueError(),), (int,)])
    def test_what_is_no_exception_class_is_refused(self, types):
        with pytest.raises(TypeError, match="exception"):
            BoltAPI().exception_handler(*types)

    def test_two_applications_do_not_mix_their_handlers(self):
        def handler(exc, request):
            return {}

        first, second = BoltAPI(), BoltAPI()
        first.exception_handler(KeyError)(handler)
        second.exception_handler(ValueError)(handler)
        assert list(first.exception_handlers) == [KeyError]
        assert list(second.exception_handlers) == [ValueError]


class TestHooks:
    def test_decorators_return_the_function(self):
        api = BoltAPI()

        def hook():
            pass

        assert api.on_start(hook) is hook
        assert api.on_stop(hook) is hook
        assert (api.start_hooks, api.stop_hooks) == ([hook], [hook])


def test_the_compiled_route_is_made_once_where_nothing_changes_it():
    api = BoltAPI("/api")
    api.get("/x")(nothing)
    [(_, first)] = api.compile()
    [(_, second)] = api.compile()
    assert first is second
    [(_, elsewhere)] = api.compile(Defaults(prefix="/v1"))
    assert elsewhere.path == "/v1/api/x"
