"""The other module that is looked for beside the settings."""

from __future__ import annotations

from django_bolt import BoltAPI

api = BoltAPI(prefix="/second")


@api.get("/ping")
async def ping() -> dict[str, str]:
    """Tell which module answers."""
    return {"module": "mysite.bolt_api"}
