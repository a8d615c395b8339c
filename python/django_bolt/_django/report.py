"""What Django's own log and signals are told about an exception.

Nothing here may decide how a request is answered.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.signals import got_request_exception

__all__ = ["report_server_error", "report_suspicious"]

_logger = logging.getLogger("django.request")


def report_server_error(exc: BaseException, request: Any, *, status: int = 500) -> None:
    """Log an ERROR with the traceback to `django.request` and send `got_request_exception`, as Django does for a 500.

    `request` is a Bolt Request or None; listeners get Django's own request, which they were written for.
    """
    django_request = _django_request(request)
    traceback, context = exc.__traceback__, exc.__context__
    try:
        # Error trackers read sys.exc_info(): the exception has to be the one being handled while they are told.
        raise exc
    except BaseException:  # noqa: BLE001  # it is the one just raised
        exc.__traceback__, exc.__context__ = traceback, context
        # A listener that fails is logged by Django; the client is answered all the same.
        got_request_exception.send_robust(sender=None, request=django_request)
    exc.__traceback__ = traceback
    _logger.error(
        "Internal Server Error: %s",
        _escaped(getattr(request, "path", "(no request)")),
        exc_info=exc,
        extra={"status_code": status, "request": django_request},
    )


def report_suspicious(exc: BaseException, request: Any) -> None:
    """Log a SuspiciousOperation to its own logger below `django.security`, as Django does."""
    logging.getLogger(f"django.security.{type(exc).__name__}").error(
        "%s",
        _escaped(str(exc)),
        exc_info=exc,
        extra={"status_code": 400, "request": _django_request(request)},
    )


def _escaped(text: str) -> str:
    # Otherwise a path with a line break would write a line of its own into the log.
    return text.encode("unicode_escape").decode("ascii")


def _django_request(request: Any) -> Any:
    try:
        return getattr(request, "django_request", request)
    except Exception:  # noqa: BLE001  # a request that Django cannot represent must not hide the error itself
        return None
