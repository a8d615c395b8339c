"""Django settings of every test: SQLite in memory, the contrib apps that handlers meet, one app with models.

Nothing here may differ from Django's defaults without a test that needs it.
"""

from __future__ import annotations

SECRET_KEY = "only-for-tests-and-long-enough-to-pass-every-check"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.urls"
STATIC_URL = "static/"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_bolt",
    "django_bolt.tokens",
    "tests.testapp",
]
MIDDLEWARE: list[str] = []
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
