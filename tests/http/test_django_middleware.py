"""Django's middleware around handlers, through the test clients: what it sees and what it does to each answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import MiddlewareNotUsed, PermissionDenied
from django.http import Http404, HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import override_settings
from django.utils.decorators import async_only_middleware, sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin

from django_bolt import BoltAPI, Request
from django_bolt.auth import IsAuthenticated
from django_bolt.exceptions import HTTPException
from django_bolt.params import Body
from django_bolt.responses import Response
from django_bolt.testing import AsyncTestClient, TestClient


class Witness:
    """Marks each answer with what it is to."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        response = self.get_response(request)
        response["X-Witness"] = f"{request.method} {request.path} {response.status_code}"
        return response


def application(*middleware: Any, **options: Any) -> BoltAPI:
    api = BoltAPI(django_middleware=list(middleware), **options)

    @api.get("/value/{number}")
    async def value(number: int) -> Any:
        return {"number": number}

    @api.get("/def")
    def blocking() -> Any:
        return {"kind": "def"}

    @api.get("/inline", inline=True)
    def inline() -> Any:
        return {"kind": "inline"}

    @api.get("/teapot")
    async def teapot() -> Any:
        raise HTTPException(418, "short and stout")

    @api.get("/missing")
    async def missing() -> Any:
        raise Http404("no such thing")

    @api.get("/broken")
    async def broken() -> Any:
        raise ZeroDivisionError

    @api.get("/guarded", guards=[IsAuthenticated()])
    async def guarded() -> Any:
        return {}

    @api.post("/upload", max_body=10)
    async def upload(request: Request) -> Any:
        return {"length": len(request.body)}

    return api


# Every answer -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "status", "content"),
    [
        ("GET", "/value/1", 200, b""),
        ("GET", "/def", 200, b""),
        ("GET", "/inline", 200, b""),
        ("HEAD", "/value/1", 200, b""),
        ("GET", "/guarded", 401, b""),
        ("GET", "/nowhere", 404, b""),
        ("GET", "/missing", 404, b""),
        ("PUT", "/def", 405, b""),
        ("POST", "/upload", 413, b"x" * 11),
        ("GET", "/teapot", 418, b""),
        ("GET", "/value/one", 422, b""),
        ("GET", "/broken", 500, b""),
    ],
)
def test_it_runs_once_on_every_answer(method: str, target: str, status: int, content: bytes):
    with TestClient(application(Witness), raise_server_exceptions=False) as client:
        answer = client.request(method, target, content=content)
        assert answer.status_code == status
        assert answer.headers.get_list("x-witness") == [f"{method} {target} {status}"]


def test_an_answer_is_the_same_with_it_and_without():
    def answers(api: BoltAPI) -> Any:
        volatile = ("date", "x-request-id", "x-witness")
        with TestClient(api, raise_server_exceptions=False) as client:
            for target in ("/value/1", "/def", "/teapot", "/value/one", "/nowhere", "/missing"):
                answer = client.get(target)
                headers = sorted(pair for pair in answer.headers.multi_items() if pair[0] not in volatile)
                yield answer.status_code, headers, answer.content

    assert list(answers(application(Witness))) == list(answers(application()))


async def test_it_runs_for_the_asynchronous_client():
    async with AsyncTestClient(application(Witness)) as client:
        assert (await client.get("/value/1")).headers["x-witness"] == "GET /value/1 200"
        assert (await client.get("/def")).headers["x-witness"] == "GET /def 200"


@override_settings(BOLT={"ORM_BRIDGE": False})
def test_it_runs_without_the_bridge():
    with TestClient(application(Witness)) as client:
        assert client.get("/value/1").headers["x-witness"] == "GET /value/1 200"


# How it is called -------------------------------------------------------------------------------------


class Hooks(MiddlewareMixin):
    """Says what every hook is shown."""

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        request.shown = f"{view.__name__} {view.csrf_exempt} {args} {kwargs} {request.resolver_match.route}"
        if "stop" in request.GET:
            return HttpResponse("stopped", status=202)
        return view(request, *args, **kwargs) if "call" in request.GET else None

    def process_response(self, request: Any, response: Any) -> Any:
        response["X-Shown"] = getattr(request, "shown", "nothing")
        return response


def test_process_view():
    with TestClient(application(Hooks)) as client:
        answer = client.get("/value/7")
        assert answer.headers["x-shown"] == "value True () {'number': '7'} /value/{number}"
        assert client.get("/value/7?call").json() == {"number": 7}
        answer = client.get("/value/7?stop")
        assert (answer.status_code, answer.text) == (202, "stopped")
        assert client.get("/nowhere").headers["x-shown"] == "nothing"


class Templated(MiddlewareMixin):
    def process_template_response(self, request: Any, response: Any) -> Any:
        response.context_data["name"] = "middleware"
        return response


