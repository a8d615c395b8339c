"""The OpenAPI document, validated by openapi-spec-validator."""

from __future__ import annotations

import datetime
import enum
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypedDict, TypeVar

import msgspec
import pytest
from django.http import HttpResponse
from msgspec import Meta
from openapi_spec_validator import OpenAPIV31SpecValidator

from django_bolt.application import BoltAPI
from django_bolt.openapi import OpenAPIInfo
from django_bolt.openapi.document import build_document
from django_bolt.params import Body, Cookie, Header, Path, Query


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Tag(msgspec.Struct):
    """A word."""

    name: Annotated[str, Meta(min_length=1)]


class Article(msgspec.Struct):
    title: str
    tags: list[Tag] = []
    parent: Article | None = None


T = TypeVar("T")


class Page(msgspec.Struct, Generic[T]):
    items: list[T]


class Filters(msgspec.Struct):
    limit: int = 20
    search: str | None = None


@dataclass
class Point:
    x: float
    y: float = 0.0


class Settings(TypedDict):
    dark: bool


def document_of(api: BoltAPI, **info: str) -> dict[str, Any]:
    """Return the document as a client reads it, valid."""
    built = build_document([route for _, route in api.compile()], OpenAPIInfo(**info))
    document = msgspec.json.decode(msgspec.json.encode(built))
    OpenAPIV31SpecValidator(document).validate()
    return document


def operation_of(handler: Any, *, method: str = "get", path: str = "/x", **options: Any) -> dict[str, Any]:
    api = BoltAPI()
    getattr(api, method)(path, **options)(handler)
    [(_, operations)] = document_of(api)["paths"].items()
    return operations[method]


def test_an_empty_application_is_a_valid_document():
    document = document_of(BoltAPI(), title="Shop", version="2.1", description="Sells things.")
    assert document["openapi"] == "3.1.0"
    assert document["info"] == {"title": "Shop", "version": "2.1", "description": "Sells things."}
    assert document["paths"] == {}


class TestOperations:
    def test_summary_and_description_come_from_the_docstring(self):
        async def handler():
            """Say hello.

            To everybody.
            """

        operation = operation_of(handler)
        assert (operation["summary"], operation["description"]) == ("Say hello.", "To everybody.")

    def test_what_the_decorator_says_wins(self):
        async def handler():
            """Say hello."""

        operation = operation_of(
            handler, summary="Greet", description="All.", tags=["a", "b"], deprecated=True, operation_id="greet"
        )
        assert operation["summary"] == "Greet"
        assert operation["description"] == "All."
        assert operation["tags"] == ["a", "b"]
        assert operation["deprecated"] is True
        assert operation["operationId"] == "greet"

    def test_operation_ids_are_unique(self):
        api = BoltAPI()

        async def handler(): ...

        api.get("/a")(api.post("/a")(api.get("/b")(handler)))
        operations = [operation for path in document_of(api)["paths"].values() for operation in path.values()]
        assert sorted(operation["operationId"] for operation in operations) == ["handler", "handler_2", "handler_3"]

    def test_a_hidden_route_leaves_no_trace(self):
        api = BoltAPI()

        @api.post("/x", include_in_schema=False)
        async def hidden(article: Article) -> Tag: ...

        document = document_of(api)
        assert document["paths"] == {}
        assert "components" not in document


