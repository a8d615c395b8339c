"""django-bolt as a Django app: what `"django_bolt"` in `INSTALLED_APPS` switches on."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class DjangoBoltConfig(AppConfig):
    """Adds to the ORM and registers the system checks; commands and everything else are found by Django itself.

    The ORM's extras are added when Django makes this object, which is before it imports any models: what a project's
    models import may decorate a coroutine function with `transaction.atomic`.
    """

    name = "django_bolt"
    verbose_name = "Django Bolt"

    def __init__(self, app_name: str, app_module: Any) -> None:
        super().__init__(app_name, app_module)
        from django_bolt import conf  # noqa: PLC0415  # Django imports this module before there are settings.

        if conf.extras_enabled():
            from django_bolt.orm import extras  # noqa: PLC0415  # as above

            extras.install()
        if conf.compiled_queries_enabled():
            from django_bolt.orm.shapes import install  # noqa: PLC0415  # as above

            install.install()

    def ready(self) -> None:
        """Register the system checks."""
        from django_bolt import checks  # noqa: PLC0415  # as above

        checks.register()
