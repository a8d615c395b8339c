"""Finding a project's applications: every module-level `BoltAPI` in the places where Django projects keep them.

Nothing here serves or compiles them.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterable
from types import ModuleType

from django.apps import apps
from django.conf import ENVIRONMENT_VARIABLE, settings
from django.core.exceptions import ImproperlyConfigured

from django_bolt._plan.errors import PlanError
from django_bolt.application import BoltAPI

MODULES = ("api", "bolt_api")


class NoAPIFound(ImproperlyConfigured):
    """No module in the usual places holds a `BoltAPI`."""


class ImportFailed(Exception):
    """A module that may hold an application raised something; the text names both."""

    def __init__(self, module: str, reason: Exception) -> None:
        super().__init__(f"Cannot import {module}: {type(reason).__name__}: {reason}")
        self.module = module
        self.reason = reason


def discover() -> list[BoltAPI]:
    """Return every module-level `BoltAPI` beside the settings and in installed apps, in this order, each once.

    `api.py` and `bolt_api.py` are looked at, both where both exist. An application that is mounted into another one
    found is left out: it is served there. Raises `NoAPIFound`, which names the places, where there is none, and
    `ImportFailed` where one of these modules raises; a `PlanError` comes through as it is.
    """
    names = candidates()
    found: dict[int, BoltAPI] = {}
    for module in import_existing(names):
        found.update((id(value), value) for value in vars(module).values() if isinstance(value, BoltAPI))
    if not found:
        raise NoAPIFound(
            "No API found. Looked for a module-level BoltAPI() in these modules: "
            f"{', '.join(names)}. Create one of them with `api = BoltAPI()` in it, "
            "or add the app that holds it to INSTALLED_APPS."
        )
    mounted = {id(member) for api in found.values() for _, other in api.mounts for member in other.family()}
    return [api for key, api in found.items() if key not in mounted]


def candidates() -> list[str]:
    """Return the dotted names of the modules that may hold an application."""
    packages = [*settings_packages(), *(config.name for config in apps.get_app_configs())]
    return list(dict.fromkeys(f"{package}.{name}".lstrip(".") for package in packages for name in MODULES))


def settings_packages() -> list[str]:
    """Return the package of the settings module and those around it; `""` stands for a top-level settings module."""
    # Under override_settings the settings no longer know their module.
    module = getattr(settings, "SETTINGS_MODULE", None) or os.environ.get(ENVIRONMENT_VARIABLE)
    if not module:
        return []
    parents = module.split(".")[:-1]
    if not parents:
        return [""]
    # `site.settings.production` is split settings: the project's own package is the one further out.
    return [".".join(parents[:length]) for length in range(len(parents), 0, -1)]


def import_existing(names: Iterable[str]) -> list[ModuleType]:
    """Import those of the modules that exist."""
    return [import_one(name) for name in names if exists(name)]


def exists(name: str) -> bool:
    """Tell whether there is such a module: an app may be a module itself, which has none in it."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def import_one(name: str) -> ModuleType:
    """Import a module; raises `ImportFailed`, or the `PlanError` of a declaration in it."""
    try:
        return importlib.import_module(name)
    except PlanError:
        raise
    except Exception as error:
        raise ImportFailed(name, error) from error
