"""What is told of each route: its keys as `bolt_routes --json` documents them, and the words of the table.

Read from the plan; nothing here may look at a handler or write anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django_bolt._plan.compile import Route, dotted_name
from django_bolt._runtime.assemble import Assembled, place
from django_bolt.conf import Configuration

HEALTH_PATHS = ("/health", "/ready")
# The package whose handlers are the server's own, not the project's.
PACKAGE = __name__.partition(".")[0]


class RouteRow(NamedTuple):
    """One method of one path, for a reader or a program."""

    method: str
    path: str
    handler: str
    kind: str
    """`plain`, `coroutine`, `def` or `inline`; `rust` for what no Python answers."""
    name: str
    status: int
    inline: bool
    shield: bool
    timeout: float | None
    """Seconds; None: as the server."""
    max_body: int | None
    """Bytes; None: as the server."""
    deprecated: bool
    include_in_schema: bool
    tags: list[str]
    guards: list[str]
    """What the client must be, in turn; empty: anybody."""
    built_in: bool
    """Whether it comes with django-bolt: documentation and health."""

    def flags(self) -> str:
        """Return what is out of the ordinary, in the words of the decorator."""
        words = [name for name in ("inline", "shield", "deprecated") if getattr(self, name)]
        words += [f"{name}={value:g}" for name, value in (("timeout", self.timeout),) if value is not None]
        words += [f"{name}={value}" for name, value in (("max_body", self.max_body),) if value is not None]
        words += [f"guards={' '.join(self.guards)}"] if self.guards else []
        if self.built_in:
            words.append("built-in")
        elif not self.include_in_schema:
            words.append("not in schema")
        return ", ".join(words)


def route_rows(assembled: Assembled, configuration: Configuration) -> list[RouteRow]:
    """Return every route that a server answers, by path and method."""
    rows = [row_of(route) for route in assembled.routes]
    if configuration.health:
        taken = {place(route) for route in assembled.routes}
        rows += [health_row(path) for path in HEALTH_PATHS if ("GET", path) not in taken]
    return sorted(rows, key=lambda row: (row.path, row.method))


def row_of(route: Route) -> RouteRow:
    """Return what is told of a route of the plan."""
    declaration = route.declaration
    handler = dotted_name(declaration.handler)
    return RouteRow(
        method=route.method,
        path=route.path,
        handler=handler,
        kind=route.kind,
        name=declaration.name or handler.rpartition(".")[2],
        status=route.status,
        inline=declaration.inline,
        shield=declaration.shield,
        timeout=declaration.timeout,
        max_body=declaration.max_body,
        deprecated=declaration.deprecated,
        include_in_schema=declaration.include_in_schema,
        tags=list(declaration.tags),
        guards=[repr(guard) for guard in declaration.guards],
        built_in=handler.startswith(f"{PACKAGE}."),
    )


def health_row(path: str) -> RouteRow:
    """Return what is told of a path that the server answers by itself."""
    return RouteRow(
        method="GET",
        path=path,
        handler=PACKAGE,
        kind="rust",
        name=f"{PACKAGE}:{path.removeprefix('/')}",
        status=200,
        inline=False,
        shield=False,
        timeout=None,
        max_body=None,
        deprecated=False,
        include_in_schema=False,
        tags=[],
        guards=[],
        built_in=True,
    )


def table(rows: list[RouteRow], *, width: int) -> Iterator[list[str]]:
    """Yield a heading and each row as cells of equal width, in lines of at most `width`.

    A handler that has no room loses its beginning (the end names the function); columns are never dropped.
    """
    cells = [["Method", "Path", "Handler", "Kind", "Name", "Flags"]]
    cells += [[row.method, row.path, row.handler, row.kind, row.name, row.flags()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    handler = 2
    excess = sum(widths) + 2 * (len(widths) - 1) - width
    widths[handler] = max(min(widths[handler], 20), widths[handler] - max(excess, 0))
    for line in cells:
        line[handler] = shortened(line[handler], widths[handler])
        yield [text.ljust(size) for text, size in zip(line, widths, strict=True)]


def shortened(text: str, width: int) -> str:
    """Return the end of a text that is too long, behind an ellipsis."""
    return text if len(text) <= width else f"…{text[1 - width :]}"
