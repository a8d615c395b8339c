"""Which requests a limit counts together, and by what name."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_bolt import BoltAPI, Router
from django_bolt._plan.policy import Header, Ip, User
from django_bolt._runtime.rate_limits import Buckets
from django_bolt.middleware import RateLimitMiddleware as Limit


async def handler() -> None: ...


def names(api: BoltAPI) -> dict[str, list[str]]:
    """Return the buckets of each route."""
    declarations = [route.declaration for _, route in api.compile()]
    buckets = Buckets([api], declarations)
    found = {}
    for declaration in declarations:
        place = f"{declaration.method} {declaration.path}"
        middleware = (*buckets.everywhere, *declaration.middleware)
        found[place] = [limit.bucket for limit in buckets.limits(middleware, place)]
    return found


def test_a_bucket_is_named_after_the_outermost_place() -> None:
    shared = Limit(requests=7)
    api = BoltAPI(prefix="/api", middleware=[Limit(), Limit(window=1)])
    router = Router("/users", middleware=[Limit(requests=5)])
    router.get("/one")(handler)
    router.get("/two", middleware=[Limit(requests=3)])(handler)
    api.include_router(router)
    api.post("/a", middleware=[shared])(handler)
    api.post("/b", middleware=[shared, shared])(handler)
    inner = BoltAPI(prefix="/inner", middleware=[Limit(requests=4)])
    inner.get("/c")(handler)
    api.mount("/mounted", inner)
    own = ["/api", "/api 2"]
    assert names(api) == {
        "GET /api/users/one": [*own, "/api/users"],
        "GET /api/users/two": [*own, "/api/users", "GET /api/users/two"],
        "POST /api/a": [*own, "/api 3"],
        "POST /api/b": [*own, "/api 3"],
        "GET /api/mounted/inner/c": [*own, "/api/mounted/inner"],
    }


def test_a_class_counts_together_what_it_was_given_to() -> None:
    api = BoltAPI(middleware=[Limit])
    api.get("/a")(handler)
    api.get("/b")(handler)
    assert names(api) == {"GET /a": ["/"], "GET /b": ["/"]}


def test_the_limit_of_the_server_comes_first(settings: Any) -> None:
    settings.BOLT_RATE_LIMIT = {"requests": 9}
    api = BoltAPI(middleware=[Limit()])
    api.get("/a")(handler)
    assert names(api) == {"GET /a": ["server", "/"]}
    settings.BOLT_RATE_LIMIT = {"requests": 0}
    with pytest.raises(ImproperlyConfigured, match="BOLT_RATE_LIMIT: found requests=0"):
        names(api)


@pytest.mark.parametrize(
    ("limit", "key", "burst"),
    [
        (Limit(), Ip(), 100),
        (Limit(key="user", burst=3), User(), 3),
        (Limit(key="X-API-Key", requests=8), Header(name="x-api-key"), 8),
    ],
)
def test_what_the_server_is_told(limit: Limit, key: Any, burst: int) -> None:
    (found,) = Buckets([], []).limits([limit], "GET /a")
    assert (found.key, found.burst, found.window) == (key, burst, 60)
