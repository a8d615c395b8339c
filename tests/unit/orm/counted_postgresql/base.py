"""A database engine as tracing packages write them: Django's own, with something around it."""

from __future__ import annotations

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    pass
