"""An API of an installed app."""

from __future__ import annotations

from django_bolt import BoltAPI

api = BoltAPI(prefix="/shop")


@api.get("/ping")
async def ping() -> dict[str, str]:
    """Tell which module answers."""
    return {"module": "shop.api"}
