"""Settings: those of the project beside it, with this app alone."""

from __future__ import annotations

from mysite.settings import *  # noqa: F403

INSTALLED_APPS = ["django_bolt", "visitors"]
ROOT_URLCONF = "doors.urls"
