"""Django's own clean-up around a request: queries, connections, caches.

What `request_started` and `request_finished` do under Django's handlers, without sending the signals.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.cache import caches, close_caches
from django.core.cache.backends.base import BaseCache

from django_bolt.orm.connections import close_thread_connections


def thread_cleanup(*, keep: bool) -> Callable[[], None]:
    """Return what has to run on a thread after each request that used it; `keep` False closes its connections."""
    close_cache = cache_cleanup()

    def after() -> None:
        close_thread_connections(keep=keep)
        close_cache()

    return after


def cache_cleanup() -> Callable[[], None]:
    """Return Django's `close_caches`, or nothing where no configured backend has anything to close."""
    closing = any(type(caches[alias]).close is not BaseCache.close for alias in settings.CACHES)
    return close_caches if closing else lambda: None
