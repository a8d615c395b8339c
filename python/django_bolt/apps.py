"""django-bolt as a Django app: what `"django_bolt"` in `INSTALLED_APPS` switches on."""

from __future__ import annotations

from django.apps import AppConfig


class DjangoBoltConfig(AppConfig):
    """Registers the system checks; commands and everything else are found by Django itself."""

    name = "django_bolt"
    verbose_name = "Django Bolt"

    def ready(self) -> None:
        """Register the system checks."""
        from django_bolt import checks  # noqa: PLC0415  # Django imports this module before there are settings.

        checks.register()
