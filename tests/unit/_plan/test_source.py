"""Where parameters come from."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal, TypedDict

import msgspec
import pytest
from django.http import HttpRequest

from django_bolt._plan import model
from django_bolt._plan.errors import PlanError, UnknownSegment
from django_bolt._plan.signature import Parameter
from django_bolt._plan.slot import BodyPart, Slot
from django_bolt._plan.source import origin, segment_names
from django_bolt.dependencies import Dependency
from django_bolt.params import Body, Cookie, Depends, File, Form, Header, Path, Query


class Item(msgspec.Struct, tag=True):
    name: str


class Other(msgspec.Struct, tag=True):
    size: int


@dataclasses.dataclass
class Data:
    name: str


class Typed(TypedDict):
    name: str


class AuthenticatedRequest(HttpRequest):
    user: Any


class Request:
    __module__ = "django_bolt.request"


class Stranger:
    """Called Request, and no request."""


Stranger.__name__ = "Request"


class UploadFile:
    pass


def found(annotation: Any = Any, marker: Any = None, *, name: str = "value", method: str = "POST", default: Any = ...):
    parameter = Parameter(
        name=name,
        annotation=annotation,
        marker=marker,
        default=msgspec.UNSET if default is ... else default,
        keyword_only=False,
    )
    return origin(parameter, method=method, segments=["item_id"])


@pytest.mark.parametrize("annotation", [HttpRequest, AuthenticatedRequest, Request, Request | None])
def test_the_request_is_known_by_its_type(annotation):
    assert isinstance(found(annotation).argument, model.RequestArgument)


@pytest.mark.parametrize("annotation", [Any, int, HttpRequest, Stranger])
def test_the_request_is_known_by_its_name(annotation):
    assert isinstance(found(annotation, name="request").argument, model.RequestArgument)


def test_a_strangers_request_is_none():
    with pytest.raises(PlanError, match="which no text can express"):
        found(Stranger)


@pytest.mark.parametrize(
    ("annotation", "marker", "message"),
    [
        (Item, None, "is annotated Item, but this parameter always takes the Request; give it another name"),
        (str, Query(), "has a marker, but this parameter always takes the Request"),
        (Any, Depends(len), "has a marker, but"),
    ],
)
def test_the_name_request_is_taken(annotation, marker, message):
    with pytest.raises(PlanError, match=message):
        found(annotation, marker, name="request")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_in_the_path(method):
    slot = found(int, name="item_id", method=method)
    assert slot.argument == model.Param(source="path", wire="item_id", coerce=model.Int())


@pytest.mark.parametrize(
    ("marker", "source", "wire"),
    [
        (Query(), "query", "x_key"),
        (Query(alias="k"), "query", "k"),
        (Header(), "header", "x-key"),
        (Header(alias="X-Other"), "header", "x-other"),
        (Cookie(), "cookie", "x_key"),
        (Path(alias="item_id"), "path", "item_id"),
    ],
)
def test_markers(marker, source, wire):
    slot = found(str, marker, name="x_key")
    assert (slot.argument.source, slot.argument.wire) == (source, wire)
    assert (slot.infos[0].source, slot.infos[0].wire) == (source, wire)


def test_a_marker_beats_the_name_in_the_path():
    assert found(str, Query(), name="item_id").argument.source == "query"


def test_a_path_marker_needs_its_segment():
    with pytest.raises(UnknownSegment, match=r"comes from the path, which has {item_id}; add {other} to the path"):
        found(str, Path(), name="other")


def test_a_segment_is_one_value():
    with pytest.raises(PlanError, match="a segment of the path is one value"):
        found(list[int], Path(), name="item_id")


BODIES = [
    Item,
    Data,
    Typed,
    Item | Other,
    Item | None,
    list[Item],
    set[Item],
    list[Item | Other] | None,
    dict,
    dict[str, int],
    list[dict],
]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("annotation", BODIES)
def test_documents_come_from_the_body(annotation, method):
    part = found(annotation, method=method)
    assert part == BodyPart(name="value", annotation=annotation, default=msgspec.UNSET, embed=False)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("annotation", BODIES)
def test_documents_have_no_place_without_a_body(annotation, method):
    with pytest.raises(PlanError, match=rf"and {method} takes no body; write"):
        found(annotation, method=method)


def test_the_hint_fits_the_type():
    with pytest.raises(PlanError, match=r"write Query\(\) to take its fields from the query string"):
        found(Item, method="GET")
    with pytest.raises(PlanError, match=r"write Body\(\) for JSON, or take the query string's fields with Query\(\)"):
        found(dict, method="GET")


def test_a_marker_brings_a_body_to_every_method():
    assert isinstance(found(Item, Body(), method="GET"), BodyPart)
    assert isinstance(found(int, Body(), method="GET"), BodyPart)


@pytest.mark.parametrize("annotation", [Any, int, str | None, list[int], Literal["a"], bytes])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_everything_else_comes_from_the_query(annotation, method):
    assert found(annotation, method=method).argument.source == "query"


def test_a_dependency_is_handed_back():
    assert found(Any, Depends(len)) == Dependency(len)


def test_a_record_under_a_marker_is_a_group():
    assert isinstance(found(Item, Query(), method="GET").argument, model.Group)


@pytest.mark.parametrize(
    ("annotation", "marker"),
    [
        (str, Form()),
        (Item, Form()),
        (Any, File()),
        (UploadFile, None),
        (UploadFile, File()),
        (list[UploadFile] | None, None),
    ],
)
def test_forms_and_files_are_refused(annotation, marker):
    with pytest.raises(PlanError, match="forms and files are not served yet"):
        found(annotation, marker)


def test_a_mapping_is_no_group():
    with pytest.raises(PlanError, match="write a Struct with the fields it may have, or take `request`"):
        found(dict, Query())


def test_a_record_is_no_segment():
    with pytest.raises(PlanError, match="Item, which no text can express"):
        found(Item, name="item_id")


def test_defaults_and_documentation():
    slot = found(int, Query(5, title="T", description="D", examples=[1], deprecated=True), default=5)
    assert slot.argument.default.value == 5
    info = slot.infos[0]
    assert (info.required, info.default, info.title, info.description) == (False, 5, "T", "D")
    assert (info.examples, info.deprecated) == ((1,), True)
    assert found(int).argument.default is None
    assert found(Annotated[int, msgspec.Meta(description="M")]).infos[0].description == "M"


def test_lookups_are_shared_only_where_nothing_differs():
    assert found(int).same(found(int))
    assert found(Any, name="request").same(found(HttpRequest))
    assert not found(int).same(found(str))
    assert not found(int).same(found(int, default=1))
    assert not found(bool, default=1).same(found(bool, default=True))
    assert not found(int).same(found(Item))
    assert found(Item).same(found(Item))
    assert isinstance(found(int), Slot)


def test_constraints_reach_the_body():
    assert found(int, Body(ge=1)).annotation == Annotated[int, msgspec.Meta(ge=1)]
    assert found(list[Item], Body(max_length=2)).annotation == Annotated[list[Item], msgspec.Meta(max_length=2)]


def test_a_body_that_msgspec_does_not_know():
    with pytest.raises(PlanError, match=r"Request inside dict\[str, Request\] is no type that msgspec can handle"):
        found(dict[str, Stranger])


@pytest.mark.parametrize(
    ("path", "names"),
    [("/", []), ("/a/{b}/c/{d}", ["b", "d"]), ("/files/{rest:path}", ["rest"]), ("/{a}.json", ["a"])],
)
def test_segments(path, names):
    assert segment_names(path) == names


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a", "does not start with a slash"),
        ("/{a", "a brace without its partner"),
        ("/a}", "a brace without its partner"),
        ("/{{a}}", "a brace without its partner"),
        ("/{}", "expected {name} or {name:path}"),
        ("/{1a}", "expected {name} or {name:path}"),
        ("/{a:int}", "the path has {a:int}, expected {name} or {name:path}; the type of a segment is the annotation"),
        ("/{a:}", "expected {name} or {name:path}"),
        ("/{a}/{a}", "has {a} twice"),
    ],
)
def test_paths_that_are_none(path, message):
    with pytest.raises(PlanError, match=message):
        segment_names(path)
