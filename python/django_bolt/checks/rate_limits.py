"""Whether the store of rate limits can be used, and `BOLT_RATE_LIMIT` tells clients apart."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from django_bolt._runtime.outermost import RATE_LIMIT
from django_bolt.checks.finding import Finding
from django_bolt.conf import Configuration

PROXIED = ("USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT", "SECURE_PROXY_SSL_HEADER")
"""What Django's settings say only of a site behind a proxy."""


def find_rate_limit_problems(configuration: Configuration) -> Iterator[Finding]:
    """Yield what is wrong with how clients are counted."""
    store = configuration.rate_limit_store
    if store is not None and not store.startswith(("redis://", "rediss://")):
        # It may hold a password, and is not repeated.
        yield Finding(
            "E020",
            "found a RATE_LIMIT_STORE that does not begin with redis:// or rediss://, expected the address of a Redis",
            'write "RATE_LIMIT_STORE": "redis://127.0.0.1:6379/0"',
        )
    named = [name for name in PROXIED if getattr(settings, name)]
    if getattr(settings, RATE_LIMIT, None) is not None and named and not configuration.trusted_proxies:
        yield Finding(
            "W018",
            f"found BOLT_RATE_LIMIT and {named[0]}, which is for a site behind a proxy, but no TRUSTED_PROXIES: "
            "all clients of the proxy are counted as one",
            "list the addresses of your proxies in TRUSTED_PROXIES",
        )
