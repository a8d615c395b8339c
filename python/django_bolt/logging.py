"""For the project's `LOGGING`: the request's id in every record. Loaded before there are applications."""

from __future__ import annotations

import logging

__all__ = ["RequestIDFilter"]


class RequestIDFilter(logging.Filter):
    """Gives each record a `request_id`: that of the request it was written for, "-" outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id, and let the record through."""
        # Django configures logging before it can load what knows of requests.
        from django_bolt._runtime.request_id import current_request_id  # noqa: PLC0415

        if not hasattr(record, "request_id"):
            record.request_id = current_request_id() or "-"
        return True
