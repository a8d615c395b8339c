"""The test clients themselves: httpx over the whole server, in the test's own process."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from typing import Any

import httpx
import pytest

from django_bolt import BoltAPI, Request
from django_bolt._plan.errors import PlanError
from django_bolt.testing import AsyncTestClient, TestClient


def make() -> BoltAPI:
    api = BoltAPI()

    @api.get("/x")
    async def handler(request: Request) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"thread": threading.get_ident(), "host": request.headers["host"]}

    @api.get("/def")
    def plain() -> list[int]:
        return [threading.get_ident()]

    @api.get("/fail")
    async def fail() -> None:
        raise LookupError("from the handler")

    @api.get("/redirect")
    async def redirect() -> Any:
        return None, 302, {"location": "/x"}

    @api.get("/cookie")
    async def cookie() -> Any:
        return None, 200, {"set-cookie": "a=1; Path=/"}

    @api.get("/cookies")
    async def cookies(request: Request) -> Any:
        return request.cookies

    @api.post("/echo")
    async def echo(request: Request) -> bytes:
        return request.body

    return api


def test_it_is_an_httpx_client() -> None:
    with TestClient(make(), headers={"x-one": "1"}) as client:
        assert isinstance(client, httpx.Client)
        response = client.get("/x")
        assert isinstance(response, httpx.Response)
        assert response.json()["host"] == "testserver"
        assert response.http_version == "HTTP/1.1"
        assert client.get("/cookie").cookies["a"] == "1"
        assert client.get("/cookies").json() == {"a": "1"}
    with TestClient(make(), base_url="http://example.com", follow_redirects=True) as client:
        assert client.get("/redirect").json()["host"] == "example.com"


def test_handlers_of_every_kind_run_on_the_calling_thread() -> None:
    with TestClient(make()) as client:
        assert client.get("/x").json()["thread"] == threading.get_ident()
        assert client.get("/def").json() == [threading.get_ident()]


def test_an_exception_of_a_handler_is_raised_in_the_test() -> None:
    with TestClient(make()) as client, pytest.raises(LookupError, match="from the handler") as caught:
        client.get("/fail")
    assert any(frame.name == "fail" for frame in caught.traceback)


def test_or_not() -> None:
    with TestClient(make(), raise_server_exceptions=False) as client:
        assert client.get("/fail").status_code == 500


def test_after_an_exception_the_client_goes_on() -> None:
    with TestClient(make()) as client:
        for _ in range(3):
            with pytest.raises(LookupError):
                client.get("/fail")
            assert client.get("/x").status_code == 200


def test_bodies_larger_than_every_buffer() -> None:
    data = bytes(range(256)) * 8000
    with TestClient(make()) as client:
        assert client.post("/echo", content=data).content == data
        assert client.post("/echo", content=iter([data[:1000], data[1000:]])).content == data


def test_two_clients_side_by_side() -> None:
    first, second = make(), BoltAPI()

    @second.get("/x")
    async def handler() -> str:
        return "second"

    with TestClient(first) as one, TestClient(second) as two, TestClient(first) as three:
        for _ in range(3):
            assert "thread" in one.get("/x").json()
            assert two.get("/x").text == "second"
            assert "thread" in three.get("/x").json()


def test_clients_made_one_after_the_other() -> None:
    for _ in range(20):
        with TestClient(make()) as client:
            assert client.get("/x").status_code == 200


def test_a_client_without_a_with_block() -> None:
    client = TestClient(make())
    assert client.get("/x").status_code == 200
    client.close()


def test_an_app_with_no_route_answers_404() -> None:
    with TestClient(BoltAPI()) as client:
        assert client.get("/x", headers={"accept": "application/json"}).status_code == 404


def test_inside_a_running_loop_it_says_what_to_use() -> None:
    made = []

    async def use() -> None:
        made.append(TestClient(make()))
        made[0].get("/x")

    with pytest.raises(RuntimeError, match="AsyncTestClient"):
        asyncio.run(use())
    for client in made:
        client.close()


def test_inside_a_handler_it_says_what_to_use() -> None:
    api, made = BoltAPI(), []

    @api.get("/nested")
    async def nested() -> str:
        made.append(TestClient(make()))
        return made[0].get("/x").text

    with TestClient(api) as client, pytest.raises(RuntimeError, match="AsyncTestClient"):
        client.get("/nested")
    for client in made:
        client.close()


def test_another_thread_is_told_so() -> None:
    found: list[BaseException] = []
    with TestClient(make()) as client:

        def use() -> None:
            try:
                client.get("/x")
            except RuntimeError as exc:
                found.append(exc)

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    assert "thread" in str(found[0])


def test_a_client_on_a_thread_of_its_own() -> None:
    found: list[Any] = []

    def use() -> None:
        with TestClient(make()) as client:
            found.append(client.get("/x").json()["thread"] == threading.get_ident())

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert found == [True]


def test_a_client_collected_while_another_answers_harms_nobody() -> None:
    def leave_behind() -> None:
        with TestClient(make()) as client:
            client.get("/x")

    api = BoltAPI()

    @api.get("/collect")
    async def collect() -> str:
        gc.collect()
        return "collected"

    automatic = gc.isenabled()
    gc.disable()
    try:
        with TestClient(api) as client:
            leave_behind()
            assert client.get("/collect").text == "collected"
    finally:
        if automatic:
            gc.enable()


def test_a_client_that_cannot_be_made_leaves_nothing_open() -> None:
    api = make()
    api.get("/x")(lambda: None)
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        with pytest.raises(PlanError):
            TestClient(api)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


class TestAsyncClient:
    """`AsyncTestClient`, on the test's own loop."""

    async def test_it_is_an_async_httpx_client(self) -> None:
        async with AsyncTestClient(make()) as client:
            assert isinstance(client, httpx.AsyncClient)
            response = await client.get("/x")
            assert response.json()["host"] == "testserver"

    async def test_handlers_run_on_the_test_s_loop(self) -> None:
        api = BoltAPI()
        loops = []

        @api.get("/x")
        async def handler() -> str:
            loops.append(asyncio.get_running_loop())
            await asyncio.sleep(0)
            return "x"

        async with AsyncTestClient(api) as client:
            assert (await client.get("/x")).text == "x"
        assert loops == [asyncio.get_running_loop()]

    async def test_requests_run_side_by_side(self) -> None:
        api = BoltAPI()
        barrier = asyncio.Barrier(5)

        @api.get("/x/{number}")
        async def handler(number: int) -> list[int]:
            await barrier.wait()
            return [number]

        async with AsyncTestClient(api) as client:
            answers = await asyncio.gather(*(client.get(f"/x/{number}") for number in range(5)))
        assert [answer.json() for answer in answers] == [[number] for number in range(5)]

    async def test_an_exception_of_a_handler_is_raised_in_the_test(self) -> None:
        async with AsyncTestClient(make()) as client:
            with pytest.raises(LookupError, match="from the handler"):
                await client.get("/fail")

    async def test_or_not(self) -> None:
        async with AsyncTestClient(make(), raise_server_exceptions=False) as client:
            assert (await client.get("/fail")).status_code == 500

    async def test_def_handlers(self) -> None:
        async with AsyncTestClient(make()) as client:
            assert (await client.get("/def")).status_code == 200

    async def test_a_client_that_gives_up_cancels_the_handler(self) -> None:
        api = BoltAPI()
        ended = asyncio.Event()

        @api.get("/x")
        async def handler() -> str:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                ended.set()
                raise
            return "late"

        async with AsyncTestClient(api) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/x", timeout=0.1)
            async with asyncio.timeout(5):
                await ended.wait()

    async def test_two_clients_side_by_side(self) -> None:
        async with AsyncTestClient(make()) as one, AsyncTestClient(make()) as two:
            answers = await asyncio.gather(one.get("/x"), two.get("/x"))
        assert [answer.status_code for answer in answers] == [200, 200]

    async def test_large_bodies(self) -> None:
        data = bytes(range(256)) * 8000
        async with AsyncTestClient(make()) as client:
            assert (await client.post("/echo", content=data)).content == data
