"""Settings: those of the project beside it, with this app alone."""

from __future__ import annotations

import json
import os

from mysite.settings import *  # noqa: F403

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_bolt", "django_bolt.tokens", "doors"]
ROOT_URLCONF = "doors.urls"
CACHES = json.loads(os.environ.get("PROJECT_CACHES", "null")) or {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
# Two rounds in place of a million: what is slow on purpose is not what is tested.
PASSWORD_HASHERS = ["doors.hashers.QuickHasher"]
