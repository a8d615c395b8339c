"""The OpenAPI 3.1 document of compiled routes.

It reads `Route` and asks msgspec for JSON Schemas; nothing here inspects a signature or serves a request.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from django_bolt._plan.annotation import peel
from django_bolt._plan.compile import ParameterInfo, Route
from django_bolt._plan.model import BytesBody, JsonBody
from django_bolt.openapi.config import OpenAPIInfo

Schema = dict[str, Any]
PARAMETER = re.compile(r"\{([^}:]+)(?::[^}]*)?\}")


class ValidationErrorItem(msgspec.Struct):
    """One mistake in a request."""

    loc: list[str | int]
    msg: str
    type: str


class ValidationErrorResponse(msgspec.Struct):
    """What a request with mistakes is answered with."""

    detail: list[ValidationErrorItem]


def build_document(routes: Sequence[Route], info: OpenAPIInfo) -> Schema:
    """Return the document of every route that is to be in it, ready to be encoded as JSON."""
    shown = [route for route in routes if route.declaration.include_in_schema]
    schemas = Schemas()
    paths: dict[str, Schema] = {}
    templates: dict[str, str] = {}
    operation_ids: set[str] = set()
    for route in shown:
        # Two spellings of one path (`/users/{id}`, `/users/{pk}`) are one entry, under the first one's names.
        own = PARAMETER.sub(r"{\1}", route.path)
        template = templates.setdefault(PARAMETER.sub("{}", route.path), own)
        names = dict(zip(PARAMETER.findall(own), PARAMETER.findall(template), strict=True))
        operation = build_operation(route, schemas, names)
        operation["operationId"] = unique(route, operation_ids)
        paths.setdefault(template, {}).setdefault(route.method.lower(), operation)
    head: Schema = {"title": info.title, "version": info.version}
    if info.description:
        head["description"] = info.description
    document: Schema = {"openapi": "3.1.0", "info": head, "paths": paths}
    if schemas.components:
        document["components"] = {"schemas": schemas.components}
    return document


class Schemas:
    """JSON Schemas of the types in one document; what several of them name is in `components`."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def of(self, kind: Any) -> Schema:
        """Return the schema of a type; another class of a name that is taken gets a number behind it."""
        for number in itertools.count(1):
            suffix = "" if number == 1 else f"_{number}"
            try:
                (schema,), found = msgspec.json.schema_components(
                    [kind], schema_hook=lambda _: {}, ref_template=f"#/components/schemas/{{name}}{suffix}"
                )
            except KeyError:
                break  # Two classes of one module and name inside one type, which msgspec cannot tell apart.
            components = {name + suffix: component for name, component in found.items()}
            if all(self.components.get(name, component) == component for name, component in components.items()):
                self.components |= components
                return schema
        return {}


def build_operation(route: Route, schemas: Schemas, names: dict[str, str]) -> Schema:
    """Return the operation object of one route; `names` renames its path parameters."""
    declaration = route.declaration
    docstring = inspect.getdoc(declaration.handler) or ""
    first, _, rest = docstring.partition("\n")
    operation: Schema = {}
    if tags := list(declaration.tags):
        operation["tags"] = tags
    if summary := declaration.summary or first.strip():
        operation["summary"] = summary
    if description := declaration.description or rest.strip():
        operation["description"] = description
    if declaration.deprecated:
        operation["deprecated"] = True
    if parameters := build_parameters(route, schemas, names):
        operation["parameters"] = parameters
    if (body := build_body(route, schemas)) is not None:
        operation["requestBody"] = body
    operation["responses"] = build_responses(route, schemas)
    return operation


def build_parameters(route: Route, schemas: Schemas, names: dict[str, str]) -> list[Schema]:
    """Return the parameter objects of one route, those of its path that no argument takes as well."""
    found: dict[tuple[str, str], Schema] = {}
    for parameter in route.parameters:
        name = names.get(parameter.wire, parameter.wire) if parameter.source == "path" else parameter.wire
        found.setdefault((parameter.source, name), build_parameter(parameter, name, schemas.of(parameter.annotation)))
    for name in names.values():
        found.setdefault(("path", name), {"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
    return list(found.values())


def build_parameter(parameter: ParameterInfo, name: str, schema: Schema) -> Schema:
    """Return one parameter object."""
    built: Schema = {"name": name, "in": parameter.source}
    if parameter.required or parameter.source == "path":
        built["required"] = True
    if parameter.description:
        built["description"] = parameter.description
    if parameter.deprecated:
        built["deprecated"] = True
    if parameter.title:
        schema["title"] = parameter.title
    if parameter.examples:
        schema["examples"] = list(parameter.examples)
    if parameter.default is not msgspec.UNSET:
        with contextlib.suppress(TypeError):  # A default that JSON cannot say is left out.
            schema["default"] = msgspec.to_builtins(parameter.default, str_keys=True)
    built["schema"] = schema
    return built


def build_body(route: Route, schemas: Schemas) -> Schema | None:
    """Return the request body object of one route, or `None` where it declares no body."""
    if isinstance(route.body, JsonBody):
        content: Schema = {"application/json": {"schema": schemas.of(route.body_type)}}
    elif isinstance(route.body, BytesBody):
        content = {"application/octet-stream": {}}
    else:
        return None
    return {"content": content, "required": route.body.default is None}


def build_responses(route: Route, schemas: Schemas) -> Schema:
    """Return the responses object of one route: its own answer, and 422 where input can be wrong."""
    answer: Schema = {"description": phrase(route.status)}
    if route.response_type is not msgspec.UNSET and route.status not in (204, 304):
        answer["content"] = content_of(route.response_type, schemas)
    responses: Schema = {str(route.status): answer}
    if route.parameters or isinstance(route.body, JsonBody):
        refusal = {"application/json": {"schema": schemas.of(ValidationErrorResponse)}}
        responses.setdefault("422", {"description": "The request has mistakes", "content": refusal})
    return responses


def content_of(kind: Any, schemas: Schemas) -> Schema:
    """Return the content object of an answer: JSON, but for text and bytes, which go out as they are."""
    bare, _ = peel(kind)
    if bare is bytes:
        return {"application/octet-stream": {}}
    return {"text/plain" if bare is str else "application/json": {"schema": schemas.of(kind)}}


def phrase(status: int) -> str:
    """Return the words for a status code."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def unique(route: Route, taken: set[str]) -> str:
    """Return an operation id that is not in `taken`, and add it."""
    wanted = route.declaration.operation_id or route.declaration.name or route.method.lower()
    candidate, number = wanted, 2
    while candidate in taken:
        candidate, number = f"{wanted}_{number}", number + 1
    taken.add(candidate)
    return candidate
