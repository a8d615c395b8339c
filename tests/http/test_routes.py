"""Declared routes answer: methods, paths, handler kinds and the options of a decorator."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest

from django_bolt import BoltAPI, Request
from django_bolt._plan.errors import PlanError
from django_bolt._runtime.assemble import assemble
from django_bolt.testing import TestClient

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("is_async", [True, False])
def test_every_method_has_a_decorator(method: str, is_async: bool) -> None:
    api = BoltAPI()
    seen = []

    def handler(request: Request) -> dict[str, str]:
        seen.append(request.method)
        return {"method": request.method}

    async def async_handler(request: Request) -> dict[str, str]:
        return handler(request)

    getattr(api, method)("/x")(async_handler if is_async else handler)
    with TestClient(api) as client:
        response = client.request(method.upper(), "/x")
    assert response.status_code == 200
    assert seen == [method.upper()]
    if method != "head":
        assert response.json() == {"method": method.upper()}


def test_the_methods_of_one_path_are_apart() -> None:
    api = BoltAPI()
    for method in ("get", "post", "put", "patch", "delete"):

        async def handler(method: str = method) -> str:
            return method

        getattr(api, method)("/x")(handler)
    with TestClient(api) as client:
        assert [client.request(method.upper(), "/x").text for method in METHODS[:5]] == list(METHODS[:5])


def test_a_segment_is_a_parameter() -> None:
    api = BoltAPI()

    @api.get("/posts/{post_id}/comments/{comment_id}")
    async def comment(post_id: int, comment_id: str) -> list[Any]:
        return [post_id, comment_id]

    with TestClient(api) as client:
        assert client.get("/posts/7/comments/a%20b").json() == [7, "a b"]
        assert client.get("/posts/7/comments/a/b").status_code == 404


def test_a_segment_is_decoded_once_and_an_escaped_slash_is_no_separator() -> None:
    api = BoltAPI()

    @api.get("/files/{name}")
    async def file(name: str) -> list[str]:
        return [name]

    with TestClient(api) as client:
        assert client.get("/files/a%2Fb").json() == ["a/b"]
        assert client.get("/files/%2541").json() == ["%41"]
        assert client.get("/files/%C3%A9%F0%9F%98%80+x").json() == ["é😀+x"]


def test_a_path_segment_takes_the_rest() -> None:
    api = BoltAPI()

    @api.get("/files/{name:path}")
    async def file(name: str) -> list[str]:
        return [name]

    with TestClient(api) as client:
        assert client.get("/files/a").json() == ["a"]
        assert client.get("/files/a/b/c.txt").json() == ["a/b/c.txt"]
        assert client.get("/files/a%20b/c").json() == ["a b/c"]
        assert client.get("/files/").json() == [""]


def test_a_fixed_path_beats_a_parameter() -> None:
    api = BoltAPI()

    @api.get("/users/{name}")
    async def user(name: str) -> str:
        return f"user {name}"

    @api.get("/users/me")
    async def me() -> str:
        return "me"

    with TestClient(api) as client:
        assert client.get("/users/me").text == "me"
        assert client.get("/users/you").text == "user you"


def test_a_parameter_in_the_middle_of_a_longer_path() -> None:
    api = BoltAPI()

    @api.get("/a/{x}/end")
    async def ending(x: str) -> str:
        return f"end {x}"

    @api.get("/a/{x}")
    async def alone(x: str) -> str:
        return f"alone {x}"

    with TestClient(api) as client:
        assert client.get("/a/1/end").text == "end 1"
        assert client.get("/a/1").text == "alone 1"
        assert client.get("/a/1/2").status_code == 404


def test_the_root_and_the_empty_path() -> None:
    api = BoltAPI()

    @api.get("/")
    async def root() -> str:
        return "root"

    with TestClient(api) as client:
        assert client.get("/").text == "root"
        assert client.get("").text == "root"


def test_status_code_is_the_status_of_a_plain_value() -> None:
    api = BoltAPI()

    @api.post("/x", status_code=201)
    async def create() -> dict[str, int]:
        return {"id": 1}

    @api.delete("/x", status_code=204)
    async def destroy() -> None:
        return None

    with TestClient(api) as client:
        created = client.post("/x")
        assert (created.status_code, created.json()) == (201, {"id": 1})
        gone = client.delete("/x")
        assert (gone.status_code, gone.content) == (204, b"")
        assert "content-type" not in gone.headers


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="'statuscode'.*status_code"):
        BoltAPI().get("/x", statuscode=201)


def test_two_handlers_of_one_method_and_path_are_refused_when_the_server_starts() -> None:
    api = BoltAPI()

    @api.get("/x/{a}")
    async def first(a: str) -> str:
        return a

    @api.get("/x/{b}")
    async def second(b: str) -> str:
        return b

    with pytest.raises(PlanError, match=r"Two handlers for GET /x/\{a\} and /x/\{b\}: .*first and .*second"):
        assemble([api])


@pytest.mark.parametrize("path", ["x", "/{a", "/a}", "/{1x}", "/{a}/{a}", "/{a:int}"])
def test_a_wrong_path_is_refused_at_registration(path: str) -> None:
    with pytest.raises(PlanError):

        @BoltAPI().get(path)
        async def handler(a: str = "") -> str:
            return a


def test_an_inline_handler_runs_on_the_loop_s_thread_with_no_running_loop() -> None:
    api = BoltAPI()

    @api.get("/x", inline=True)
    def handler() -> list[Any]:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return [threading.get_ident()]

    with TestClient(api) as client:
        assert client.get("/x").json() == [threading.get_ident()]


def test_a_client_that_is_gone_cancels_an_async_handler() -> None:
    api = BoltAPI()
    ended = []

    @api.get("/slow")
    async def slow() -> str:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return "late"

    with TestClient(api) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get("/slow", timeout=0.1)
        client.settle()
        assert ended == ["cancelled"]


def test_a_shielded_handler_goes_on_when_the_client_is_gone() -> None:
    api = BoltAPI()
    ended = []

    @api.get("/slow", shield=True)
    async def slow() -> str:
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        ended.append("finished")
        return "late"

    @api.get("/wait")
    async def wait() -> str:
        await asyncio.sleep(0.3)
        return "waited"

    with TestClient(api) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get("/slow", timeout=0.05)
        assert client.get("/wait").text == "waited"
        assert ended == ["finished"]


def test_tasks_timeouts_and_groups_work_in_a_handler() -> None:
    api = BoltAPI()

    async def twice(number: int) -> int:
        await asyncio.sleep(0)
        return number * 2

    @api.get("/x")
    async def handler() -> list[Any]:
        assert asyncio.current_task() is not None
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(twice(number)) for number in range(3)]
        timed_out = False
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(10)
        except TimeoutError:
            timed_out = True
        return [[task.result() for task in tasks], timed_out, *await asyncio.gather(twice(5), twice(6))]

    with TestClient(api) as client:
        assert client.get("/x").json() == [[0, 2, 4], True, 10, 12]


def test_a_task_outlives_the_request_that_started_it() -> None:
    api = BoltAPI()
    done = []
    tasks = set()

    async def later() -> None:
        await asyncio.sleep(0)
        done.append(True)

    @api.get("/x")
    async def handler() -> str:
        task = asyncio.create_task(later())
        tasks.add(task)
        return "started"

    with TestClient(api) as client:
        assert client.get("/x").text == "started"
        client.settle()
        assert done == [True]
