"""A route as text that a person can read and a test can compare.

Reads a compiled route; nothing here decides anything.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from django_bolt._plan import model
from django_bolt._plan.annotation import spell
from django_bolt._plan.compile import Route, dotted_name
from django_bolt._plan.convert import Converter
from django_bolt._plan.graph import Step
from django_bolt._plan.node import Ref
from django_bolt._plan.signature import Factory


def describe(route: Route) -> str:
    """Return the plan of a route, one line for each thing that happens to a request, in order."""
    lines = [f"{route.method} {route.path} -> {dotted_name(route.declaration.handler)}", f"  runs as {route.kind}"]
    if route.body is not None:
        lines.append(f"  body {_body(route)}")
    split = len(route.arguments) - len(route.keywords)
    for index, argument in enumerate(route.arguments):
        keyword = f"{route.keywords[index - split]}=" if index >= split else ""
        lines.append(f"  {index} {keyword}{_argument(argument, route)}")
    if route.graph is not None:
        results = len(route.arguments)
        lines += [f"  {results + index} = {_step(step)}" for index, step in enumerate(route.graph.steps)]
        lines.append(f"  answer = {_step(route.graph.handler)}")
    answer = "any value" if route.response_type is UNSET else spell(route.response_type)
    return "\n".join([*lines, f"  answers {route.status} {answer}", ""])


def _body(route: Route) -> str:
    body = route.body
    if isinstance(body, model.JsonBody):
        if keys := _keys(route):
            named = (f"{key.encode_name}{'' if key.required else '?'}: {spell(key.type)}" for key in keys)
            return f"JSON {{{', '.join(named)}}}{'' if body.default is None else ', optional'}"
        return f"JSON {spell(route.body_type)}{_default(body.default)}"
    if isinstance(body, model.BytesBody):
        return f"bytes{_default(body.default)}"
    return "raw, for the request"


def _keys(route: Route) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Return the keys of a body that several parameters share, none where one parameter takes all of it."""
    embedded = any(isinstance(argument, model.BodyArgument) and argument.field for argument in route.arguments)
    return msgspec.structs.fields(route.body_type) if embedded else ()


def _argument(argument: model.Argument, route: Route) -> str:
    if isinstance(argument, model.RequestArgument):
        return "request"
    if isinstance(argument, model.BodyArgument):
        keys = {field.name: field.encode_name for field in _keys(route)}
        return "body" if argument.field is None else f"body {keys[argument.field]}"
    if isinstance(argument, model.Param):
        return f"{argument.source} {argument.wire}: {coercion(argument.coerce)}{_default(argument.default)}"
    fields = ", ".join(
        f"{field.wire}{'' if field.required else '?'}: {coercion(field.coerce)}" for field in argument.fields
    )
    return f"{argument.source} {spell(argument.build.value)}({fields}){_default(argument.default)}"


def _default(default: Ref | None) -> str:
    if default is None:
        return ""
    value = default.value
    if isinstance(value, Factory):
        return " = made anew" if value.shown is UNSET else f" = {value.shown!r}, made anew"
    return f" = {value!r}"


def coercion(node: Any) -> str:
    """Return how text becomes a value, as text."""
    name = type(node).__name__.lower()
    if isinstance(node, model.Choice):
        return f"choice({', '.join(text for text, _ in node.values)})"
    if isinstance(node, model.Union):
        return " | ".join(map(coercion, node.items))
    if isinstance(node, model.Convert):
        call = node.call.value
        shown = spell(call.annotation) if isinstance(call, Converter) else repr(call)
        return f"convert({shown}{', many' if node.many else ''})"
    bounds = [f"{field}={getattr(node, field)!r}" for field in node.__struct_fields__ if field not in ("item", "into")]
    bounds = [bound for bound in bounds if not bound.endswith("=None")]
    if isinstance(node, model.List):
        into = node.into.value.__name__ if node.into is not None else "list"
        return f"{into}({', '.join([coercion(node.item), *bounds])})"
    return f"{name}({', '.join(bounds)})" if bounds else name


def _step(step: Step) -> str:
    split = len(step.inputs) - len(step.keywords)
    inputs = [str(index) for index in step.inputs[:split]]
    inputs += [f"{name}={index}" for name, index in zip(step.keywords, step.inputs[split:], strict=True)]
    again = "" if step.use_cache else ", not cached"
    return f"{dotted_name(step.call)}({', '.join(inputs)})  [{step.kind}{again}]"
