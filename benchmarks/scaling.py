"""The second scenario: one application with 10, 100, 1,000 and 10,000 routes, where a request should cost the same.

Each number of routes is a contestant of its own, so that the rounds alternate between them as between servers.
"""

from __future__ import annotations

from benchmarks.contestants import bolt, peer
from benchmarks.django_site import DjangoSite
from benchmarks.endpoints import Endpoint
from benchmarks.environment import BENCHMARKS

COUNTS = (10, 100, 1_000, 10_000)
PACKAGES = {site.name: site for site in (bolt.CONTESTANT, peer.CONTESTANT)}
# Every application has these ten routes, spread evenly over the order of registration; the load cycles through them.
ENDPOINT = Endpoint(
    name="routes",
    description="a path parameter, in an application with N routes",
    paths=tuple(f"/shared-{number}/items/{number}" for number in range(10)),
)


def contestants(names: list[str] | None) -> list[DjangoSite]:
    """Return one contestant for each package called by `names` (default bolt) and each number of routes.

    Raises ValueError naming the first unknown name.
    """
    for name in names or []:
        if name not in PACKAGES:
            raise ValueError(f"--scaling knows no contestant {name!r}; choose from {', '.join(PACKAGES)}")
    return [_site(PACKAGES[name], routes) for name in (names or ["bolt"]) for routes in COUNTS]


def _site(base: DjangoSite, routes: int) -> DjangoSite:
    return DjangoSite(
        name=f"{base.name} {routes:,}",
        description=f"{base.description}, {routes:,} routes",
        package=base.package,
        project=BENCHMARKS / "projects" / "routes",
        settings="routes_site.settings",
        arguments=base.arguments,
        stores=False,
        variables={"ROUTES": str(routes)},
    )
