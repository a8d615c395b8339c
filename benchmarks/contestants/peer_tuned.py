"""The public package django-bolt with as many database threads as the others have connections, for a distant one."""

from __future__ import annotations

from benchmarks.contestants.peer import PACKAGE, site
from benchmarks.databases import DistantPostgres

THREADS = str(DistantPostgres.pool_size)

CONTESTANT = site(
    name="peer_tuned",
    description=f"{PACKAGE.requirements[0]}, DJANGO_BOLT_ORM_THREADS={THREADS}, logger silenced",
    settings="peer_site.settings_silent",
    variables={"DJANGO_BOLT_ORM_THREADS": THREADS},
    databases=frozenset({DistantPostgres.name}),
)
