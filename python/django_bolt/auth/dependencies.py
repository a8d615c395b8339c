"""Dependencies: the user of a request as an argument.

Nothing here may ask a backend (`_runtime.access` does).
"""

from __future__ import annotations

from typing import Annotated, Any

from django_bolt.dependencies import Depends
from django_bolt.exceptions import Unauthorized

__all__ = ["CurrentUser", "OptionalCurrentUser", "get_current_user", "get_optional_user"]


async def get_optional_user(request: Any) -> Any:
    """Return the user who sent the request, loaded, or None."""
    user = await request.auser()
    return user if user.is_authenticated else None


async def get_current_user(request: Any) -> Any:
    """Return the user who sent the request, loaded; raises `Unauthorized` where there is none or it is inactive."""
    user = await get_optional_user(request)
    if user is None:
        raise Unauthorized(headers={"WWW-Authenticate": request._challenge})
    return user


CurrentUser = Annotated[Any, Depends(get_current_user)]
OptionalCurrentUser = Annotated[Any, Depends(get_optional_user)]
