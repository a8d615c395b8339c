"""Settings of the served project; what a test varies comes from environment variables."""

from __future__ import annotations

import json
import os

SECRET_KEY = "only-for-tests-and-long-enough-to-pass-every-check"
DEBUG = False
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en-us"
ALLOWED_HOSTS = json.loads(os.environ.get("PROJECT_HOSTS", '["*"]'))
USE_X_FORWARDED_HOST = "PROJECT_FORWARDED_HOST" in os.environ
ROOT_URLCONF = "mysite.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_bolt", "shop"]
MIDDLEWARE: list[str] = []
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = json.loads(os.environ.get("PROJECT_DATABASES", "null")) or {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("PROJECT_DATABASE", "db.sqlite3"),
        "CONN_MAX_AGE": int(os.environ.get("PROJECT_CONN_MAX_AGE", "0")),
    }
}
DATABASE_ROUTERS = json.loads(os.environ.get("PROJECT_ROUTERS", "[]"))
# Room for a body nested a million times: its depth has to be refused, not its size.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
# Everything from INFO up goes to stderr, one line a record: the tests count the lines.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "django_bolt.logging.RequestIDFilter"}},
    "formatters": {
        "line": {"format": os.environ.get("PROJECT_LOG_FORMAT", "LOG %(levelname)s %(name)s %(message)s")},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django": {"handlers": [], "level": "INFO", "propagate": True}},
}
ACCESS_LOG_FILE = os.environ.get("PROJECT_ACCESS_LOG") or None
BOLT = {"ACCESS_LOG_FILE": ACCESS_LOG_FILE, **json.loads(os.environ.get("PROJECT_BOLT", "{}"))}
