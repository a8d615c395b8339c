"""Header parameters: names, cases, repeats, and what a request's headers show."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from django_bolt import BoltAPI, Header, Request
from django_bolt._plan.errors import PlanError
from django_bolt.testing import TestClient


@pytest.mark.parametrize("spelling", ["X-Api-Key", "x-api-key", "X-API-KEY"])
def test_underscores_are_hyphens_and_case_does_not_matter(spelling: str) -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(x_api_key: Annotated[str, Header()]) -> str:
        return x_api_key

    with TestClient(api) as client:
        assert client.get("/x", headers={spelling: "secret"}).text == "secret"


def test_a_header_spelt_with_an_underscore_is_another_header() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(x_real_ip: Annotated[str, Header()] = "absent") -> str:
        return x_real_ip

    with TestClient(api) as client:
        assert client.get("/x", headers={"x_real_ip": "forged"}).text == "absent"


def test_an_alias_with_underscores_could_never_arrive() -> None:
    api = BoltAPI()

    with pytest.raises(PlanError, match=r"alias 'X_Token', but header fields with underscores are dropped"):

        @api.get("/x")
        async def handler(token: Annotated[str, Header(alias="X_Token")]) -> str:
            return token


def test_a_missing_header_is_named_as_it_is_on_the_wire() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(x_api_key: Annotated[str, Header()]) -> str:
        return x_api_key

    with TestClient(api) as client:
        response = client.get("/x")
    assert response.status_code == 422
    assert response.json() == {
        "detail": [{"loc": ["header", "x-api-key"], "msg": "missing required parameter", "type": "missing_field"}]
    }


def test_the_request_s_headers_have_no_case_and_keep_repeats() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(request: Request) -> list[Any]:
        headers = request.headers
        return [
            headers["X-One"],
            headers["x-one"],
            headers.get("X-ONE"),
            "X-oNe" in headers,
            headers.get("x-none", "absent"),
            headers.getlist("X-Many"),
            headers.getlist("x-none"),
        ]

    with TestClient(api) as client:
        response = client.get("/x", headers=[("X-One", "1"), ("X-Many", "a"), ("x-many", "b")])
    assert response.json() == ["1", "1", "1", True, "absent", ["a", "b"], []]


def test_a_value_that_is_not_ascii_comes_as_utf8() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(request: Request, x_name: Annotated[str, Header()]) -> list[str]:
        return [x_name, request.headers["x-name"]]

    with TestClient(api) as client:
        response = client.get("/x", headers=[(b"x-name", "é😀".encode())])
        assert response.json() == ["é😀", "é😀"]
