"""Markers that say where a parameter comes from: `Query Path Header Cookie Form File Body Depends`.

Each works as a default (`page: int = Query(1, ge=1)`) and in `Annotated` (`page: Annotated[int, Query(ge=1)] = 1`).
Markers are data: nothing here may read a request, a signature or Django's settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, Unpack

from msgspec import UNSET

from django_bolt.dependencies import Depends

__all__ = ["Body", "Cookie", "Depends", "File", "Form", "Header", "Path", "Query"]


class Options(TypedDict, total=False):
    """What a marker takes beside the default, always by keyword."""

    alias: str
    """Name on the wire; the parameter's own name unless given (in a header, with hyphens for underscores)."""
    gt: float
    """The value must be greater than this."""
    ge: float
    """The value must be greater than this or equal."""
    lt: float
    """The value must be less than this."""
    le: float
    """The value must be less than this or equal."""
    multiple_of: float
    """The value must be a multiple of this, which is above 0."""
    min_length: int
    """Fewest characters of a text, fewest items of a list."""
    max_length: int
    """Most characters of a text, most items of a list."""
    pattern: str
    """A regular expression that is searched in the text: anchor it with `^` and `$`."""
    title: str
    """Short name in the documentation."""
    description: str
    """Text in the documentation."""
    example: Any
    """One example in the documentation."""
    examples: Sequence[Any]
    """Several examples in the documentation."""
    deprecated: bool
    """True: marked so in the documentation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """What a marker recorded; the fields are those of `Options`."""

    source: Literal["path", "query", "header", "cookie", "form", "body"]
    default: Any = UNSET
    """Value used when the parameter is absent; `UNSET` makes it required."""
    alias: str | None = None
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    multiple_of: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    title: str | None = None
    description: str | None = None
    example: Any = UNSET
    examples: Sequence[Any] = ()
    deprecated: bool = False
    embed: bool = False

    @property
    def constraints(self) -> dict[str, Any]:
        """Bounds of the value by name; those not given are left out."""
        given = {name: getattr(self, name) for name in CONSTRAINTS}
        return {name: bound for name, bound in given.items() if bound is not None}

    @property
    def all_examples(self) -> tuple[Any, ...]:
        """Every example, whichever way it was given."""
        return (*self.examples,) if self.example is UNSET else (self.example, *self.examples)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileMarker:
    """What `File(...)` recorded; sizes are bytes."""

    max_size: int | None = None
    min_size: int | None = None
    allowed_types: Sequence[str] = ()
    max_files: int | None = None
    alias: str | None = None
    description: str | None = None
    source: Literal["file"] = "file"
    default: Any = UNSET


CONSTRAINTS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")


# Functions that return Any over frozen classes, so that `page: int = Query(10)` is right for a type checker.


def Query(default: Any = UNSET, **options: Unpack[Options]) -> Any:  # noqa: N802
    """Take a parameter from the query string; a Struct, dataclass or TypedDict takes each of its fields from there.

    `default` is used when it is absent; without one, or with `...`, an absent parameter is a 422. The keywords are
    those of `Options`: `alias`, bounds (`gt ge lt le multiple_of min_length max_length pattern`), documentation.
    """
    return Marker(source="query", default=default, **options)


def Path(default: Any = UNSET, **options: Unpack[Options]) -> Any:  # noqa: N802
    """Take a parameter from a segment of the path; arguments as for `Query`."""
    return Marker(source="path", default=default, **options)


def Header(default: Any = UNSET, **options: Unpack[Options]) -> Any:  # noqa: N802
    """Take a parameter from a header field, `x_api_key` from `X-Api-Key`; arguments as for `Query`."""
    return Marker(source="header", default=default, **options)


def Cookie(default: Any = UNSET, **options: Unpack[Options]) -> Any:  # noqa: N802
    """Take a parameter from a cookie; arguments as for `Query`."""
    return Marker(source="cookie", default=default, **options)


def Form(default: Any = UNSET, **options: Unpack[Options]) -> Any:  # noqa: N802
    """Take a parameter from a submitted form; arguments as for `Query`. Not served yet: raises `PlanError`."""
    return Marker(source="form", default=default, **options)


def Body(default: Any = UNSET, *, embed: bool = False, **options: Unpack[Options]) -> Any:  # noqa: N802
    """Take a parameter from the JSON body; `bytes` takes the body as it is, whatever its content type.

    With several body parameters, or with `embed=True`, the body is one object with a key for each (`alias`, or the
    parameter's name). `default` is used when there is no body. Other arguments as for `Query`.
    """
    return Marker(source="body", default=default, embed=embed, **options)


def File(  # noqa: N802
    *,
    max_size: int | None = None,
    min_size: int | None = None,
    allowed_types: Sequence[str] = (),
    max_files: int | None = None,
    alias: str | None = None,
    description: str | None = None,
) -> Any:
    """Take an uploaded file; sizes are bytes, `allowed_types` such as `["image/*"]`. Not served yet: `PlanError`."""
    return FileMarker(
        max_size=max_size,
        min_size=min_size,
        allowed_types=allowed_types,
        max_files=max_files,
        alias=alias,
        description=description,
    )
