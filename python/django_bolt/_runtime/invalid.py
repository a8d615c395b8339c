"""What is wrong with a request, in the words of SPEC's 422, from whatever a decoder or converter raised.

Nothing here may decode a body that is right, or build a response.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from django_bolt import _json
from django_bolt._json import FieldError, lower_first, malformed

__all__ = ["FieldError", "body_errors", "convert_error", "nul_errors"]

# Longest message sent back: msgspec quotes the client's own text in some.
_LONGEST = 200

_EXPECTED = re.compile(r"Expected `([^`]*)`(?:, got `[^`]*`)?", re.DOTALL)
_BOUND = re.compile(r"Expected `([^`]*)` (.+)", re.DOTALL)
_FIELD = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")


def body_errors(exc: BaseException, body: bytes) -> list[FieldError] | None:
    """Return the errors of a body that a decoder refused, or None where the client is not to blame.

    None means that `exc` came from the project's own code and is a 500: an exception other than ValueError, TypeError
    and msgspec's, raised in a `__post_init__` for instance.
    """
    if isinstance(exc, msgspec.ValidationError):
        try:
            # msgspec stops at the first wrong type, which may stand before what makes the text no JSON.
            msgspec.json.decode(body, type=msgspec.Raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as worse:
            return [malformed(worse, body)]
        return [_validation_error(exc, body)]
    if isinstance(exc, msgspec.DecodeError | UnicodeDecodeError | RecursionError):
        return [malformed(exc, body)]
    if isinstance(exc, ValueError | TypeError):
        return [(["body"], _shorten(str(exc)), "value_error")]
    return None


def convert_error(exc: BaseException) -> tuple[str, str] | None:
    """Return `(msg, type)` for what a parameter's converter or a group's builder raised; None as for `body_errors`."""
    if isinstance(exc, msgspec.ValidationError) and exc.__cause__ is None and not _raised_by_user(exc):
        _, message, kind = _describe(_split(exc)[0])
        return message, kind
    if isinstance(exc, ValueError | TypeError):
        return _shorten(str(exc.__cause__ or exc)) or "invalid value", "value_error"
    return None


def nul_errors(body: bytes, value: Any = None) -> list[FieldError]:
    """Return the error for the first text of a JSON body that holds a NUL, or `[]`; `value`, decoded, is not needed."""
    return _json.nul_errors(body)


def _validation_error(exc: msgspec.ValidationError, body: bytes) -> FieldError:
    if _raised_by_user(exc):
        # msgspec adds the path to a ValueError it wraps, but leaves a ValidationError as it was raised.
        return ["body", *_find_refused(exc, body)], _shorten(str(exc)), "value_error"
    message, path = _split(exc)
    value = _decoded(body)
    loc = ["body", *_follow(path, value)]
    if exc.__cause__ is not None:
        return loc, _shorten(str(exc.__cause__)), "value_error"
    names, text, kind = _describe(message)
    return [*loc, *names], text, kind


def _split(exc: msgspec.ValidationError) -> tuple[str, str]:
    """Return msgspec's message and the path behind it (`$.a[0]`, or `""`)."""
    message = str(exc)
    if exc.__cause__ is not None:
        # The message is the user's and may hold anything; what follows it is msgspec's.
        return message, message.removeprefix(str(exc.__cause__)).removeprefix(" - at `").removesuffix("`")
    text, separator, path = message.partition(" - at `$")
    if separator:
        return text, "$" + path.removesuffix("`")
    text, separator, path = message.partition(" - at `key` in `$")
    return (text, "$" + path.removesuffix("`")) if separator else (message, "")


def _describe(message: str) -> tuple[list[str], str, str]:
    """Return what to append to `loc`, `msg` and `type` for one of msgspec's messages."""
    field = _FIELD.fullmatch(message)
    if field:
        missing = field[1] == "missing required"
        return (
            ([field[2]], "missing required field", "missing_field")
            if missing
            else (
                [field[2]],
                "unexpected field",
                "extra_forbidden",
            )
        )
    expected = _EXPECTED.fullmatch(message)
    if expected:
        return [], f"expected {expected[1]}", "type_error"
    bound = _BOUND.fullmatch(message)
    if bound:
        return [], _shorten(f"expected {bound[1]} {bound[2]}"), "value_error"
    return [], _shorten(lower_first(message)), "value_error"


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


# Where -----------------------------------------------------------------------------------------


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _follow(path: str, value: Any) -> list[str | int]:
    """Return the steps of `$.a[0].b`, guided by the body: names may hold dots and brackets of their own."""
    rest = path.removeprefix("$")
    steps: list[str | int] = []
    while rest:
        step, rest = _step(rest, value)
        if step is None:
            break
        steps.append(step)
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            value = None
    return steps


def _step(rest: str, value: Any) -> tuple[str | int | None, str]:
    if rest.startswith("[...]"):
        # A key of a dict, which msgspec does not name: known only where there is just one.
        only = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
        return only, rest.removeprefix("[...]")
    if rest.startswith(".") and isinstance(value, dict):
        fitting = [
            key for key in value if rest.startswith(key, 1) and rest[1 + len(key) : 2 + len(key)] in ("", ".", "[")
        ]
        if fitting:
            longest = max(fitting, key=len)
            return longest, rest[1 + len(longest) :]
    found = _STEP.match(rest)
    if found is None:
        return None, ""
    step: str | int = found[1] if found[1] is not None else int(found[2])
    return step, rest[found.end() :]


# Errors raised in a `__post_init__` --------------------------------------------------------------


def _post_init_self(exc: BaseException) -> Any:
    """Return the object whose `__post_init__` raised, or None where msgspec itself did."""
    traceback = exc.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_name == "__post_init__" and code.co_argcount:
            return traceback.tb_frame.f_locals.get(code.co_varnames[0])
        traceback = traceback.tb_next
    return None


def _raised_by_user(exc: BaseException) -> bool:
    return exc.__cause__ is None and _post_init_self(exc) is not None


def _find_refused(exc: BaseException, body: bytes) -> list[str | int]:
    """Return the path of the first object in the body that its type refuses with the same words."""
    kind = type(_post_init_self(exc))
    for path, item in _objects(_decoded(body), []):
        try:
            msgspec.convert(item, kind)
        except msgspec.ValidationError as again:
            if _raised_by_user(again) and str(again) == str(exc):
                return path
        except Exception:  # noqa: BLE001, S112  # the project's own code, run a second time only to find the place
            continue
    return []


def _objects(value: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], Any]]:
    """Yield the objects in a JSON value, inner ones first, as they are built."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _objects(item, [*path, key])
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _objects(item, [*path, index])
