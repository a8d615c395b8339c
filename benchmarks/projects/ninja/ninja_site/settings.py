"""The example's settings, middleware included, without django-bolt."""

# ruff: noqa: F405
from example_settings import *  # noqa: F403

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "django_bolt"]
ROOT_URLCONF = "ninja_site.urls"
