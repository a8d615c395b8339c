"""The example's settings, and where the peer finds its API; no LOGGING, so that it runs as it comes."""

from example_settings import *  # noqa: F403

BOLT_API = ["peer_site.api:api"]
