"""`python -m django_site.log_in USER_ID SESSION_KEY`: a session of a user, under a key that is known beforehand."""

# ruff: noqa: PLC0415  # models are there once Django is set up

from __future__ import annotations

import sys
from datetime import UTC, datetime

import django


def log_in(user_id: str, session_key: str) -> None:
    """Store the session as `django.contrib.auth.login` does, good until the year 2100."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session

    data = {
        SESSION_KEY: user_id,
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: User.objects.get(pk=user_id).get_session_auth_hash(),
    }
    end = datetime(2100, 1, 1, tzinfo=UTC)
    Session.objects.create(session_key=session_key, session_data=SessionStore().encode(data), expire_date=end)


if __name__ == "__main__":
    django.setup()
    log_in(*sys.argv[1:])
