"""`/openapi.json` and `/docs`."""

from __future__ import annotations

import enum
import re
from typing import Annotated, Any

import msgspec
import pytest
from openapi_spec_validator import validate

from django_bolt import BoltAPI, Cookie, Depends, Header, Query, Router
from django_bolt.openapi import OpenAPIConfig, OpenAPIInfo
from django_bolt.testing import TestClient


class Color(enum.Enum):
    RED = "red"


class Address(msgspec.Struct):
    city: str


class User(msgspec.Struct):
    """A person."""

    name: str
    age: int | None = None
    address: Address | None = None


async def paging(page: Annotated[int, Query(ge=1, description="Which page")] = 1) -> int:
    return page


def make() -> BoltAPI:
    api = BoltAPI(info=OpenAPIInfo(title="My API", version="1.2.3", description="API description"))
    router = Router(prefix="/users", tags=["users"])

    @router.get("/{user_id}", summary="One user", operation_id="one_user", tags=["single"])
    async def get_user(
        user_id: int,
        color: Color = Color.RED,
        x_token: Annotated[str | None, Header()] = None,
        theme: Annotated[str, Cookie()] = "light",
        page: int = Depends(paging),
    ) -> User: ...

    @router.post("", status_code=201, deprecated=True)
    async def create_user(user: User) -> User:
        """Create a user.

        With everything that belongs to one.
        """
        ...

    @router.get("/hidden", include_in_schema=False)
    async def hidden() -> str: ...

    @api.get("/files/{name:path}", description="A file")
    async def file(name: str) -> bytes: ...

    api.include_router(router)
    return api


@pytest.fixture
def document() -> Any:
    with TestClient(make()) as client:
        response = client.get("/openapi.json")
        assert response.headers["content-type"] == "application/json"
        return response.json()


def test_it_is_valid(document: Any) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert document["info"] == {"title": "My API", "version": "1.2.3", "description": "API description"}


def test_paths_and_what_is_hidden(document: Any) -> None:
    assert set(document["paths"]) == {"/users/{user_id}", "/users", "/files/{name}"}


def test_parameters(document: Any) -> None:
    operation = document["paths"]["/users/{user_id}"]["get"]
    found = {(parameter["in"], parameter["name"]): parameter for parameter in operation["parameters"]}
    assert set(found) == {
        ("path", "user_id"),
        ("query", "color"),
        ("header", "x-token"),
        ("cookie", "theme"),
        ("query", "page"),
    }
    assert found["path", "user_id"]["required"] is True
    assert found["path", "user_id"]["schema"]["type"] == "integer"
    assert not found["query", "page"].get("required")
    assert found["query", "page"]["schema"]["minimum"] == 1
    assert found["query", "page"]["description"] == "Which page"
    assert found["cookie", "theme"]["schema"]["default"] == "light"


def test_what_the_decorator_says(document: Any) -> None:
    one = document["paths"]["/users/{user_id}"]["get"]
    assert (one["summary"], one["operationId"], one["tags"]) == ("One user", "one_user", ["users", "single"])
    create = document["paths"]["/users"]["post"]
    assert create["deprecated"] is True
    assert create["summary"] == "Create a user."
    assert "everything that belongs" in create["description"]
    assert document["paths"]["/files/{name}"]["get"]["description"] == "A file"


def test_bodies_and_responses(document: Any) -> None:
    create = document["paths"]["/users"]["post"]
    body = create["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/User"}
    assert create["responses"]["201"]["content"]["application/json"]["schema"] == body
    assert "422" in create["responses"]
    assert set(document["components"]["schemas"]) >= {"User", "Address"}


def test_the_page_loads_nothing_from_elsewhere() -> None:
    with TestClient(make()) as client:
        page = client.get("/docs")
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "My API" in page.text
        links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert links
        for link in links:
            assert client.get(f"/{link}").status_code == 200, link
        assert not [link for link in links if "//" in link]
        assert client.get("/docs/../../secret").status_code == 404
        assert client.get("/docs/nothing.js").status_code == 404


def test_a_title_is_escaped_in_the_page() -> None:
    api = BoltAPI(info=OpenAPIInfo(title="<script>alert(1)</script>"))
    with TestClient(api) as client:
        assert "<script>alert" not in client.get("/docs").text


def test_it_can_be_moved_and_turned_off() -> None:
    config = OpenAPIConfig(path="/help", schema_path="/schema.json")
    with TestClient(BoltAPI(openapi_config=config)) as client:
        assert client.get("/help").status_code == 200
        assert client.get("/schema.json").status_code == 200
        assert client.get("/docs").status_code == 404
    with TestClient(BoltAPI(openapi_config=OpenAPIConfig(enabled=False))) as client:
        assert client.get("/docs").status_code == 404
        assert client.get("/openapi.json").status_code == 404


def test_a_project_s_own_route_at_docs_wins() -> None:
    api = BoltAPI()

    @api.get("/docs")
    async def own() -> str:
        return "mine"

    with TestClient(api) as client:
        assert client.get("/docs").text == "mine"
