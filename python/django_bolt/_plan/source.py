"""Decides where each parameter comes from: the request, its path, query, headers, cookies or body, or a dependency.

In this order: `request`; a marker; a name in the path; a type that only a document can hold (on a method that takes a
body); else the query. How text becomes a value is decided in `coerce.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from msgspec import UNSET

from django_bolt._plan.annotation import (
    collection,
    is_document,
    is_mapping,
    is_record,
    item_of,
    members,
    peel,
    spell,
    without_none,
)
from django_bolt._plan.coerce import coerce
from django_bolt._plan.constraint import constrain
from django_bolt._plan.errors import PlanError, UnknownSegment
from django_bolt._plan.group import describe, group_slot, wire_name
from django_bolt._plan.model import List, Param, RequestArgument, Source
from django_bolt._plan.node import Ref
from django_bolt._plan.schema import check_schema
from django_bolt._plan.signature import Factory, Parameter
from django_bolt._plan.slot import BodyPart, ParameterInfo, Slot
from django_bolt.dependencies import Dependency
from django_bolt.params import FileMarker, Marker

BODY_METHODS = ("POST", "PUT", "PATCH", "DELETE")

# Known by name, so that a plan needs neither the compiled core nor Django.
REQUEST_CLASSES = (("django_bolt", "Request"), ("django.http.request", "HttpRequest"))

SEGMENT = re.compile(r"\{([^{}]*)\}")


def segment_names(path: str) -> list[str]:
    """Return the names of the segments of a path: `{name}`, or `{name:path}` for the rest; raises `PlanError`."""
    if not path.startswith("/"):
        raise PlanError(f"the path {path!r} does not start with a slash")
    if re.search(r"[{}]", SEGMENT.sub("", path)):
        raise PlanError(f"the path {path!r} has a brace without its partner; a segment is {{name}} or {{name:path}}")
    names = []
    for segment in SEGMENT.findall(path):
        name, colon, kind = segment.partition(":")
        if not name.isidentifier() or (colon and kind != "path"):
            raise PlanError(
                f"the path has {{{segment}}}, expected {{name}} or {{name:path}}; the type of a segment is the "
                "annotation of its parameter"
            )
        if name in names:
            raise PlanError(f"the path has {{{name}}} twice; give one of them another name")
        names.append(name)
    return names


def origin(parameter: Parameter, *, method: str, segments: Collection[str]) -> Slot | BodyPart | Dependency:
    """Return where a parameter of a handler or dependency comes from; raises `PlanError`."""
    marker = parameter.marker
    if parameter.name == "request" or any(is_request(member) for member in members(parameter.annotation)):
        return _request(parameter)
    if isinstance(marker, Dependency):
        return marker
    if isinstance(marker, FileMarker) or _is_upload(parameter.annotation) or (marker and marker.source == "form"):
        raise PlanError("forms and files are not served yet; take `request` and read `request.body`")
    if marker is None:
        marker = Marker(source=_infer(parameter, method=method, segments=segments))
    if marker.source == "body":
        return _body_part(parameter, marker)
    return _parameter_slot(parameter, marker, segments)


def is_request(annotation: Any) -> bool:
    """Tell whether a type is Bolt's Request or Django's HttpRequest, or a subclass of one."""
    bare, _ = peel(annotation)
    return isinstance(bare, type) and any(
        kind.__name__ == name and (kind.__module__ == module or kind.__module__.startswith(module + "."))
        for kind in bare.__mro__
        for module, name in REQUEST_CLASSES
    )


def _request(parameter: Parameter) -> Slot:
    if parameter.marker is not None or is_document(parameter.annotation):
        found = "has a marker" if parameter.marker is not None else f"is annotated {spell(parameter.annotation)}"
        raise PlanError(f"{found}, but this parameter always takes the Request; give it another name")
    return Slot(argument=RequestArgument())


def _is_upload(annotation: Any) -> bool:
    for member in members(annotation):
        bare, _ = peel(item_of(member) if collection(member) is not None else member)
        if isinstance(bare, type) and any(kind.__name__ == "UploadFile" for kind in bare.__mro__):
            return True
    return False


def _infer(parameter: Parameter, *, method: str, segments: Collection[str]) -> Any:
    """Return the source of a parameter without a marker."""
    if parameter.name in segments:
        return "path"
    if not is_document(parameter.annotation):
        return "query"
    if method in BODY_METHODS:
        return "body"
    hint = "write Query() to take its fields from the query string"
    if not is_record(parameter.annotation):
        hint = "write Body() for JSON, or take the query string's fields with Query() and a Struct"
    raise PlanError(f"is annotated {spell(parameter.annotation)}, and {method} takes no body; {hint}")


def _parameter_slot(parameter: Parameter, marker: Marker, segments: Collection[str]) -> Slot:
    source: Source = marker.source  # type: ignore[assignment]
    parts = without_none(parameter.annotation)
    if source != "path" and len(parts) == 1 and is_record(parts[0]):
        return group_slot(parameter, parts[0], marker, source)
    if source != "path" and any(map(is_mapping, parts)):
        raise PlanError(
            f"is annotated {spell(parameter.annotation)}; write a Struct with the fields it may have, "
            f"or take `request` and read all of them there"
        )
    annotation = constrain(parameter.annotation, marker.constraints)
    node = coerce(annotation)
    wire = wire_name(source, parameter.name, marker.alias)
    if source == "path":
        _check_segment(wire, segments)
        if isinstance(node, List):
            raise PlanError(f"is annotated {spell(annotation)}, but a segment of the path is one value")
    default = parameter.default
    info = ParameterInfo(
        source=source,
        wire=wire,
        annotation=annotation,
        required=default is UNSET,
        default=default.shown if isinstance(default, Factory) else default,
        description=marker.description or describe(parameter.annotation),
        title=marker.title,
        examples=marker.all_examples,
        deprecated=marker.deprecated,
    )
    argument = Param(source=source, wire=wire, coerce=node, default=None if default is UNSET else Ref(default))
    return Slot(argument=argument, default=default, infos=(info,))


def _check_segment(wire: str, segments: Collection[str]) -> None:
    if wire not in segments:
        found = ", ".join(f"{{{name}}}" for name in segments) or "no segment"
        raise UnknownSegment(f"comes from the path, which has {found}; add {{{wire}}} to the path or change the marker")


def _body_part(parameter: Parameter, marker: Marker) -> BodyPart:
    annotation = parameter.annotation
    if marker.constraints or not is_document(annotation):
        annotation = constrain(annotation, marker.constraints)
    check_schema(annotation)
    return BodyPart(
        name=marker.alias or parameter.name,
        annotation=annotation,
        default=parameter.default,
        embed=marker.embed,
        renamed=marker.alias is not None,
    )
