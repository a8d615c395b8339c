"""The memory in which a machine's processes count rate limits: made before the fork, handed on to later generations.

What is in it is Rust's business.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import Protocol

__all__ = ["share"]


class App(Protocol):
    """What is used of `_core.App`."""

    def rate_limit_bytes(self) -> int:
        """Return the size of the memory."""
        ...

    def share_rate_limits(self, descriptor: int | None) -> bool:
        """Count in a file, or in memory that goes along with a fork."""
        ...


def share(app: App, inherited: int | None) -> int | None:
    """Let `app` count in memory that processes forked from now on share, and return its descriptor.

    It is that of the generation before where that has the right size. Where the system has no such files there is no
    descriptor, and the next generation begins to count anew.
    """
    size = app.rate_limit_bytes()
    if inherited is not None:
        if os.fstat(inherited).st_size == size and app.share_rate_limits(inherited):
            return inherited
        os.close(inherited)
    made = make(size)
    app.share_rate_limits(made)
    return made


def make(size: int) -> int | None:
    """Return a file in memory that cannot change its size; None where the system has none."""
    if not hasattr(os, "memfd_create"):
        return None
    with contextlib.suppress(OSError):
        descriptor = os.memfd_create("bolt-rate-limits", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        return descriptor
    return None