def test_process_template_response():
    api = BoltAPI(django_middleware=[Templated])
    made: list[Any] = []

    @api.get("/page")
    async def page(request: Request) -> Any:
        template = engines["django"].from_string("by {{ name }}")
        made.append(TemplateResponse(request.django_request, template, {"name": "handler"}))
        return made[0]

    @api.get("/wrong")
    async def wrong(request: Request) -> Any:
        return TemplateResponse(request.django_request, "no/such/template.html", {})

    with TestClient(api, raise_server_exceptions=False) as client:
        assert client.get("/page").text == "by middleware"
        answer = client.get("/wrong")
        assert (answer.status_code, answer.json()) == (500, {"detail": "Internal Server Error"})


class Outer(MiddlewareMixin):
    def process_exception(self, request: Any, exception: Exception) -> Any:
        return HttpResponse(f"outer: {type(exception).__name__}", status=503)


class Inner(MiddlewareMixin):
    def process_exception(self, request: Any, exception: Exception) -> Any:
        request.inner = True
        return HttpResponse("inner", status=502) if isinstance(exception, KeyError) else None


def test_process_exception_is_asked_about_what_nothing_else_answers():
    api = application(Outer, Inner)

    @api.get("/key")
    async def key() -> Any:
        raise KeyError

    @api.get("/handled")
    async def handled() -> Any:
        raise OSError

    @api.get("/denied")
    async def denied() -> Any:
        raise PermissionDenied

    @api.exception_handler(OSError)
    async def os_error(error: Exception, request: Request) -> Any:
        return {"by": "the application"}, 507

    with TestClient(api, raise_server_exceptions=False) as client:
        assert (client.get("/broken").status_code, client.get("/broken").text) == (503, "outer: ZeroDivisionError")
        assert client.get("/key").text == "inner"
        assert client.get("/handled").json() == {"by": "the application"}
        assert client.get("/denied").status_code == 403
        assert client.get("/teapot").status_code == 418


class Raising:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        if "denied" in request.GET:
            raise PermissionDenied
        if "broken" in request.GET:
            raise ZeroDivisionError
        return self.get_response(request)


def test_what_middleware_raises_is_answered_as_under_django():
    with TestClient(application(Witness, Raising), raise_server_exceptions=False) as client:
        for query, status in (("denied", 403), ("broken", 500)):
            answer = client.get(f"/def?{query}")
            assert answer.status_code == status
            assert answer.headers["content-type"].startswith("text/html")
            assert answer.headers["x-witness"] == f"GET /def {status}"


class Unused:
    def __init__(self, get_response: Any) -> None:
        raise MiddlewareNotUsed("not here")


class Nothing:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        self.get_response(request)


def test_one_that_is_not_used_is_left_out():
    with TestClient(application(Witness, Unused)) as client:
        assert client.get("/def").headers["x-witness"] == "GET /def 200"


def test_one_that_returns_nothing_is_an_error_that_says_so():
    with TestClient(application(Nothing), raise_server_exceptions=False) as client:
        assert client.get("/def").status_code == 500
    with (
        TestClient(application(Nothing)) as client,
        pytest.raises(TypeError, match="Nothing, expected an HttpResponse"),
    ):
        client.get("/def")


class Once(MiddlewareMixin):
    responses: list[Any] = []

    def process_response(self, request: Any, response: Any) -> Any:
        self.responses.append(response)
        return response


def test_an_http_response_passes_unchanged():
    own = HttpResponse("own")
    api = BoltAPI(django_middleware=[Once])

    @api.get("/own")
    async def get_own() -> Any:
        return own

    with TestClient(api) as client:
        assert client.get("/own").text == "own"
    assert Once.responses[0] is own


def test_headers_and_cookies_of_a_response_reach_the_client_through_it():
    api = BoltAPI(django_middleware=[Witness])

    @api.get("/")
    async def root() -> Any:
        response = Response({"a": 1}, 201, headers=[("x-many", "1"), ("x-many", "2")])
        response.set_cookie("plain", "a b", httponly=True, samesite="Lax", max_age=5, path="/x")
        response.headers.add("set-cookie", "two=1; Path=/a; Partitioned")
        response.headers.add("set-cookie", "two=2; Path=/b")
        return response

    @api.get("/empty")
    async def empty() -> Any:
        return Response(status_code=204)

    with TestClient(api) as client, TestClient(application()) as _:
        answer = client.get("/")
        assert (answer.status_code, answer.json(), answer.headers["x-many"]) == (201, {"a": 1}, "1, 2")
        cookies = answer.headers.get_list("set-cookie")
        assert cookies[0].startswith('plain="a b"; expires=')
        assert cookies[1:] == ["two=1; Path=/a; Partitioned", "two=2; Path=/b"]
        assert "content-type" not in client.get("/empty").headers


# Asynchronous middleware, and threads -----------------------------------------------------------------


