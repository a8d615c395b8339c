"""A hasher that takes no time, or as long as it is told, with the interpreter locked as an expensive one has it not."""

from __future__ import annotations

import os
import time

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """Django's own, with two rounds; `PROJECT_HASH_SECONDS` is waited for as well."""

    iterations = 2

    def verify(self, password: str, encoded: str) -> bool:
        """Compare, after a while."""
        time.sleep(float(os.environ.get("PROJECT_HASH_SECONDS", "0")))
        return super().verify(password, encoded)
