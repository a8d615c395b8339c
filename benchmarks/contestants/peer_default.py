"""The public package django-bolt as it comes, access log included."""

from __future__ import annotations

from benchmarks.contestants.peer import PACKAGE, site

CONTESTANT = site(
    name="peer_default", description=f"{PACKAGE.requirements[0]} as it comes", settings="peer_site.settings"
)
