"""JSON as Bolt writes it, and where a text that should be JSON is wrong.

Nothing here may know a schema: response types are `_runtime.encode`'s, body types `_runtime.invalid`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from django.db.models import Manager, Model, QuerySet
from django.utils.functional import Promise

__all__ = ["FieldError", "encode", "malformed", "missing_type", "nul_errors", "simplify"]

FieldError = tuple[list[str | int], str, str]
"""`(loc, msg, type)` of one mistake in a request."""


def simplify(value: Any) -> Any:
    """Return what msgspec cannot encode as something it can: lazy text, subclasses of scalars, mappings.

    Raises `TypeError` for what has no JSON form; a model or QuerySet is named as such.
    """
    if isinstance(value, Promise):
        return str(value)
    # The unbound method returns an exact str, where str(value) may return a subclass again (SafeString does).
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Model | QuerySet | Manager):
        raise TypeError(missing_type(value))
    raise TypeError(
        f"found a value of type {type(value).__name__}, expected one that JSON can say; "
        "convert it to a dict, a list, a msgspec.Struct or a scalar before returning it"
    )


def missing_type(value: Any) -> str:
    """Return the message for a model instance or QuerySet that no response type describes."""
    if isinstance(value, Model):
        what, name = f"an instance of {type(value).__name__}", type(value).__name__
        example = f"-> {name}Schema"
    else:
        name = getattr(getattr(value, "model", None), "__name__", "a model")
        what, example = f"a {type(value).__name__} of {name}", f"-> list[{name}Schema]"
    return (
        f"found {what} in a response without a type, expected a response type that names its fields "
        f"(a model's fields are never guessed into the open); annotate the handler {example} or pass response_model="
    )


encode = msgspec.json.Encoder(enc_hook=simplify).encode
"""`encode(value) -> bytes`, for any value; raises `TypeError` for what has no JSON form."""


# Texts that are not JSON --------------------------------------------------------------------

_OFFSET = re.compile(r" \(byte (\d+)\)$")


def malformed(exc: Exception, body: bytes) -> FieldError:
    """Return the error for a body that is no JSON, from what msgspec raised; `loc` is `["body", line, column]`.

    Lines and columns count from 1, columns in characters.
    """
    if isinstance(exc, UnicodeDecodeError):
        # The exception's own offset is relative to one string of the body.
        try:
            body.decode()
            offset = 0
        except UnicodeDecodeError as whole:
            offset = whole.start
        return _at(body, offset), "JSON is malformed: invalid UTF-8", "json_invalid"
    if isinstance(exc, RecursionError):
        return ["body", 1, 1], "JSON is nested too deeply", "json_invalid"
    message = str(exc)
    found = _OFFSET.search(message)
    if found is None:
        return _at(body, len(body)), "JSON is malformed: unexpected end of data", "json_invalid"
    return _at(body, int(found[1])), message[: found.start()], "json_invalid"


def lower_first(text: str) -> str:
    """Return a message of msgspec's as the 422 words it: without a capital."""
    return text[:1].lower() + text[1:]


def _at(body: bytes, offset: int) -> list[str | int]:
    before = body[:offset]
    start = before.rfind(b"\n") + 1
    return ["body", before.count(b"\n") + 1, len(before[start:].decode(errors="replace")) + 1]


def nul_errors(body: bytes) -> list[FieldError]:
    """Return the error for the first text with a NUL in it, keys included, or `[]`; for a body that is JSON."""
    if b"\\u0000" not in body:
        return []
    path = _nul_path(msgspec.json.decode(body))
    return [] if path is None else [(["body", *path], "must not contain NUL", "value_error")]


def _nul_path(value: Any) -> list[str | int] | None:
    if isinstance(value, str):
        return [] if "\0" in value else None
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        if isinstance(key, str) and "\0" in key:
            return [key]
        path = _nul_path(item)
        if path is not None:
            return [key, *path]
    return None
