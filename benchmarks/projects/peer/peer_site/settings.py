"""The example's settings, and where the peer finds its API; no LOGGING, so that it runs as it comes."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[4] / "example"))

from blog_site.settings import *  # noqa: E402, F403

BOLT_API = ["peer_site.api:api"]
