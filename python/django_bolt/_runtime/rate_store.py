"""What is logged of the store in which rate limits are counted; called by the server when it is lost and found."""

from __future__ import annotations

import logging

logger = logging.getLogger("django_bolt.server")


def rate_store(reason: str | None) -> None:
    """Say why the store cannot be asked; None: that it can again."""
    if reason is None:
        logger.info('BOLT["RATE_LIMIT_STORE"] answers again.')
    else:
        logger.warning(
            'BOLT["RATE_LIMIT_STORE"] does not answer (%s). Until it does, each machine counts for itself.', reason
        )
