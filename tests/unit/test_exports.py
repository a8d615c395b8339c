"""What projects import: every name from its canonical place and from its other ones."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import django_bolt

ROOT = "BoltAPI Router Request Query Path Header Cookie Form Body Depends"
EXPORTS = {
    "django_bolt.params": "Query Path Header Cookie Form File Body Depends",
    "django_bolt.param_functions": "Query Path Header Cookie Form File Body Depends",
    "django_bolt.responses": "Response JSON PlainText HTML Redirect",
    "django_bolt.response": "Json Html Redirect",
    "django_bolt.exceptions": "HTTPException BadRequest Unauthorized Forbidden NotFound MethodNotAllowed Conflict "
    "UnprocessableEntity TooManyRequests InternalServerError ServiceUnavailable RequestValidationError "
    "exception_handler ApiError",
    "django_bolt.auth": "JWTAuthentication APIKeyAuthentication SessionAuthentication JWTBearer APIKeyBearer BaseAuth "
    "AuthResult BaseGuard AllowAny IsAuthenticated IsStaff IsSuperuser HasPermission HasAnyPermission HasRole "
    "HasAllPermissions jwt_required api_key_required get_current_user CurrentUser OptionalCurrentUser "
    "create_jwt_for_user",
    "django_bolt.errors": "ApiError",
    "django_bolt.error_handlers": "http_exception_handler request_validation_error_handler generic_exception_handler "
    "handle_exception",
    "django_bolt.openapi": "OpenAPIInfo OpenAPIConfig",
    "django_bolt.shortcuts": "render",
    "django_bolt.decorators": "json_response",
    "django_bolt.http": "HttpRequest JsonResponse",
    "django_bolt.utils.decorators": "json_response",
}
SAME = [
    ("django_bolt.param_functions", "Query", "django_bolt.params", "Query"),
    ("django_bolt.errors", "ApiError", "django_bolt.exceptions", "ApiError"),
    ("django_bolt.response", "Json", "django_bolt.responses", "JSON"),
    ("django_bolt.response", "Html", "django_bolt.responses", "HTML"),
    ("django_bolt.utils.decorators", "json_response", "django_bolt.decorators", "json_response"),
]


@pytest.mark.parametrize("name", ROOT.split())
def test_the_package_root(name):
    assert getattr(django_bolt, name) is not None
    assert name in django_bolt.__all__
    assert name in dir(django_bolt)


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in EXPORTS.items() for name in names.split()]
)
def test_every_other_place(module, name):
    assert getattr(importlib.import_module(module), name) is not None


@pytest.mark.parametrize(("module", "name", "home", "original"), SAME)
def test_another_spelling_is_the_same_thing(module, name, home, original):
    assert getattr(importlib.import_module(module), name) is getattr(importlib.import_module(home), original)


def test_the_root_offers_exactly_what_it_has():
    assert set(django_bolt.__all__) == {*ROOT.split(), "__version__"}


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="no attribute 'Bolt'"):
        django_bolt.Bolt  # noqa: B018


@pytest.mark.parametrize(
    "statement",
    [
        "import django_bolt; django_bolt.BoltAPI(); django_bolt.Router(); django_bolt.Query(1)",
        f"import {', '.join(EXPORTS)}",
        "import django_bolt; assert django_bolt.__version__",
    ],
)
def test_imports_work_before_there_are_settings(statement):
    """`settings.py` itself may import from the package."""
    run(f"{statement}\nfrom django.conf import settings; assert not settings.configured")


def test_serving_needs_no_test_client():
    run("import sys, django_bolt._server.serve, django_bolt._runtime.worker\nassert 'httpx' not in sys.modules")


def run(program):
    """Run a program without settings in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    environment["PYTHONPATH"] = str(Path(django_bolt.__file__).parent.parent)
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, timeout=60)
