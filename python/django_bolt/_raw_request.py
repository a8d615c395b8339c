"""What the server hands over for each request (`_core.RawRequest`): what every Request is made from.

Nothing here may interpret it.
"""

from __future__ import annotations

from typing import Protocol


class RawRequest(Protocol):
    """What the server hands over for each request; all of it is read-only."""

    @property
    def method(self) -> str:
        """Upper-case HTTP method."""
        ...

    @property
    def path(self) -> str:
        """The path, percent-decoded."""
        ...

    @property
    def raw_path(self) -> str:
        """The path as it came."""
        ...

    @property
    def query_string(self) -> str:
        """The query string as it came, without the question mark."""
        ...

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query string's fields, decoded."""
        ...

    @property
    def params(self) -> list[tuple[str, str]]:
        """The path's parameters."""
        ...

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Header fields in wire order, names in lower case, values decoded as Latin-1."""
        ...

    @property
    def meta_fields(self) -> dict[str, str]:
        """Header fields as Django's `META` has them."""
        ...

    @property
    def cookies(self) -> list[tuple[str, str]]:
        """Cookies, in wire order."""
        ...

    @property
    def body(self) -> bytes:
        """The whole body."""
        ...

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        ...

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer; None where it has none (a Unix socket)."""
        ...

    @property
    def server(self) -> tuple[str, int] | None:
        """Address and port that accepted the connection."""
        ...

    @property
    def id(self) -> str:
        """The request's id."""
        ...

    @property
    def http_version(self) -> str:
        """`1.0`, `1.1` or `2`."""
        ...

    @property
    def identity(self) -> tuple[int, str | None, bytes, bool] | None:
        """Who the server found: which of the route's backends told, the user's id, claims as JSON, by cookie or not."""
        ...

    @property
    def undecided(self) -> bool:
        """Whether it is left to Python who may pass."""
        ...

    def json_refusal(self, body: bytes, /) -> tuple[int, int, str] | None:
        """Say why a body must not reach a JSON decoder (nested too deeply), as line, column and message."""
        ...

    def has_nul_escape(self, body: bytes, /) -> bool:
        """Tell whether a body holds an escaped NUL."""
        ...
