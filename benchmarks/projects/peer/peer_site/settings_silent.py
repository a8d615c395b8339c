"""The same site with the peer's access log switched off."""

from peer_site.settings import *  # noqa: F403

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"null": {"class": "logging.NullHandler"}},
    "loggers": {"django.server": {"handlers": ["null"], "level": "CRITICAL", "propagate": False}},
}
