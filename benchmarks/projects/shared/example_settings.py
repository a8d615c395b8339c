"""The example's settings with the database at `$DATABASE_URL`, for all contestants that are Django projects."""

# ruff: noqa: F405
import os
from urllib.parse import urlsplit

from blog_site.settings import *  # noqa: F403

_url = urlsplit(os.environ["DATABASE_URL"])
if _url.scheme == "sqlite":
    DATABASES["default"]["NAME"] = _url.path
else:
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _url.path.removeprefix("/"),
        "USER": _url.username,
        "PASSWORD": _url.password,
        "HOST": _url.hostname,
        "PORT": _url.port,
    }
DATABASES["default"]["CONN_MAX_AGE"] = None

JWT_SECRET_KEY = os.environ["JWT_SECRET_KEY"]
