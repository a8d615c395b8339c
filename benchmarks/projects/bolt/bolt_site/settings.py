"""The example's settings, with a pool of `$DB_POOL_SIZE`, and the access log as `$ACCESS_LOG` says."""

# ruff: noqa: F405
import os

from example_settings import *  # noqa: F403

BOLT = {
    **BOLT,
    "DB_POOL_SIZE": int(os.environ["DB_POOL_SIZE"]),
    "ACCESS_LOG": os.environ.get("ACCESS_LOG", "combined"),
}
