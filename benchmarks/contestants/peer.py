"""The public package django-bolt, with its access log silenced: the one that the ratios refer to."""

from __future__ import annotations

from benchmarks.demo_data import DRIVER
from benchmarks.django_site import DjangoSite
from benchmarks.environment import BENCHMARKS, PublishedPackage

PACKAGE = PublishedPackage("peer", requirements=["django-bolt==0.13.0", DRIVER], minimum=(3, 12))


def site(
    *,
    name: str,
    description: str,
    settings: str,
    variables: dict[str, str] | None = None,
    databases: frozenset[str] | None = None,
) -> DjangoSite:
    """Return the peer's project under one of its settings modules."""
    return DjangoSite(
        name=name,
        description=description,
        package=PACKAGE,
        project=BENCHMARKS / "projects" / "peer",
        settings=settings,
        arguments=("--processes", "1", "--no-admin"),
        variables=variables,
        databases=databases,
    )


CONTESTANT = site(
    name="peer",
    description=f"{PACKAGE.requirements[0]}, logger django.server silenced",
    settings="peer_site.settings_silent",
)