class TestParameters:
    def test_every_source_with_its_type(self):
        async def handler(
            item_id: int,
            q: str | None = None,
            colour: Colour = Colour.RED,
            ids: list[uuid.UUID] = Query([]),  # noqa: B008
            x_api_key: str = Header(),
            session: str | None = Cookie(None),
            page: Annotated[int, Query(ge=1, le=100, description="Which one")] = 1,
        ): ...

        operation = operation_of(handler, path="/items/{item_id}")
        found = {(parameter["in"], parameter["name"]): parameter for parameter in operation["parameters"]}
        assert found["path", "item_id"] == {
            "name": "item_id",
            "in": "path",
            "required": True,
            "schema": {"type": "integer"},
        }
        assert found["query", "q"]["schema"] == {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
        assert "required" not in found["query", "q"]
        assert found["query", "colour"]["schema"]["default"] == "red"
        assert found["query", "ids"]["schema"] == {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "default": [],
        }
        assert found["header", "x-api-key"]["required"] is True
        assert ("cookie", "session") in found
        assert found["query", "page"]["description"] == "Which one"
        assert found["query", "page"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 1}

    def test_a_rest_segment_has_a_plain_name(self):
        async def handler(name: str): ...

        api = BoltAPI()
        api.get("/files/{name:path}")(handler)
        document = document_of(api)
        assert list(document["paths"]) == ["/files/{name}"]
        assert [parameter["name"] for parameter in document["paths"]["/files/{name}"]["get"]["parameters"]] == ["name"]

    def test_a_segment_that_only_the_request_has_is_documented(self):
        async def handler(request): ...

        [parameter] = operation_of(handler, path="/{tenant}")["parameters"]
        assert parameter == {"name": "tenant", "in": "path", "required": True, "schema": {"type": "string"}}

    def test_one_path_under_two_names_is_one_entry(self):
        api = BoltAPI()

        @api.get("/users/{user_id}/posts/{post_id}")
        async def read(user_id: int, post_id: int): ...

        @api.put("/users/{pk}/posts/{number}")
        async def write(pk: int, number: int): ...

        paths = document_of(api)["paths"]
        assert list(paths) == ["/users/{user_id}/posts/{post_id}"]
        [entry] = paths.values()
        assert {parameter["name"] for parameter in entry["put"]["parameters"]} == {"user_id", "post_id"}

    def test_a_group_is_its_fields(self):
        async def handler(filters: Annotated[Filters, Query()]): ...

        names = {parameter["name"] for parameter in operation_of(handler)["parameters"]}
        assert names == {"limit", "search"}

    @pytest.mark.parametrize(
        "kind",
        [datetime.datetime, datetime.date, datetime.time, datetime.timedelta, Decimal, bool, float, Literal["a", 1]],
    )
    def test_scalars_have_schemas(self, kind):
        async def handler(value): ...

        handler.__annotations__["value"] = kind
        [parameter] = operation_of(handler)["parameters"]
        assert parameter["schema"].get("type") or parameter["schema"]["enum"]

    def test_what_a_marker_tells(self):
        async def handler(
            page: Annotated[int, Query(title="Page", examples=[1, 2], deprecated=True)] = 1,
            ids: Annotated[list[int], Query(example=[3])] = [],  # noqa: B006
        ): ...

        page, ids = operation_of(handler)["parameters"]
        assert page["deprecated"] is True
        assert page["schema"] == {"type": "integer", "title": "Page", "examples": [1, 2], "default": 1}
        assert ids["schema"] == {"type": "array", "items": {"type": "integer"}, "examples": [[3]], "default": []}

    def test_a_path_marker(self):
        async def handler(number: int = Path(ge=1)): ...

        [parameter] = operation_of(handler, path="/{number}")["parameters"]
        assert parameter["schema"]["minimum"] == 1


class TestBodies:
    def test_a_required_body_with_nested_structs(self):
        async def handler(article: Article): ...

        api = BoltAPI()
        api.post("/x")(handler)
        document = document_of(api)
        body = document["paths"]["/x"]["post"]["requestBody"]
        assert body["required"] is True
        reference = body["content"]["application/json"]["schema"]["$ref"]
        assert reference == "#/components/schemas/Article"
        schemas = document["components"]["schemas"]
        assert schemas["Article"]["properties"]["tags"]["items"] == {"$ref": "#/components/schemas/Tag"}
        assert schemas["Tag"]["description"] == "A word."
        assert {"type": "null"} in schemas["Article"]["properties"]["parent"]["anyOf"]

    def test_an_optional_body(self):
        async def handler(article: Article | None = None): ...

        assert operation_of(handler, method="post")["requestBody"]["required"] is False

    @pytest.mark.parametrize("kind", [list[Tag], Point, Settings, Tag | None])
    def test_other_kinds_of_body(self, kind):
        async def handler(value): ...

        handler.__annotations__["value"] = kind
        assert operation_of(handler, method="put")["requestBody"]["content"]["application/json"]["schema"]

    def test_a_marked_body(self):
        async def handler(value: dict[str, int] = Body()): ...  # noqa: B008

        schema = operation_of(handler, method="post")["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"type": "object", "additionalProperties": {"type": "integer"}}

    @pytest.mark.parametrize("modules", [("shop", "blog"), ("shop", "shop")])
    def test_two_structs_of_one_name_stay_apart(self, modules):
        api = BoltAPI()
        for number, module in enumerate(modules):

            async def handler(item): ...

            kind = msgspec.defstruct("Item", [(f"field_{number}", int), ("tag", Tag)], module=module)
            handler.__annotations__["item"] = Page[kind]
            api.post(f"/{number}")(handler)
        document = document_of(api)
        schemas = document["components"]["schemas"]
        for number in range(2):
            content = document["paths"][f"/{number}"]["post"]["requestBody"]["content"]
            page = schemas[content["application/json"]["schema"]["$ref"].rpartition("/")[2]]
            item = schemas[page["properties"]["items"]["items"]["$ref"].rpartition("/")[2]]
            assert list(item["properties"]) == [f"field_{number}", "tag"]

    def test_one_struct_in_several_places_is_one_component(self):
        async def handler(article: Article) -> list[Tag]: ...

        api = BoltAPI()
        api.post("/x")(handler)
        api.put("/x")(handler)
        assert sorted(document_of(api)["components"]["schemas"]) == [
            "Article",
            "Tag",
            "ValidationErrorItem",
            "ValidationErrorResponse",
        ]

    def test_what_msgspec_cannot_name_is_left_open(self):
        one, two = (msgspec.defstruct("Item", [(name, int)], module="shop") for name in ("a", "b"))
        both = msgspec.defstruct("Both", [("one", Page[one]), ("two", Page[two])])

        async def handler(item): ...

        handler.__annotations__["item"] = both
        assert operation_of(handler, method="post")["requestBody"]["content"]["application/json"]["schema"] == {}


class TestResponses:
    def test_the_declared_type(self):
        async def handler() -> list[Tag]: ...

        answer = operation_of(handler)["responses"]["200"]
        assert answer["description"] == "OK"
        assert answer["content"]["application/json"]["schema"] == {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Tag"},
        }

    def test_the_response_model_and_the_status(self):
        async def handler(): ...

        responses = operation_of(handler, method="post", response_model=Tag, status_code=201)["responses"]
        assert list(responses) == ["201"]
        assert responses["201"]["description"] == "Created"

    @pytest.mark.parametrize(
        ("kind", "content"),
        [(str, {"text/plain": {"schema": {"type": "string"}}}), (bytes, {"application/octet-stream": {}})],
    )
    def test_text_and_bytes_go_out_as_they_are(self, kind, content):
        async def handler(): ...

        assert operation_of(handler, response_model=kind)["responses"]["200"]["content"] == content

    def test_no_content_has_none(self):
        async def handler() -> None: ...

        assert operation_of(handler, method="delete", status_code=204)["responses"]["204"] == {
            "description": "No Content"
        }

    def test_a_response_class_is_no_schema(self):
        async def handler() -> HttpResponse: ...

        assert operation_of(handler)["responses"]["200"] == {"description": "OK"}

    def test_422_where_input_can_be_wrong(self):
        async def with_input(page: int): ...

        async def without(): ...

        refusal = operation_of(with_input)["responses"]["422"]["content"]["application/json"]["schema"]
        assert refusal == {"$ref": "#/components/schemas/ValidationErrorResponse"}
        assert "422" not in operation_of(without)["responses"]

    def test_an_unregistered_status(self):
        async def handler(): ...

        assert operation_of(handler, status_code=299)["responses"]["299"]["description"] == "Status 299"
