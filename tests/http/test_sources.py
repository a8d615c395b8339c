"""Where each parameter of a handler comes from: the request, its path, its query, markers, the body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
import pytest
from django.http import HttpRequest

from django_bolt import Body, BoltAPI, Cookie, Depends, Header, Path, Query, Request
from django_bolt._plan.errors import PlanError
from django_bolt._runtime.assemble import assemble
from django_bolt.params import File, Form
from django_bolt.testing import TestClient


class Item(msgspec.Struct):
    name: str
    price: float = 0.0


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    good: bool


@dataclass
class Point:
    x: int
    y: int = 0


class Settings(TypedDict):
    dark: bool
    size: NotRequired[int]


def test_a_parameter_named_request_is_the_request_wherever_it_stands() -> None:
    api = BoltAPI()

    @api.get("/first/{a}")
    async def first(request, a: int):
        return [type(request).__name__, request.path, a]

    @api.get("/last/{a}")
    async def last(a: int, b: int = 2, request=None):
        return [type(request).__name__, request.path, a, b]

    @api.get("/keyword/{a}")
    def keyword(a: int, *, request):
        return [type(request).__name__, request.path, a]

    with TestClient(api) as client:
        assert client.get("/first/1").json() == ["Request", "/first/1", 1]
        assert client.get("/last/1").json() == ["Request", "/last/1", 1, 2]
        assert client.get("/keyword/1").json() == ["Request", "/keyword/1", 1]


@pytest.mark.parametrize("is_async", [True, False])
def test_a_parameter_annotated_as_a_request_is_the_request(is_async: bool) -> None:
    api = BoltAPI()

    def read(name: str, ours: Request, djangos: HttpRequest) -> list[Any]:
        return [name, ours is djangos, isinstance(ours, Request)]

    async def read_async(name: str, ours: Request, djangos: HttpRequest) -> list[Any]:
        return read(name, ours, djangos)

    api.get("/{name}")(read_async if is_async else read)
    with TestClient(api) as client:
        assert client.get("/x").json() == ["x", True, True]


def test_a_dependency_and_a_dependency_class_get_the_same_request() -> None:
    api = BoltAPI()

    async def path_of(request):
        return request.path, request

    class Session:
        def __init__(self, request):
            self.request = request

    class Typed:
        def __init__(self, incoming: Request) -> None:
            self.request = incoming

    @api.get("/x")
    async def handler(
        request: Request,
        path: Any = Depends(path_of),
        session: Any = Depends(Session),
        typed: Any = Depends(Typed),
    ) -> list[Any]:
        return [path[0], path[1] is request, session.request is request, typed.request is request]

    with TestClient(api) as client:
        assert client.get("/x").json() == ["/x", True, True, True]


def test_a_name_in_the_path_comes_from_the_path_and_any_other_from_the_query() -> None:
    api = BoltAPI()

    @api.get("/users/{user_id}")
    async def user(user_id: int, page: int, q: str = "none") -> list[Any]:
        return [user_id, page, q]

    with TestClient(api) as client:
        assert client.get("/users/1?page=2").json() == [1, 2, "none"]
        assert client.get("/users/1?page=2&q=x&user_id=9").json() == [1, 2, "x"]
        assert client.get("/users/1").status_code == 422


def test_a_parameter_without_an_annotation_is_text_from_the_query() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(a, b="default"):
        return [a, b]

    with TestClient(api) as client:
        assert client.get("/x?a=1").json() == ["1", "default"]


def test_markers_as_defaults() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(
        required: str = Query(...),
        bare: str = Query(),
        limit: int = Query(10, ge=1, le=100),
        nothing: int = Query(None),
        agent: str = Header("nobody"),
        theme: str = Cookie("light"),
    ) -> list[Any]:
        return [required, bare, limit, nothing, agent, theme]

    with TestClient(api) as client:
        assert client.get("/x?required=a&bare=b").json() == ["a", "b", 10, None, "nobody", "light"]
        full = client.get("/x?required=a&bare=b&limit=100&nothing=3", headers={"Agent": "me", "Cookie": "theme=dark"})
        assert full.json() == ["a", "b", 100, 3, "me", "dark"]
        refused = client.get("/x?limit=101").json()["detail"]
        assert [error["loc"] for error in refused] == [["query", "required"], ["query", "bare"], ["query", "limit"]]


def test_markers_in_annotated() -> None:
    api = BoltAPI()

    @api.get("/x/{item_id}")
    async def handler(
        item_id: Annotated[int, Path(ge=1)],
        q: Annotated[str, Query(min_length=2)],
        token: Annotated[str | None, Header()] = None,
        theme: Annotated[str, Cookie()] = "light",
    ) -> list[Any]:
        return [item_id, q, token, theme]

    with TestClient(api) as client:
        assert client.get("/x/1?q=ab").json() == [1, "ab", None, "light"]
        assert client.get("/x/1?q=ab", headers={"token": "t", "cookie": "theme=d"}).json() == [1, "ab", "t", "d"]
        assert client.get("/x/0?q=a").status_code == 422


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_struct_is_the_body_on_a_method_that_takes_one(method: str) -> None:
    api = BoltAPI()

    async def handler(item: Item) -> Item:
        return item

    getattr(api, method)("/x")(handler)
    with TestClient(api) as client:
        response = client.request(method.upper(), "/x", json={"name": "a", "price": 2})
    assert response.json() == {"name": "a", "price": 2.0}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Item, {"name": "a", "price": 1.5}),
        (Point, {"x": 1, "y": 2}),
        (Settings, {"dark": True}),
        (Cat | Dog, {"type": "dog", "good": True}),
        (list[Item], [{"name": "a", "price": 1.0}, {"name": "b", "price": 2.0}]),
        (list[Point], [{"x": 1, "y": 2}]),
        (list[Cat | Dog], [{"type": "cat", "lives": 9}, {"type": "dog", "good": False}]),
        (dict[str, int], {"a": 1}),
    ],
)
def test_a_document_type_is_the_json_body(kind: Any, value: Any) -> None:
    api = BoltAPI()

    async def handler(body: Any) -> Any:
        return {"kind": type(body).__name__, "value": body}

    handler.__annotations__ = {"body": kind}
    api.post("/x")(handler)
    with TestClient(api) as client:
        response = client.post("/x", json=value)
        assert response.json()["value"] == value
        assert client.post("/x", json="wrong").status_code == 422


@pytest.mark.parametrize("kind", [Item, Point, Settings, Cat | Dog, list[Item]])
def test_a_document_type_on_a_method_without_a_body_is_refused(kind: Any) -> None:
    async def handler(body: Any) -> None: ...

    handler.__annotations__ = {"body": kind}
    with pytest.raises(PlanError, match="GET takes no body"):
        BoltAPI().get("/x")(handler)


def test_several_bodies_are_keys_of_one_object() -> None:
    api = BoltAPI()

    @api.post("/x")
    async def handler(item: Item, point: Point, note: Annotated[str, Body()] = "none") -> list[Any]:
        return [item.name, point.x, note]

    with TestClient(api) as client:
        assert client.post("/x", json={"item": {"name": "a"}, "point": {"x": 1}}).json() == ["a", 1, "none"]
        wrong = client.post("/x", json={"item": {"name": 1}, "point": {"x": 1}}).json()["detail"]
        assert wrong[0]["loc"] == ["body", "item", "name"]


def test_an_embedded_body_is_a_key() -> None:
    api = BoltAPI()

    @api.post("/x")
    async def handler(item: Annotated[Item, Body(embed=True)]) -> str:
        return item.name

    with TestClient(api) as client:
        assert client.post("/x", json={"item": {"name": "a"}}).text == "a"
        assert client.post("/x", json={"name": "a"}).json()["detail"][0]["loc"] == ["body", "item"]


def test_an_optional_body_may_be_absent() -> None:
    api = BoltAPI()

    @api.post("/x")
    async def handler(item: Item | None = None) -> list[Any]:
        return [None if item is None else item.name]

    with TestClient(api) as client:
        assert client.post("/x").json() == [None]
        assert client.post("/x", json={"name": "a"}).json() == ["a"]
        assert client.post("/x", content=b"null", headers={"content-type": "application/json"}).json() == [None]


def test_a_body_as_bytes_is_taken_as_it_is() -> None:
    api = BoltAPI()

    @api.post("/x")
    async def handler(data: Annotated[bytes, Body()]) -> bytes:
        return data

    with TestClient(api) as client:
        response = client.post("/x", content=b"\xff\x00{", headers={"content-type": "image/png"})
        assert response.content == b"\xff\x00{"


def test_body_and_other_sources_together() -> None:
    api = BoltAPI()

    @api.put("/items/{item_id}")
    async def update(request: Request, item_id: int, item: Item, dry: bool = False) -> list[Any]:
        return [item_id, item.name, dry, request.method]

    with TestClient(api) as client:
        response = client.put("/items/3?dry=true", json={"name": "n"})
        assert response.json() == [3, "n", True, "PUT"]


def test_star_arguments_are_refused_at_registration() -> None:
    with pytest.raises(PlanError, match=r"\*args"):

        @BoltAPI().get("/a")
        async def positional(*args: str) -> None: ...

    with pytest.raises(PlanError, match=r"\*\*kwargs"):

        @BoltAPI().get("/b")
        async def keywords(**kwargs: str) -> None: ...


@pytest.mark.parametrize("marker", [Form(), File()])
def test_forms_and_files_are_refused_at_registration(marker: Any) -> None:
    with pytest.raises(PlanError, match="not served yet"):

        @BoltAPI().post("/a")
        async def handler(upload: Any = marker) -> None: ...


def test_a_path_parameter_that_the_path_has_not_is_refused_when_the_server_starts() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(a: Annotated[int, Path()]) -> int:
        return a

    with pytest.raises(PlanError, match="'a'"):
        assemble([api])


def test_a_default_that_can_change_is_made_anew_for_each_request() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(tags: list[str] = []) -> list[str]:  # noqa: B006  # what the test is about
        tags.append("seen")
        return tags

    with TestClient(api) as client:
        assert client.get("/x").json() == ["seen"]
        assert client.get("/x").json() == ["seen"]
