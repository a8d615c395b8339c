"""Rate limits as they were declared → as the server is told of them: which requests each of them counts together.

Nothing here runs while a request is served.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from django_bolt._plan.declaration import RouteDeclaration
from django_bolt._plan.policy import Header, Ip, RateKey, RateLimit, User
from django_bolt._runtime.outermost import outermost
from django_bolt.middleware import RateLimitMiddleware

SERVER = "server"
"""The bucket of `BOLT_RATE_LIMIT`."""


class Application(Protocol):
    """What is asked of a `BoltAPI`."""

    def scopes(self) -> Iterator[tuple[Any, Any]]:
        """Yield every application with what holds below its prefix."""
        ...


class Buckets:
    """Names for what is counted together: everything that was given one and the same limit.

    A bucket is named after the outermost place that was: an application's prefix, the path that a router's routes have
    in common, or method and path of the only route. Names are the same in every process, and stay what they are when
    routes are added to an application.
    """

    def __init__(self, apis: Iterable[Application], declarations: Sequence[RouteDeclaration]) -> None:
        self.everywhere = outermost()
        """What the settings put around everything, with the limit that all is counted by."""
        self._names: dict[int, str] = {}
        # Kept, so that no other object gets its identity.
        self._kept: list[RateLimitMiddleware] = []
        self._taken: set[str] = set()
        for limit in counting(self.everywhere):
            self._name(limit, SERVER)
        for api in apis:
            for _, defaults in api.scopes():
                for limit in counting(defaults.middleware):
                    self._name(limit, defaults.prefix or "/")
        places: dict[int, list[RouteDeclaration]] = defaultdict(list)
        limits: dict[int, RateLimitMiddleware] = {}
        for declaration in declarations:
            for limit in counting(declaration.middleware):
                limits[id(limit)] = limit
                places[id(limit)].append(declaration)
        for key, found in places.items():
            self._name(limits[key], common_place(found))

    def limits(self, middleware: Iterable[Any], place: str) -> list[RateLimit]:
        """Return the limits among some middleware, each once; one found nowhere else is named after `place`."""
        found = {}
        for limit in counting(middleware):
            if id(limit) not in self._names:
                self._name(limit, place)
            bucket = self._names[id(limit)]
            found[bucket] = node(limit, bucket)
        return list(found.values())

    def _name(self, limit: RateLimitMiddleware, name: str) -> None:
        if id(limit) in self._names:
            return
        number, unique = 1, name
        while unique in self._taken:
            number += 1
            unique = f"{name} {number}"
        self._taken.add(unique)
        self._kept.append(limit)
        self._names[id(limit)] = unique


def counting(middleware: Iterable[Any]) -> Iterator[RateLimitMiddleware]:
    """Yield the limits among some middleware."""
    for item in middleware:
        if isinstance(item, RateLimitMiddleware):
            yield item


def common_place(declarations: Sequence[RouteDeclaration]) -> str:
    """Return what stands for some routes: method and path of the only one, or the path that they have in common."""
    first = declarations[0]
    if len(declarations) == 1:
        return f"{first.method} {first.path}"
    return posixpath.commonpath([declaration.path for declaration in declarations])


def node(limit: RateLimitMiddleware, bucket: str) -> RateLimit:
    """Return what the server is told of a limit."""
    keys: dict[str, RateKey] = {"ip": Ip(), "user": User()}
    return RateLimit(
        bucket=bucket,
        requests=limit.requests,
        window=limit.window,
        burst=limit.requests if limit.burst is None else limit.burst,
        key=keys.get(limit.key) or Header(name=limit.key.lower()),
    )
