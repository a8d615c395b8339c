"""This project without its access log: what the log costs is the difference to `bolt`."""

from __future__ import annotations

from benchmarks.contestants.bolt import Checkout
from benchmarks.django_site import DjangoSite
from benchmarks.environment import BENCHMARKS

CONTESTANT = DjangoSite(
    name="bolt_quiet",
    description="this project, release build, access log off",
    package=Checkout(),
    project=BENCHMARKS / "projects" / "bolt",
    settings="bolt_site.settings",
    arguments=("--processes", "1"),
    variables={"ACCESS_LOG": "off"},
    serves=frozenset({"hello", "items"}),
)
