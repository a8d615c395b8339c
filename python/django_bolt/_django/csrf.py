"""Django's CSRF check, for what a session or another cookie authenticated.

Nothing here may decide whom it is asked about (`_runtime.access` does).
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.http.multipartparser import MultiPartParserError
from django.middleware.csrf import CsrfViewMiddleware

from django_bolt.auth.sessions import stored_session
from django_bolt.conf import debug_enabled
from django_bolt.exceptions import BadRequest, Forbidden
from django_bolt.orm.entry import run_blocking

__all__ = ["SAFE_METHODS", "CsrfCheck"]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing, as Django counts them."""

_logger = logging.getLogger("django.security.csrf")


class _Middleware(CsrfViewMiddleware):
    """Django's own check, which says what is wrong rather than answering."""

    def _reject(self, request: Any, reason: str) -> Any:
        return reason


class CsrfCheck:
    """The check of one application: Origin, Referer where the connection is encrypted, and the token."""

    def __init__(self) -> None:
        # It keeps what the settings trust.
        self._middleware = _Middleware(_unanswered)

    async def enforce(self, request: Any) -> None:
        """Raise `Forbidden` for a request that changes something and might have been sent by another site."""
        if request.method in SAFE_METHODS:
            return
        django_request = request.django_request
        try:
            if settings.CSRF_USE_SESSIONS:
                reason = await run_blocking(self._reason_with_session, django_request)
            else:
                reason = self._reason(django_request)
        except MultiPartParserError as error:
            raise BadRequest(str(error)) from None
        if reason is None:
            return
        _logger.warning(
            "Forbidden (%s): %s",
            _escaped(reason),
            _escaped(request.path),
            extra={"status_code": 403, "request": django_request},
        )
        raise Forbidden(f"CSRF verification failed: {reason}" if debug_enabled() else "CSRF verification failed")

    def _reason(self, django_request: Any) -> str | None:
        """Return Django's words for what is wrong, or None."""
        if "CSRF_COOKIE" not in django_request.META:
            # In a chain that has the middleware it is there, and may have been replaced since.
            self._middleware.process_request(django_request)
        reason: Any = self._middleware.process_view(django_request, _unanswered, (), {})
        return reason  # type: ignore[no-any-return]

    def _reason_with_session(self, django_request: Any) -> str | None:
        if hasattr(django_request, "session"):
            return self._reason(django_request)
        django_request.session = stored_session(django_request)
        try:
            return self._reason(django_request)
        finally:
            del django_request.session


def _unanswered(request: Any) -> Any:
    """Stand for the view that the check is in front of."""
    raise AssertionError("the check never calls a view")


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")