@async_only_middleware
def async_only(get_response: Any) -> Any:
    async def middleware(request: Any) -> Any:
        request.by = [*getattr(request, "by", []), "async"]
        response = await get_response(request)
        response["X-Async"] = "yes"
        return response

    return middleware


@sync_and_async_middleware
def either(get_response: Any) -> Any:
    from asgiref.sync import iscoroutinefunction

    if iscoroutinefunction(get_response):

        async def amiddleware(request: Any) -> Any:
            response = await get_response(request)
            response["X-Either"] = "async"
            return response

        return amiddleware

    def middleware(request: Any) -> Any:
        response = get_response(request)
        response["X-Either"] = "sync"
        return response

    return middleware


@pytest.mark.parametrize(
    "order",
    [
        (async_only, Witness),
        (Witness, async_only),
        (Witness, async_only, Hooks),
        (async_only, async_only),
        (async_only,),
    ],
)
def test_asynchronous_middleware_at_any_place(order: Any):
    api = application(*order)

    @api.get("/by")
    async def by(request: Request) -> Any:
        return request.by

    with TestClient(api, raise_server_exceptions=False) as client:
        answer = client.get("/by")
        assert answer.json() == ["async"] * order.count(async_only)
        assert answer.headers["x-async"] == "yes"
        if Witness in order:
            assert answer.headers["x-witness"] == "GET /by 200"
        assert client.get("/broken").status_code == 500
        assert client.get("/nowhere").headers["x-async"] == "yes"


def test_what_is_both_runs_without_a_task():
    with TestClient(application(either)) as client:
        assert client.get("/def").headers["x-either"] == "sync"
    with TestClient(application(async_only, either)) as client:
        assert client.get("/def").headers["x-either"] == "sync"


def test_context_variables_that_a_handler_sets_are_seen_by_middleware():
    from contextvars import ContextVar

    variable: ContextVar[str] = ContextVar("variable", default="nothing")

    class Setting(MiddlewareMixin):
        def process_request(self, request: Any) -> None:
            variable.set("middleware")

        def process_response(self, request: Any, response: Any) -> Any:
            response["X-Variable"] = variable.get()
            return response

    api = BoltAPI(django_middleware=[Setting])

    @api.get("/")
    async def root() -> Any:
        found = variable.get()
        variable.set("handler")
        return found

    with TestClient(api) as client:
        answer = client.get("/")
        assert (answer.text, answer.headers["x-variable"]) == ("middleware", "handler")
    assert variable.get() == "nothing"


# The request ------------------------------------------------------------------------------------------


def test_the_request_is_made_once_and_shares_what_was_read():
    seen: list[Any] = []

    class Reading(MiddlewareMixin):
        def process_request(self, request: Any) -> None:
            request.tenant = SimpleNamespace(name="acme")
            seen.append((request, request.body, request.POST.get("a")))

    api = BoltAPI(django_middleware=[Reading])

    @api.post("/")
    async def root(request: Request) -> Any:
        seen.append((request.django_request, request.body))
        assert not hasattr(request, "unknown")
        return {"tenant": request.tenant.name}

    @api.post("/unread")
    async def unread() -> Any:
        return {}

    with TestClient(api) as client:
        form = {"content": b"a=1", "headers": {"content-type": "application/x-www-form-urlencoded"}}
        assert client.post("/", **form).json() == {"tenant": "acme"}
        assert seen[0][0] is seen[1][0]
        assert seen[0][1] == seen[1][1] == b"a=1"
        assert seen[0][2] == "1"
        # Though the handler has no use for it.
        client.post("/unread", **form)
        assert seen[2][1] == b"a=1"


def test_attributes_of_django_s_request_are_not_the_bolt_request_s_without_middleware():
    api = BoltAPI()

    @api.get("/")
    async def root(request: Request) -> Any:
        request.django_request.tenant = "acme"
        return hasattr(request, "tenant")

    with TestClient(api) as client:
        assert client.get("/").json() is False


def test_the_urlconf_that_middleware_sets_is_the_one_that_counts():
    from django.urls import get_urlconf

    class Chosen(MiddlewareMixin):
        def process_request(self, request: Any) -> None:
            request.urlconf = "tests.urls"

    api = BoltAPI(django_middleware=[Chosen])

    @api.get("/")
    async def root() -> Any:
        return str(get_urlconf())

    with TestClient(api) as client:
        assert client.get("/").text == "tests.urls"
    assert get_urlconf() is None


def test_a_body_parameter_beside_it():
    api = BoltAPI(django_middleware=[Witness])

    @api.post("/body")
    async def body(data: dict[str, int] = Body()) -> Any:
        return data

    with TestClient(api) as client:
        assert client.post("/body", json={"a": 1}).json() == {"a": 1}
        assert client.post("/body", content=b"{").headers["x-witness"] == "POST /body 422"
