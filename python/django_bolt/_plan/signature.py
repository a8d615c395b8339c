"""Reads a callable's signature: the parameters with their types, markers and defaults.

Where a parameter comes from is decided in `source.py`; nothing here knows a request.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from django_bolt._plan.annotation import is_hashable, peel
from django_bolt._plan.errors import PlanError, UnresolvedName, about
from django_bolt.dependencies import Dependency
from django_bolt.params import FileMarker, Marker

# Defaults that mean "required".
REQUIRED = (inspect.Parameter.empty, Ellipsis, UNSET)

# The factory functions, by what they are called: `page: int = Query` forgets the parentheses.
FACTORIES = {"Body", "Cookie", "Depends", "File", "Form", "Header", "Path", "Query"}


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Factory:
    """A default that is made anew for each request, because requests must not share it."""

    make: Callable[[], Any]
    shown: Any = UNSET
    """The default as it was written, where it was."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One parameter of a handler or a dependency."""

    name: str
    annotation: Any
    """The type, `Any` where none was written; the marker is taken out of `Annotated`, other metadata stays."""
    marker: Marker | FileMarker | Dependency | None
    default: Any
    """`UNSET` where required; a `Factory` where the value must not be shared."""
    keyword_only: bool


def read_parameters(call: Callable[..., Any]) -> list[Parameter]:
    """Return the parameters of a callable in the order of its signature, keyword-only ones last.

    Decorated functions have the signature of what they wrap (`functools.wraps`); what `functools.partial` has filled
    by keyword is left out. Raises `PlanError` for `*args`, `**kwargs` and doubtful markers, `UnresolvedName` for an
    annotation that names nothing.
    """
    signature = _signature(call)
    names = Namespace(call)
    filled = call.keywords if isinstance(call, functools.partial) else {}
    return [
        _read_parameter(parameter, names, _factories(call))
        for parameter in signature.parameters.values()
        if parameter.name not in filled
    ]


def read_return(call: Callable[..., Any]) -> Any:
    """Return the return annotation of a callable, `UNSET` where there is none."""
    annotation = _signature(call).return_annotation
    if annotation is inspect.Signature.empty:
        return UNSET
    with about("return annotation"):
        return Namespace(call).resolve(annotation)


def _signature(call: Callable[..., Any]) -> inspect.Signature:
    try:
        if sys.version_info >= (3, 14):
            from annotationlib import Format  # noqa: PLC0415 (3.14 only)

            return inspect.signature(call, annotation_format=Format.FORWARDREF)
        return inspect.signature(call)
    except (TypeError, ValueError) as error:
        raise PlanError(f"the signature cannot be read ({error}); call it from a function with parameters") from error


def _read_parameter(parameter: inspect.Parameter, names: Namespace, factories: Mapping[str, Factory]) -> Parameter:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
        raise PlanError(
            f"takes {stars}{parameter.name}, which no request can fill; name each parameter "
            "(a decorator keeps the names of what it wraps with functools.wraps)"
        )
    with about(f"parameter {parameter.name!r}"):
        annotation, marker = _take_marker(_annotation(parameter, names))
        default = parameter.default
        if isinstance(default, (Marker, FileMarker, Dependency)):
            if marker is not None:
                raise PlanError("has a marker in Annotated and another one as its default; keep one of them")
            marker, default = default, UNSET
        elif _is_uncalled(default):
            raise PlanError(f"has the default {default.__name__}, expected {default.__name__}(...): call the marker")
        return Parameter(
            name=parameter.name,
            annotation=annotation,
            marker=marker,
            default=_shielded(factories.get(parameter.name, _default(marker, default))),
            keyword_only=parameter.kind is parameter.KEYWORD_ONLY,
        )


def _annotation(parameter: inspect.Parameter, names: Namespace) -> Any:
    if parameter.annotation is parameter.empty:
        return Any
    try:
        return names.resolve(parameter.annotation)
    except UnresolvedName:
        # The name says it all: the type is often imported for type checkers only.
        if parameter.name == "request":
            return Any
        raise


