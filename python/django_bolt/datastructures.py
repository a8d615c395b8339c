"""The mappings a request is read through, and the one object on it that may be written.

Nothing here may parse bytes: all of these are handed pairs of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, ClassVar, cast

__all__ = ["Context", "Cookies", "Headers", "PathParams", "QueryParams", "State"]

Pairs = Iterable[tuple[str, str]]
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""What the names of fields, cookies and methods consist of (RFC 9110, section 5.6.2)."""


def pairs_of(given: Pairs | Mapping[str, str]) -> Pairs:
    """Return the pairs of a mapping, and pairs as they are."""
    # The cast: to a type checker, an iterable of pairs may itself be a mapping with pairs for keys.
    return cast("Mapping[str, str]", given).items() if isinstance(given, Mapping) else given


class PairMapping(Mapping[str, str]):
    """A read-only mapping over pairs; of a repeated key, the last value counts."""

    __slots__ = ("_pairs", "_values")

    _pairs: list[tuple[str, str]]
    _values: dict[str, str]

    def __init__(self, pairs: Pairs | Mapping[str, str] = ()) -> None:
        self._pairs = list(pairs_of(pairs))
        self._values = dict(self._pairs)

    def __getitem__(self, key: str) -> str:
        return self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._shown()!r})"

    def _shown(self) -> list[tuple[str, str]]:
        return self._pairs


class PathParams(PairMapping):
    """The path's parameters as text, by name."""

    __slots__ = ()


class QueryParams(PairMapping):
    """The query string's fields as text; `getlist` keeps repeats."""

    __slots__ = ()

    def getlist(self, key: str) -> list[str]:
        """Return every value of `key`, in the order of the query string; `[]` where there is none."""
        return [value for name, value in self._pairs if name == key]

    def multi_items(self) -> list[tuple[str, str]]:
        """Return all pairs, repeats included, in the order of the query string."""
        return list(self._pairs)


class Cookies(PairMapping):
    """The request's cookies by name; shown without their values, which are secrets."""

    __slots__ = ()

    def _shown(self) -> list[tuple[str, str]]:
        return [(name, "…") for name in self._values]


class Headers(PairMapping):
    """The request's headers, whatever the case of the name; a repeated one is joined by `,` as in `META`.

    Keys are lower-case when iterated.
    """

    __slots__ = ()

    _hidden: ClassVar[frozenset[str]] = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})

    def __init__(self, pairs: Pairs | Mapping[str, str] = ()) -> None:
        self._pairs = [(name.lower(), value) for name, value in pairs_of(pairs)]
        self._values = dict(self._pairs)
        if len(self._values) != len(self._pairs):
            for name in self._values:
                self._values[name] = ("; " if name == "cookie" else ",").join(self.getlist(name))

    def __getitem__(self, key: str) -> str:
        return self._values[key.lower()]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self._values == {str(name).lower(): value for name, value in other.items()}

    __hash__ = None  # type: ignore[assignment]  # as of any Mapping; a class that defines __eq__ says so itself

    def getlist(self, key: str) -> list[str]:
        """Return every value of the header, in the order it came; `[]` where there is none."""
        key = key.lower()
        return [value for name, value in self._pairs if name == key]

    def multi_items(self) -> list[tuple[str, str]]:
        """Return all pairs, repeats included, in the order they came."""
        return list(self._pairs)

    def _shown(self) -> list[tuple[str, str]]:
        return [(name, "…" if name in self._hidden else value) for name, value in self._pairs]


class Context(Mapping[str, Any]):
    """What authentication knows about the client; empty when nobody is authenticated."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self._values = dict(values) if values else {}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Context({list(self._values)!r})"


class State(MutableMapping[str, Any]):
    """Room for the project's own values on a request: `state.tenant = …` or `state["tenant"] = …`."""

    __slots__ = ("_values",)

    _values: dict[str, Any]

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        object.__setattr__(self, "_values", dict(values) if values else {})

    def __getattr__(self, name: str) -> Any:
        # Copying looks for `_values` before __init__ has run; without this line it would recurse.
        if name == "_values":
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(
                f"state has no {name!r}; set it before it is read, or use state.get({name!r}, default)"
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self._values[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self._values[name]
        except KeyError:
            raise AttributeError(f"state has no {name!r}") from None

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"State({self._values!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return State, (self._values,)
