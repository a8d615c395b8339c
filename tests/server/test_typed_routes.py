"""What typed parameters, bodies and return values come to on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.server.harness import Response, Server, post, request

PERSON = b'{"name": "a", "age": 1}'


def errors(response: Response) -> list[dict[str, Any]]:
    assert response.status == 422, (response.status, response.body)
    listed: list[dict[str, Any]] = json.loads(response.body)["detail"]
    return listed


def served(response: Response | None) -> Any:
    assert response is not None
    assert response.status == 200, (response.status, response.body)
    return json.loads(response.body)


def test_closed_sets_arrive_as_their_python_types(server: Server) -> None:
    seen = served(server.get("/typed/choices?colour=red&size=m&wait=PT1M30S&colours=blue&colours=red"))
    assert seen == {
        "colour": ["Colour", "RED"],
        "size": ["str", "m"],
        "wait": ["timedelta", 90.0],
        "colours": ["BLUE", "RED"],
    }
    assert served(server.get("/typed/choice/blue", "X-Size: 2")) == {"colour": "BLUE", "size": 2}


def test_values_outside_closed_sets_are_refused_wherever_they_stand(server: Server) -> None:
    listed = errors(server.get("/typed/choices?colour=green&size=l&wait=soon&colours=red&colours=RED"))
    assert {tuple(error["loc"][:2]) for error in listed} == {
        ("query", "colour"),
        ("query", "size"),
        ("query", "wait"),
        ("query", "colours"),
    }
    listed = errors(server.get("/typed/choice/RED", "X-Size: 3"))
    assert {tuple(error["loc"]) for error in listed} == {("path", "colour"), ("header", "x-size")}


@pytest.mark.parametrize(
    ("route", "body", "expected"),
    [
        ("people", b"[%s, %s]" % (PERSON, PERSON), 2),
        ("people", b"[]", 0),
        ("optional", PERSON, {"name": "a"}),
        ("optional", b"null", {"name": None}),
        ("embedded", b'{"person": %s}' % PERSON, {"name": "a"}),
    ],
)
def test_structs_lists_and_options_of_them_are_the_body(server: Server, route: str, body: bytes, expected: Any) -> None:
    assert served(server.ask(post(f"/typed/{route}", body))) == expected


@pytest.mark.parametrize(
    ("body", "name"), [(b'{"type": "Cat", "lives": 9}', b"Cat"), (b'{"type": "Dog", "name": "a"}', b"Dog")]
)
def test_a_union_of_structs_is_the_body(server: Server, body: bytes, name: bytes) -> None:
    response = server.ask(post("/typed/animal", body))
    assert response is not None
    assert (response.status, response.body) == (200, name)


def test_an_optional_body_may_be_absent(server: Server) -> None:
    assert served(server.ask(request("POST", "/typed/optional"))) == {"name": None}
    assert served(server.ask(request("POST", "/typed/optional", "Content-Length: 0"))) == {"name": None}


def test_a_group_of_parameters_has_its_fields_defaults_or_its_own(server: Server) -> None:
    assert served(server.get("/typed/page")) == {"number": 1, "size": 20}
    assert served(server.get("/typed/page?number=2&size=3")) == {"number": 2, "size": 3}
    assert served(server.get("/typed/default-page")) == {"number": 9, "size": 9}
    assert served(server.get("/typed/default-page?number=2")) == {"number": 2, "size": 20}
    (error,) = errors(server.get("/typed/page?size=101"))
    assert error["loc"] == ["query", "size"]


def test_every_failing_parameter_is_told_in_one_shape_and_a_stable_order(server: Server) -> None:
    first = errors(server.get("/typed/several/x?limit=11", "X-Rate: fast"))
    assert {tuple(error["loc"]) for error in first} == {
        ("path", "number"),
        ("query", "q"),
        ("query", "limit"),
        ("header", "x-rate"),
    }
    assert all(set(error) == {"loc", "msg", "type"} for error in first)
    assert {error["loc"][1]: error["type"] for error in first} == {
        "number": "type_error",
        "q": "missing_field",
        "limit": "value_error",
        "x-rate": "type_error",
    }
    for _ in range(5):
        assert errors(server.get("/typed/several/x?limit=11", "X-Rate: fast")) == first


def test_repeated_values_of_query_and_headers_are_kept(server: Server) -> None:
    seen = served(server.get("/typed/repeated?a=1&a=2&a=3", "X-A: 1", "X-A: 2"))
    assert seen == {"query": ["1", "2", "3"], "headers": ["1", "2"]}
    seen = served(server.get("/typed/header", "X-Text: a", "X-List: 1", "X-List: 2"))
    assert seen == {"text": "a", "list": ["1", "2"]}


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("none", 200, b"null"),
        ("int", 200, b"7"),
        ("bool", 200, b"true"),
        ("set", 200, b"[1]"),
        ("tuple", 201, b'{"made":true}'),
        ("typed-tuple", 200, b'[1,"a"]'),
        ("model", 200, b'{"name":"lamp"}'),
    ],
)
def test_plain_values_are_answers(server: Server, kind: str, status: int, body: bytes) -> None:
    response = server.get(f"/typed/returns/{kind}")
    assert (response.status, response.body) == (status, body)
    assert response.header("content-type") == "application/json"


def test_a_model_without_a_type_is_never_guessed_into_the_open(server: Server) -> None:
    with server.log_of() as written:
        response = server.get("/typed/returns/untyped-model")
    assert (response.status, json.loads(response.body)) == (500, {"detail": "Internal Server Error"})
    assert "Item" in written()
    assert "secret lamp" not in response.body.decode()


def test_a_generator_where_a_list_was_promised_is_never_its_repr(server: Server) -> None:
    response = server.get("/typed/returns/generator")
    assert (response.status, response.body) in [(200, b"[0,1,2]"), (500, b'{"detail":"Internal Server Error"}')]
