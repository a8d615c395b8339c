"""Documentation of an API: its OpenAPI document and the pages that show it.

Only the names that projects write are here; the document is built in `document`, served by `site`.
"""

from __future__ import annotations

from django_bolt.openapi.config import OpenAPIConfig, OpenAPIInfo

__all__ = ["OpenAPIConfig", "OpenAPIInfo"]
