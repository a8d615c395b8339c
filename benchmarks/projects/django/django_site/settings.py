"""The example's settings without django-bolt and without middleware, which no other contestant runs either."""

# ruff: noqa: F405
from example_settings import *  # noqa: F403

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "django_bolt"]
MIDDLEWARE = []
ROOT_URLCONF = "django_site.urls"
# The admin is installed for its tables only, and misses its middleware.
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]