def _take_marker(annotation: Any) -> tuple[Any, Marker | FileMarker | Dependency | None]:
    """Return a type without the marker in its `Annotated`, and the marker."""
    bare, metadata = peel(annotation)
    markers = [value for value in metadata if isinstance(value, (Marker, FileMarker, Dependency))]
    for value in metadata:
        if _is_uncalled(value):
            raise PlanError(f"has {value.__name__} in Annotated, expected {value.__name__}(): call the marker")
    if len(markers) > 1:
        raise PlanError(f"has {len(markers)} markers in Annotated, expected one: a value has one source")
    if not markers:
        return annotation, None
    rest = tuple(value for value in metadata if value is not markers[0])
    return (typing.Annotated[(bare, *rest)] if rest else bare), markers[0]


def _is_uncalled(value: Any) -> bool:
    module = getattr(value, "__module__", None)
    return (
        isinstance(value, types.FunctionType)
        and module in ("django_bolt.params", "django_bolt.dependencies")
        and value.__name__ in FACTORIES
    )


def _default(marker: Marker | FileMarker | Dependency | None, default: Any) -> Any:
    """Return the one default of a parameter, `UNSET` where it has none."""
    written = any(default is required for required in REQUIRED)
    inside = marker.default if isinstance(marker, Marker) else UNSET
    if written:
        return UNSET if inside is Ellipsis else inside
    if isinstance(marker, Dependency):
        raise PlanError("has Depends() and a default; the dependency always makes the value, drop the default")
    if inside is not UNSET:
        raise PlanError(f"has two defaults, {inside!r} in its marker and {default!r} after `=`; keep the latter")
    return default


def _shielded(default: Any) -> Any:
    """Return a default that requests may share: what is mutable is copied for each of them."""
    if isinstance(default, Factory) or is_hashable(default):
        return default
    return Factory(functools.partial(copy.deepcopy, default), shown=default)


def _factories(call: Callable[..., Any]) -> dict[str, Factory]:
    """Return the default factories of a Struct or dataclass, which its signature does not tell."""
    fields: typing.Iterable[Any] = ()
    if isinstance(call, type) and issubclass(call, msgspec.Struct):
        fields = msgspec.structs.fields(call)
    elif isinstance(call, type) and dataclasses.is_dataclass(call):
        fields = dataclasses.fields(call)
    absent = (dataclasses.MISSING, msgspec.NODEFAULT)
    return {field.name: Factory(field.default_factory) for field in fields if field.default_factory not in absent}


class Namespace:
    """The names that the annotations of one callable may use."""

    def __init__(self, call: Callable[..., Any]) -> None:
        function = _function(call)
        self.module = function.__module__ if function is not None else getattr(call, "__module__", "")
        self.globals = getattr(function, "__globals__", None) or vars(sys.modules.get(self.module, types))
        self.locals = _closure(function) if function is not None else {}

    def resolve(self, annotation: Any) -> Any:
        """Return an annotation with every string in it evaluated; raises `UnresolvedName`."""
        holder = types.SimpleNamespace(__annotations__={"it": annotation})
        try:
            return typing.get_type_hints(holder, self.globals, self.locals, include_extras=True)["it"]
        except NameError as error:
            raise UnresolvedName(
                f"{error.name or error} in {annotation!r} is no name at the top level of {self.module}; move it there "
                "(a name imported under `if TYPE_CHECKING` or defined inside a function cannot be seen), or drop "
                "`from __future__ import annotations`"
            ) from error
        except Exception as error:
            # Evaluating a string runs the user's code: whatever it raises is a fault of the annotation.
            raise PlanError(f"the annotation {annotation!r} cannot be evaluated: {error!r}") from error


def _function(call: Callable[..., Any]) -> types.FunctionType | None:
    """Return the function whose signature a callable shows."""
    while True:
        if isinstance(call, functools.partial):
            call = call.func
        elif inspect.ismethod(call):
            call = call.__func__
        elif (wrapped := getattr(call, "__wrapped__", None)) is not None:
            call = wrapped
        elif isinstance(call, types.FunctionType):
            return call
        elif isinstance(call, type):
            made = getattr(call, "__init__")  # noqa: B009 (a type checker takes call.__init__ for an instance's)
            return made if isinstance(made, types.FunctionType) else None
        else:
            call = type(call).__call__
            if not isinstance(call, types.FunctionType) and not hasattr(call, "__wrapped__"):
                return None


def _closure(function: types.FunctionType) -> dict[str, Any]:
    """Return the variables of outer functions that a function uses, and its type parameters, by name."""
    found: dict[str, Any] = {parameter.__name__: parameter for parameter in getattr(function, "__type_params__", ())}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue  # Not assigned yet.
    return found
