"""The table of revoked tokens; `auth.stores.database` reads and writes it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class RevokedToken(models.Model):
    """Tokens that no longer count: one, a family, or those that a user had at some time."""

    key: models.CharField[str, str] = models.CharField(max_length=80, primary_key=True)
    """What they have in common: `jti:`, `fam:` or `sub:` and the claim."""
    before: models.FloatField[float, float] = models.FloatField()
    """Those issued before this (Unix time) do not count; 0: none does."""
    until: models.FloatField[float | None, float | None] = models.FloatField(null=True)
    """When the last of them has expired; empty: never."""

    class Meta:
        """Indexed by what `bolt_clear_tokens` asks for."""

        indexes: ClassVar = [models.Index(fields=["until"], name="bolt_tokens_until")]

    def __str__(self) -> str:
        return self.key
