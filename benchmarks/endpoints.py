"""The requests that every contestant answers, word for word the same.

What answers them is the business of the contestants; how fast, of `measure`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.order import order_body


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One request of the benchmark.

    `paths` has more than one entry where the load cycles through several; the bodies of all are compared.
    """

    name: str
    description: str
    paths: tuple[str, ...]
    method: str = "GET"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


HELLO_BODY = b'{"message":"Hello, world!"}'

ENDPOINTS = (
    Endpoint(name="hello", description="JSON, no parameters", paths=("/hello",)),
    Endpoint(name="items", description="path and query parameter, coerced", paths=("/items/42?q=bolt",)),
    Endpoint(name="sleep", description="awaits asyncio.sleep(0)", paths=("/sleep",)),
    Endpoint(name="page", description="HTML", paths=("/page",)),
    Endpoint(name="redirect", description="a redirect", paths=("/redirect",)),
    Endpoint(
        name="orders",
        description="10 KB JSON body into nested Structs",
        paths=("/orders",),
        method="POST",
        body=order_body(),
        headers={"Content-Type": "application/json"},
    ),
    Endpoint(name="user", description="one user by id, from the database", paths=("/users/3",)),
    Endpoint(name="users", description="ten users, from the database", paths=("/users",)),
    Endpoint(name="articles", description="twenty articles with author and tags", paths=("/articles?page=2",)),
    Endpoint(name="article", description="an article with author, tags and comments", paths=("/articles/7",)),
)


def select(names: list[str] | None) -> list[Endpoint]:
    """Return the endpoints called `names`, in the order of the table; all of them for None.

    Raises ValueError naming the first unknown name.
    """
    known = {endpoint.name: endpoint for endpoint in ENDPOINTS}
    for name in names or []:
        if name not in known:
            raise ValueError(f"unknown endpoint {name!r}; choose from {', '.join(known)}")
    return [endpoint for endpoint in ENDPOINTS if names is None or endpoint.name in names]
