"""Rate limits through the test client: what is counted, by what, and what a client is told."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from django_bolt import BoltAPI, Router
from django_bolt._plan.errors import PlanError
from django_bolt.auth import APIKeyAuthentication, JWTAuthentication
from django_bolt.middleware import CORSMiddleware, RateLimitMiddleware, rate_limit, skip_middleware
from django_bolt.testing import TestClient
from tests.http.tokens import SECRET, bearer, claims, signed

HOUR = 3600


def statuses(client: TestClient, path: str, count: int, **options: Any) -> list[int]:
    """Return the statuses of some GETs."""
    return [client.get(path, **options).status_code for _ in range(count)]


def test_one_more_than_the_limit_is_refused_and_told_when_to_come_again() -> None:
    api = BoltAPI()

    @api.get("/a", middleware=[RateLimitMiddleware(requests=3, window=HOUR)])
    async def a() -> dict[str, bool]:
        return {"ok": True}

    with TestClient(api) as client:
        answers = [client.get("/a") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[3].json() == {"detail": "Too Many Requests"}
    assert answers[3].headers["retry-after"] == "1200"
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"GET /a";r=2;t=1200',
        '"GET /a";r=1;t=1200',
        '"GET /a";r=0;t=1200',
        '"GET /a";r=0;t=1200',
        '"GET /a";r=0;t=1200',
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"GET /a";q=3;w=3600'}
    assert "retry-after" not in answers[2].headers


def test_after_the_wait_one_more_passes() -> None:
    api = BoltAPI()

    @api.get("/a")
    @rate_limit(requests=2, window=0.6)
    async def a() -> None: ...

    with TestClient(api) as client:
        assert statuses(client, "/a", 3) == [200, 200, 429]
        time.sleep(0.31)
        assert statuses(client, "/a", 1) == [200]


def test_burst_is_what_may_come_at_once() -> None:
    api = BoltAPI()

    @api.get("/a")
    @rate_limit(requests=100, window=HOUR, burst=2)
    async def a() -> None: ...

    with TestClient(api) as client:
        assert statuses(client, "/a", 3) == [200, 200, 429]


def test_a_limit_counts_together_what_it_was_given_to() -> None:
    api = BoltAPI(prefix="/api", middleware=[RateLimitMiddleware(requests=4, window=HOUR)])
    router = Router("/users", middleware=[RateLimitMiddleware(requests=2, window=HOUR)])

    @api.get("/a")
    async def a() -> None: ...

    @api.get("/b")
    async def b() -> None: ...

    @router.get("/one")
    async def one() -> None: ...

    @router.get("/two")
    async def two() -> None: ...

    api.include_router(router)
    with TestClient(api) as client:
        assert statuses(client, "/api/users/one", 1) == [200]
        answer = client.get("/api/users/two")
        assert answer.headers["ratelimit"] == '"/api";r=2;t=900, "/api/users";r=0;t=1800'
        # Refused by one limit, it uses up nothing of the other.
        assert statuses(client, "/api/users/one", 3) == [429, 429, 429]
        assert statuses(client, "/api/a", 1) == [200]
        assert statuses(client, "/api/b", 2) == [200, 429]


def test_what_is_not_found_below_a_limit_counts_too() -> None:
    api = BoltAPI(prefix="/api", middleware=[RateLimitMiddleware(requests=2, window=HOUR)])

    @api.get("/a")
    async def a() -> None: ...

    with TestClient(api) as client:
        assert statuses(client, "/api/nothing", 3) == [404, 404, 429]
        assert statuses(client, "/api/a", 1) == [429]
        assert statuses(client, "/elsewhere", 1) == [404]


def test_routes_have_limits_of_their_own() -> None:
    api = BoltAPI(middleware=[RateLimitMiddleware])

    @api.get("/a")
    @rate_limit(requests=1, window=HOUR)
    async def a() -> None: ...

    @api.get("/b", middleware=[RateLimitMiddleware(requests=1, window=HOUR)])
    async def b() -> None: ...

    @api.get("/free")
    @skip_middleware("rate_limit")
    async def free() -> None: ...

    with TestClient(api) as client:
        assert statuses(client, "/a", 2) == [200, 429]
        assert statuses(client, "/b", 2) == [200, 429]
        answer = client.get("/free")
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers


def test_a_header_tells_clients_apart_and_those_without_it_are_told_apart_by_address() -> None:
    api = BoltAPI()

    @api.get("/a")
    @rate_limit(requests=1, window=HOUR, key="X-API-Key")
    async def a() -> None: ...

    with TestClient(api) as client:
        assert statuses(client, "/a", 2, headers={"X-API-Key": "one"}) == [200, 429]
        assert statuses(client, "/a", 2, headers={"X-API-Key": "two"}) == [200, 429]
        assert statuses(client, "/a", 2) == [200, 429]


def test_by_user_those_who_are_nobody_are_told_apart_by_address() -> None:
    api = BoltAPI()

    @api.get("/a", auth=[])
    @rate_limit(requests=1, window=HOUR, key="user")
    async def a() -> None: ...

    with TestClient(api) as client:
        assert statuses(client, "/a", 2) == [200, 429]


def test_by_user_each_of_those_who_prove_who_they_are_has_a_limit() -> None:
    api = BoltAPI(auth=[JWTAuthentication(secret=SECRET), APIKeyAuthentication(api_keys={"robot": "k" * 32})])

    @api.get("/a", middleware=[RateLimitMiddleware(requests=2, window=HOUR, key="user")])
    async def a() -> None: ...

    with TestClient(api) as client:
        assert statuses(client, "/a", 3, headers=signed(sub="1")) == [200, 200, 429]
        # Another token of the same user counts with the first.
        assert statuses(client, "/a", 1, headers=signed(sub="1", jti="other")) == [429]
        assert statuses(client, "/a", 3, headers=signed(sub="2")) == [200, 200, 429]
        assert statuses(client, "/a", 3, headers={"X-API-Key": "k" * 32}) == [200, 200, 429]
        # Whoever proves nothing, a forger as well, is an address.
        forged = bearer(jwt.encode(claims(sub="3"), "x" * 32, algorithm="HS256"))
        assert statuses(client, "/a", 1, headers=forged) == [200]
        assert statuses(client, "/a", 2) == [200, 429]


def test_a_forwarded_address_is_nobodys_word_without_a_trusted_proxy() -> None:
    api = BoltAPI()

    @api.get("/a")
    @rate_limit(requests=1, window=HOUR)
    async def a() -> None: ...

    with TestClient(api) as client:
        assert statuses(client, "/a", 1) == [200]
        assert statuses(client, "/a", 1, headers={"X-Forwarded-For": "203.0.113.9"}) == [429]


def test_one_limit_for_everything(settings: Any) -> None:
    settings.BOLT_RATE_LIMIT = {"requests": 3, "window": HOUR}
    first, second = BoltAPI(prefix="/one"), BoltAPI(prefix="/two")

    @first.get("/a")
    async def a() -> None: ...

    @second.get("/b")
    async def b() -> None: ...

    first.mount("/inner", second)
    with TestClient(first) as client:
        assert client.get("/one/a").headers["ratelimit-policy"] == '"server";q=3;w=3600'
        assert statuses(client, "/one/inner/two/b", 1) == [200]
        assert statuses(client, "/nothing", 2) == [404, 429]
        assert statuses(client, "/one/a", 1) == [429]
        assert statuses(client, "/health", 3) == [200, 200, 200]


def test_a_preflight_is_not_counted_and_a_refusal_may_be_read() -> None:
    api = BoltAPI(
        middleware=[
            CORSMiddleware(allow_origins=["https://example.com"]),
            RateLimitMiddleware(requests=1, window=HOUR),
        ]
    )

    @api.get("/a")
    async def a() -> None: ...

    origin = {"Origin": "https://example.com"}
    with TestClient(api) as client:
        for _ in range(3):
            answer = client.options("/a", headers={**origin, "Access-Control-Request-Method": "GET"})
            assert answer.status_code < 300
        assert client.get("/a", headers=origin).status_code == 200
        refused = client.get("/a", headers=origin)
        assert refused.status_code == 429
        assert refused.headers["access-control-allow-origin"] == "https://example.com"


def test_a_refusal_goes_through_the_projects_middleware() -> None:
    class Marks:
        async def __call__(self, request: Any, call_next: Any) -> Any:
            answer = await call_next(request)
            answer.headers["X-Marked"] = "yes"
            return answer

    api = BoltAPI(middleware=[Marks, RateLimitMiddleware(requests=1, window=HOUR)])

    @api.get("/a")
    async def a() -> None: ...

    with TestClient(api) as client:
        for status in (200, 429):
            answer = client.get("/a")
            assert (answer.status_code, answer.headers["x-marked"]) == (status, "yes")
            assert answer.headers["ratelimit"] == '"/";r=0;t=3600'
        assert answer.headers["retry-after"] == "3600"
        assert answer.json() == {"detail": "Too Many Requests"}


def test_clients_of_one_application_count_apart() -> None:
    api = BoltAPI()

    @api.get("/a")
    @rate_limit(requests=1, window=HOUR)
    async def a() -> None: ...

    for _ in range(2):
        with TestClient(api) as client:
            assert statuses(client, "/a", 2) == [200, 429]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"requests": 0}, "requests=0"),
        ({"requests": True}, "requests=True"),
        ({"requests": 2.5}, "requests=2.5"),
        ({"window": 0}, "window=0"),
        ({"window": float("nan")}, "window=nan"),
        ({"window": "60"}, "window='60'"),
        ({"burst": 0}, "burst=0"),
        ({"key": "no field"}, "key='no field'"),
        ({"key": ""}, "key=''"),
        ({"key": None}, "key=None"),
    ],
)
def test_a_wrong_limit_is_told_where_it_is_declared(options: dict[str, Any], found: str) -> None:
    limit = RateLimitMiddleware(**options)
    for declare in (
        lambda: BoltAPI(middleware=[limit]),
        lambda: Router(middleware=[limit]),
        lambda: BoltAPI().get("/a", middleware=[limit]),
    ):
        with pytest.raises(PlanError, match="expected") as raised:
            declare()
        assert found in str(raised.value)


def test_a_wrong_decorator_is_told_at_start() -> None:
    api = BoltAPI()

    with pytest.raises(PlanError, match="GET /a .*requests=-1, expected a whole number"):

        @api.get("/a")
        @rate_limit(requests=-1)
        async def a() -> None: ...

    with pytest.raises(TypeError, match="rps"):
        rate_limit(rps=100)
