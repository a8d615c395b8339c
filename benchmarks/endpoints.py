"""The requests that every contestant answers, word for word the same.

What answers them is the business of the contestants; how fast, of `measure`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.credentials import SESSION_KEY, token
from benchmarks.order import order_body


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One request of the benchmark.

    `paths` has more than one entry where the load cycles through several; the bodies of all are compared.
    `database` says that it is answered from a database; `undo` is the SQL that removes what it has written there.
    `protocol` is what is spoken: `http`, `https` (HTTP/1.1 over TLS) or `h2` (HTTP/2 over TLS).
    """

    name: str
    description: str
    paths: tuple[str, ...]
    method: str = "GET"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    database: bool = False
    undo: str = ""
    protocol: str = "http"


JSON = {"Content-Type": "application/json"}
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
        headers=JSON,
    ),
    Endpoint(name="user", description="one user by id: aget", paths=("/users/3",), database=True),
    Endpoint(name="users", description="ten users: a returned QuerySet with a type", paths=("/users",), database=True),
    Endpoint(name="users_for", description="ten users: async for", paths=("/async-for/users",), database=True),
    Endpoint(
        name="create",
        description="one comment: acreate",
        # Several articles, so that rows are not all added to the same place of the same index.
        paths=tuple(f"/articles/{number}/comments" for number in range(101, 111)),
        method="POST",
        body=b'{"name":"Benchmark","text":"One more row, which is removed after the round."}',
        headers=JSON,
        database=True,
        undo="DELETE FROM blog_comment WHERE name = 'Benchmark'",
    ),
    Endpoint(name="user_def", description="one user by id: get in a `def`", paths=("/def/users/3",), database=True),
    Endpoint(
        name="articles", description="twenty articles with author and tags", paths=("/articles?page=2",), database=True
    ),
    Endpoint(
        name="article", description="an article with author, tags and comments", paths=("/articles/7",), database=True
    ),
    Endpoint(
        name="guarded_hello",
        description="hello for whoever has a token (JWT, HS256)",
        paths=("/guarded/hello",),
        headers={"Authorization": f"Bearer {token()}"},
    ),
    Endpoint(
        name="cors_rate_hello",
        description="hello with CORS and a rate limit that is not reached",
        paths=("/cors-rate/hello",),
        headers={"Origin": "https://site.example"},
    ),
    Endpoint(
        name="stack_hello",
        description="hello behind the seven middleware classes of startproject, nobody logged in",
        paths=("/stack/hello",),
    ),
    Endpoint(name="stack_hello_def", description="the same in a `def`", paths=("/stack/def/hello",)),
    Endpoint(
        name="session_user",
        description="the user of a session in the database, behind the same middleware",
        paths=("/stack/me",),
        headers={"Cookie": f"sessionid={SESSION_KEY}"},
        database=True,
    ),
)


def select(names: list[str] | None, *, database_only: bool = False) -> list[Endpoint]:
    """Return the endpoints called `names`, in the order of the table; for None all, or all that use a database.

    Raises ValueError naming the first unknown name.
    """
    known = {endpoint.name: endpoint for endpoint in ENDPOINTS}
    for name in names or []:
        if name not in known:
            raise ValueError(f"unknown endpoint {name!r}; choose from {', '.join(known)}")
    if names is None:
        return [endpoint for endpoint in ENDPOINTS if endpoint.database or not database_only]
    return [endpoint for endpoint in ENDPOINTS if endpoint.name in names]
