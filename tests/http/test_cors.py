"""Cross-origin resource sharing: who may read an answer, and what a preflight is told, wherever a policy is given."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_bolt import BoltAPI, Request, Router
from django_bolt._plan.errors import PlanError
from django_bolt.exceptions import HTTPException
from django_bolt.middleware import CORSMiddleware, RateLimitMiddleware, cors, skip_middleware
from django_bolt.responses import JSON
from django_bolt.testing import TestClient

SITE = "https://www.example.com"
EXACT = CORSMiddleware(allow_origins=[SITE])
REGEX = CORSMiddleware(allow_origin_regex=r"https://(www|api)\.example\.com")
# Origins that pass for SITE where somebody is careless; CVE-2026-25478 is the first.
LOOKALIKES = [
    "https://wwwXexample.com",
    "https://www.exampleXcom",
    "https://evil-example.com",
    "https://evil-www.example.com",
    "https://www.example.com.evil.org",
    "https://www.example.community",
    "https://evil.org/https://www.example.com",
    "https://www.example.com@evil.org",
    "https://evil.org https://www.example.com",
    "http://www.example.com",
    "https://www.example.com:8443",
    "https://www.example.com:443",
    "https://www.example.com.",
    "https://www.example.com/",
    "https://WWW.example.com",
    "HTTPS://www.example.com",
    "null",
    "",
]


@contextmanager
def serving(*middleware: Any, prefix: str = "") -> Iterator[TestClient]:
    """An application behind some middleware, with an answer of every kind."""
    api = BoltAPI(prefix, middleware=middleware)

    @api.get("/items")
    async def items() -> dict[str, int]:
        return {"n": 1}

    @api.post("/items")
    async def make(body: dict[str, int]) -> dict[str, int]:
        return body

    @api.get("/items/{n}")
    async def item(n: int) -> int:
        if n == 0:
            raise ValueError("boom")
        raise HTTPException(status_code=n, detail="no")

    @api.post("/small", max_body=10)
    async def small(request: Request) -> int:
        return len(request.body)

    @api.get("/slow", timeout=0.01)
    async def slow() -> None:
        await asyncio.sleep(30)

    with TestClient(api, raise_server_exceptions=False) as client:
        yield client


def preflight(client: TestClient, path: str, method: str = "GET", origin: str = SITE, **headers: str) -> Any:
    """Ask as a browser does before a request."""
    asked = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.options(path, headers={"Origin": origin, "Access-Control-Request-Method": method, **asked})


def shares(response: Any) -> str | None:
    """Who may read an answer; said at most once."""
    said = response.headers.get_list("Access-Control-Allow-Origin")
    assert len(said) <= 1
    return said[0] if said else None


def vary(response: Any) -> set[str]:
    """What an answer depends on."""
    return {name.strip().lower() for value in response.headers.get_list("Vary") for name in value.split(",")}


@pytest.mark.parametrize("policy", [EXACT, REGEX], ids=["exact", "regex"])
def test_one_origin_may_read_and_no_other(policy: CORSMiddleware) -> None:
    with serving(policy) as client:
        response = client.get("/items", headers={"Origin": SITE})
        assert (shares(response), vary(response)) == (SITE, {"origin"})
        assert "Access-Control-Allow-Credentials" not in response.headers
        for origin in LOOKALIKES:
            for refused in (
                client.get("/items", headers={"Origin": origin}),
                preflight(client, "/items", origin=origin),
            ):
                assert shares(refused) is None, origin
                assert "origin" in vary(refused)
                assert not any(name.startswith("access-control") for name in refused.headers)
        without = client.get("/items")
        assert (shares(without), vary(without)) == (None, {"origin"})


def test_two_origins_in_one_request_are_nobody() -> None:
    with serving(CORSMiddleware(allow_origins=[SITE, "https://other.example"])) as client:
        response = client.get("/items", headers=[("Origin", SITE), ("Origin", "https://other.example")])
        assert shares(response) is None


def test_everyone_is_a_star_and_depends_on_nobody() -> None:
    with serving(CORSMiddleware(allow_origins=["*"], expose_headers=["X-Total"])) as client:
        for headers in ({}, {"Origin": SITE}, {"Origin": "null"}):
            response = client.get("/items", headers=headers)
            assert (shares(response), vary(response)) == ("*", set())
            assert response.headers["Access-Control-Expose-Headers"] == "X-Total"


def test_null_where_it_is_listed() -> None:
    with serving(CORSMiddleware(allow_origins=["null"])) as client:
        assert shares(client.get("/items", headers={"Origin": "null"})) == "null"
    with serving(CORSMiddleware(allow_origin_regex=".*")) as client:
        assert shares(client.get("/items", headers={"Origin": "https://any.example"})) == "https://any.example"
        assert shares(client.get("/items", headers={"Origin": "null"})) is None


def test_credentials_are_for_the_origin_that_asked() -> None:
    policy = CORSMiddleware(
        allow_origins=[SITE], allow_credentials=True, allow_headers=["*"], allow_methods=["*"], max_age=60
    )
    with serving(policy) as client:
        response = client.get("/items", headers={"Origin": SITE})
        assert (shares(response), response.headers["Access-Control-Allow-Credentials"]) == (SITE, "true")
        # A literal star would be a name here.
        told = preflight(client, "/items", "PATCH", Access_Control_Request_Headers="x-one,authorization").headers
        assert told["Access-Control-Allow-Methods"] == "PATCH"
        assert told["Access-Control-Allow-Headers"] == "x-one,authorization"
        assert told["Access-Control-Max-Age"] == "60"
        assert told["Access-Control-Allow-Credentials"] == "true"
        odd = preflight(client, "/items", "GET", Access_Control_Request_Headers="a b; c").headers
        assert "Access-Control-Allow-Headers" not in odd


def test_what_a_preflight_is_told() -> None:
    policy = CORSMiddleware(
        allow_origins=[SITE], allow_methods=["GET", "PUT"], allow_headers=["X-One"], expose_headers=["X-Total"]
    )
    with serving(policy) as client:
        response = preflight(client, "/items", "PUT", Access_Control_Request_Headers="x-two")
        assert (response.status_code, response.content, shares(response)) == (204, b"", SITE)
        assert response.headers["Access-Control-Allow-Methods"] == "GET, PUT"
        assert response.headers["Access-Control-Allow-Headers"] == "X-One"
        assert response.headers["Access-Control-Max-Age"] == "600"
        assert "Access-Control-Expose-Headers" not in response.headers
        assert "Content-Length" not in response.headers
        assert vary(response) == {"origin", "access-control-request-method", "access-control-request-headers"}


def test_private_networks_stay_closed() -> None:
    with serving(EXACT) as client:
        response = preflight(client, "/items", Access_Control_Request_Private_Network="true")
        assert shares(response) == SITE
        assert "Access-Control-Allow-Private-Network" not in response.headers


@pytest.mark.parametrize("path", ["/nowhere", "/items/", "/items/1/2", "/"])
@pytest.mark.parametrize("method", ["GET", "DELETE", "QUERY"])
def test_a_preflight_of_what_does_not_exist_is_answered(path: str, method: str) -> None:
    with serving(EXACT) as client:
        response = preflight(client, path, method)
        assert (response.status_code, shares(response)) == (204, SITE)


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("DELETE", "/items", {}, 405),
        ("OPTIONS", "/items", {}, 204),
        ("GET", "/items/", {}, 308),
        ("GET", "/%FF", {}, 400),
        ("GET", "/items", {"headers": {"Host": "other.example"}}, 400),
        ("GET", "/items/x", {}, 422),
        ("POST", "/items", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 422),
        ("POST", "/items", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ("POST", "/small", {"content": b"x" * 11}, 413),
        ("GET", "/items/401", {}, 401),
        ("GET", "/items/403", {}, 403),
        ("GET", "/items/503", {}, 503),
        ("GET", "/items/0", {}, 500),
        ("GET", "/slow", {}, 504),
        ("GET", "/health", {}, 200),
        ("HEAD", "/items", {}, 200),
        ("GET", "/" + "a" * 9000, {}, 414),
    ],
)
def test_errors_are_read_as_well(method: str, path: str, options: dict[str, Any], status: int) -> None:
    headers = {"Origin": SITE, **options.pop("headers", {})}
    with override_settings(ALLOWED_HOSTS=["site.example"]), serving(EXACT) as client:
        response = client.request(method, path, headers=headers, follow_redirects=False, **options)
        assert (response.status_code, shares(response)) == (status, SITE)
        assert "origin" in vary(response)


def test_refusals_of_the_rate_limit_are_read_as_well() -> None:
    with serving(EXACT, RateLimitMiddleware(requests=1, window=60)) as client:
        answers = [client.get("/items", headers={"Origin": SITE}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert [shares(answer) for answer in answers] == [SITE, SITE]
        # A browser asks for itself: that is not counted, and never refused.
        assert preflight(client, "/items").status_code == 204


def test_a_preflight_never_reaches_python() -> None:
    seen: list[str] = []

    async def counting(request: Request, call_next: Any) -> Any:
        seen.append("middleware")
        return await call_next(request)

    api = BoltAPI(middleware=[EXACT, counting])

    @api.options("/items")
    async def own() -> dict[str, str]:
        seen.append("handler")
        return {"own": "yes"}

    @api.get("/items")
    async def items() -> None:
        seen.append("handler")

    with TestClient(api) as client:
        assert preflight(client, "/items").status_code == 204
        assert preflight(client, "/items", "DELETE").status_code == 204
        assert preflight(client, "/nowhere").status_code == 204
        assert seen == []
        # OPTIONS that no browser sent by itself are the project's.
        response = client.options("/items", headers={"Origin": SITE})
        assert (response.json(), shares(response)) == ({"own": "yes"}, SITE)
        assert client.options("/items", headers={"Access-Control-Request-Method": "GET"}).json() == {"own": "yes"}
        assert seen == ["middleware", "handler"] * 2


def test_a_route_without_a_policy_gets_none_from_its_neighbours() -> None:
    api = BoltAPI(middleware=[EXACT])

    @api.options("/items")
    async def own() -> str:
        return "own"

    @api.get("/items")
    @skip_middleware("cors")
    async def items() -> str:
        return "x"

    with TestClient(api) as client:
        # It is the project's, then, and says nothing to browsers.
        response = preflight(client, "/items", "GET")
        assert (response.text, shares(response)) == ("own", None)
        assert shares(preflight(client, "/items", "PUT")) == SITE


def test_without_a_policy_a_preflight_is_an_ordinary_request() -> None:
    with serving() as client:
        response = preflight(client, "/items")
        assert (response.status_code, response.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")
        assert (shares(response), vary(response)) == (None, set())


def test_what_a_handler_says_stands() -> None:
    api = BoltAPI(middleware=[CORSMiddleware(allow_origins=[SITE], allow_credentials=True, expose_headers=["X-One"])])

    @api.get("/open")
    async def open_to_all() -> JSON:
        return JSON({}, headers={"Access-Control-Allow-Origin": "*", "Vary": "Cookie"})

    @api.get("/more")
    async def more() -> JSON:
        return JSON({}, headers={"Access-Control-Expose-Headers": "X-Two", "Vary": "Accept, origin"})

    with TestClient(api) as client:
        response = client.get("/open", headers={"Origin": SITE})
        assert (shares(response), vary(response)) == ("*", {"cookie", "origin"})
        assert "Access-Control-Allow-Credentials" not in response.headers
        response = client.get("/more", headers={"Origin": SITE})
        assert response.headers.get_list("Vary") == ["Accept, origin"]
        assert response.headers.get_list("Access-Control-Expose-Headers") == ["X-Two", "X-One"]


def only(name: str) -> CORSMiddleware:
    """A policy for one origin."""
    return CORSMiddleware(allow_origins=[f"https://{name}.example"])


def test_the_innermost_policy_wins() -> None:
    router = Router("/router", middleware=[only("router")])
    api = BoltAPI("/api", middleware=[only("api")])

    async def answer() -> str:
        return "x"

    @router.get("/above")
    @cors(["https://above.example"])
    async def above() -> str:
        return "x"

    @cors(origins=["https://below.example"], methods=["GET"], headers=["X-One"], credentials=True, max_age=1)
    @router.get("/below")
    async def below() -> str:
        return "x"

    @router.get("/none")
    @skip_middleware("cors")
    async def none() -> str:
        return "x"

    router.get("/plain")(answer)
    router.get("/route", middleware=[only("route")])(answer)
    api.get("/plain")(answer)
    api.include_router(router)
    bare = BoltAPI("/bare")
    bare.get("/plain")(answer)
    expected = {
        "/api/plain": "api",
        "/api/router/plain": "router",
        "/api/router/above": "above",
        "/api/router/below": "below",
        "/api/router/route": "route",
        "/api/router/none": None,
        "/api/nowhere": "api",
        "/api/router/nowhere": "api",
        "/bare/plain": "settings",
        "/bare/nowhere": "settings",
        "/elsewhere": "settings",
        "/api-not": "settings",
        "/health": "settings",
        "/docs": "settings",
    }
    everyone = ["settings", "api", "router", "above", "below", "route"]
    with (
        override_settings(BOLT_CORS={"allow_origins": ["https://settings.example"]}),
        TestClient([api, bare]) as client,
    ):
        for path, name in expected.items():
            for other in everyone:
                origin = f"https://{other}.example"
                answers = [
                    client.get(path, headers={"Origin": origin, "Accept": "text/html"}),
                    preflight(client, path, origin=origin),
                ]
                wanted = origin if other == name else None
                assert [shares(answer) for answer in answers] == [wanted, wanted], (path, other)


def test_a_policy_of_one_route_holds_where_its_slash_is_missing() -> None:
    api = BoltAPI()

    @api.get("/items")
    @cors([SITE])
    async def items() -> str:
        return "x"

    with TestClient(api) as client:
        assert shares(preflight(client, "/items/")) == SITE
        response = client.get("/items/", headers={"Origin": SITE}, follow_redirects=False)
        assert (response.status_code, shares(response)) == (308, SITE)
        assert shares(preflight(client, "/items", "POST")) is None


WRONG = [
    ({"allow_origins": ["*"], "allow_credentials": True}, r"'\*' in allow_origins with allow_credentials=True"),
    ({"allow_origin_regex": ".*", "allow_credentials": True}, "matches every origin"),
    ({"allow_origin_regex": "https://.+", "allow_credentials": True}, "matches every origin"),
    ({"allow_origins": ["https://example.com/"]}, "write 'https://example.com'"),
    ({"allow_origins": ["https://example.com/path"]}, "write 'https://example.com'"),
    ({"allow_origins": ["https://Example.com"]}, "write 'https://example.com'"),
    ({"allow_origins": ["https://example.com:443"]}, "write 'https://example.com'"),
    ({"allow_origins": ["http://localhost:03000"]}, "write 'http://localhost:3000'"),
    ({"allow_origins": ["example.com"]}, "write 'https://example.com'"),
    ({"allow_origins": ["https://bücher.example"]}, "write 'https://xn--bcher-kva.example'"),
    (
        {"allow_origins": ["https://*.example.com"]},
        r'write allow_origin_regex=r"https://\[a-z0-9-\]\+\\.example\\.com"',
    ),
    ({"allow_origins": ["https://user@example.com"]}, "expected scheme, host"),
    ({"allow_origins": [""]}, "expected scheme, host"),
    ({"allow_origins": "https://example.com"}, r"write allow_origins=\['https://example.com'\]"),
    ({"allow_origins": [1]}, "expected a list of str"),
    ({"allow_origins": None}, "expected a list of str"),
    ({}, "allows nobody"),
    ({"allow_origin_regex": "("}, "no regular expression"),
    ({"allow_origin_regex": r"https://(?!evil)\w+"}, "without lookaround"),
    ({"allow_origin_regex": ["https://a"]}, "expected a str"),
    ({"allow_origins": ["*"], "allow_methods": ["get"]}, "write 'GET'"),
    ({"allow_origins": ["*"], "allow_methods": "GET"}, r"write allow_methods=\['GET'\]"),
    ({"allow_origins": ["*"], "allow_headers": ["X One"]}, "expected names"),
    ({"allow_origins": ["*"], "expose_headers": ["X\r\nSet-Cookie: a=b"]}, "expected names"),
    ({"allow_origins": [SITE], "allow_credentials": True, "expose_headers": ["*"]}, "name the fields"),
    ({"allow_origins": ["*"], "allow_credentials": "yes"}, "expected True or False"),
    ({"allow_origins": ["*"], "max_age": -1}, "expected a whole number"),
    ({"allow_origins": ["*"], "max_age": True}, "expected a whole number"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_a_policy_that_cannot_be_meant_is_refused_where_it_stands(options: dict[str, Any], message: str) -> None:
    async def handler() -> None: ...

    policy = CORSMiddleware(**options)
    for declare in (
        lambda: BoltAPI(middleware=[policy]),
        lambda: Router(middleware=[policy]),
        lambda: BoltAPI().get("/x", middleware=[policy]),
        lambda: BoltAPI().get("/x")(cors(**options)(handler)),
    ):
        with pytest.raises(PlanError, match=message):
            declare()
    with (
        override_settings(BOLT_CORS=options),
        pytest.raises(ImproperlyConfigured, match=f"settings.BOLT_CORS.*{message}"),
    ):
        TestClient(BoltAPI())


def test_a_mark_above_the_routes_decorator_is_looked_at_as_well() -> None:
    api = BoltAPI()

    @cors(["*"], credentials=True)
    @api.get("/x")
    async def handler() -> None: ...

    with pytest.raises(PlanError, match=r"GET /x .*handler.*allow_credentials"):
        TestClient(api)
    with pytest.raises(TypeError, match="origins and allow_origins"):
        cors(["*"], allow_origins=[SITE])


@pytest.mark.parametrize("value", [[SITE], "https://www.example.com", {"origins": ["*"]}, {1: 2}])
def test_settings_that_are_no_policy(value: Any) -> None:
    with override_settings(BOLT_CORS=value), pytest.raises(ImproperlyConfigured, match="settings.BOLT_CORS: found"):
        TestClient(BoltAPI())
