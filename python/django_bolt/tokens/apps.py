"""The opt-in app with the table of revoked tokens: `"django_bolt.tokens"` in `INSTALLED_APPS`."""

from __future__ import annotations

from django.apps import AppConfig


class TokensConfig(AppConfig):
    """The table that `BOLT["TOKEN_STORE"] = "database"` needs."""

    name = "django_bolt.tokens"
    label = "bolt_tokens"
    verbose_name = "Django Bolt tokens"
    default_auto_field = "django.db.models.BigAutoField"
