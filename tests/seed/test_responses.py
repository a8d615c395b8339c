"""The document's responses and errors, as they are written there."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from django_bolt import BoltAPI
from django_bolt.testing import TestClient

User = get_user_model()


def test_json_html_and_redirect(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt.response import Json
        @api.get("/json")
        async def json_handler(request):
            return Json({"key": "value"})
        # Or shorthand (automatically JSON serialized)
        @api.get("/auto-json")
        async def auto_json_handler(request):
            return {"key": "value"}
        from django_bolt.response import Html
        @api.get("/html")
        async def html_handler(request):
            return Html("<h1>Hello World</h1>")
        from django_bolt.response import Redirect
        @api.get("/redirect")
        async def redirect_handler(request):
            return Redirect(url="https://example.com", status=302)
        """,
        api=api,
    )
    with TestClient(api) as client:
        explicit, automatic = client.get("/json"), client.get("/auto-json")
        assert explicit.json() == {"key": "value"}
        assert (explicit.content, explicit.headers["content-type"]) == (
            automatic.content,
            automatic.headers["content-type"],
        )
        page = client.get("/html")
        assert (page.text, page.headers["content-type"]) == ("<h1>Hello World</h1>", "text/html; charset=utf-8")
        redirect = client.get("/redirect")
        assert (redirect.status_code, redirect.headers["location"]) == (302, "https://example.com")


@pytest.mark.django_db
def test_http_exception(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt.exceptions import HTTPException
        @api.get("/users/{user_id}")
        async def get_user(user_id: int):
            try:
                user = await User.objects.aget(id=user_id)
            except User.DoesNotExist:
                raise HTTPException(status_code=404, detail="User not found")
            return {"id": user.id, "username": user.username}
        @api.get("/extra")
        async def extra():
            # Custom error with extra data
            raise HTTPException(
                status_code=400,
                detail={
                    "error": "validation_failed",
                    "fields": {"email": "Invalid email format"}
                }
            )
        """,
        api=api,
        User=User,
    )
    user = User.objects.create_user("someone")
    with TestClient(api) as client:
        assert client.get(f"/users/{user.id}").json() == {"id": user.id, "username": "someone"}
        missing = client.get("/users/0")
        assert (missing.status_code, missing.json()) == (404, {"detail": "User not found"})
        refused = client.get("/extra")
        assert refused.status_code == 400
        assert refused.json() == {"detail": {"error": "validation_failed", "fields": {"email": "Invalid email format"}}}


@pytest.mark.parametrize(
    ("statement", "status", "detail"),
    [
        ('HTTPException(status_code=400, detail="Bad request")', 400, "Bad request"),
        ('NotFound(detail="User not found")', 404, "User not found"),
        ('BadRequest(detail="Invalid input")', 400, "Invalid input"),
        ('Unauthorized(detail="Authentication required")', 401, "Authentication required"),
        ('Forbidden(detail="Access denied")', 403, "Access denied"),
        ('Conflict(detail="Resource already exists")', 409, "Resource already exists"),
        ('TooManyRequests(detail="Rate limit exceeded")', 429, "Rate limit exceeded"),
    ],
)
def test_specialised_exceptions(run: Any, statement: str, status: int, detail: str) -> None:
    api = BoltAPI()
    run(
        f"""
        from django_bolt.exceptions import HTTPException, NotFound, BadRequest, Unauthorized
        from django_bolt.exceptions import Forbidden, Conflict, TooManyRequests
        @api.get("/x")
        async def handler():
            raise {statement}
        """,
        api=api,
    )
    with TestClient(api) as client:
        response = client.get("/x")
    assert (response.status_code, response.json()) == (status, {"detail": detail})


def test_headers_and_extra_of_an_exception(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt.exceptions import Unauthorized, BadRequest
        @api.get("/headers")
        async def headers():
            # Custom headers
            raise Unauthorized(
                detail="Authentication required",
                headers={"WWW-Authenticate": "Bearer", "X-Custom-Header": "value"}
            )
        @api.get("/extra")
        async def extra():
            # Extra data for debugging
            raise BadRequest(
                detail="Invalid input",
                extra={
                    "field": "email",
                    "value": "invalid@",
                    "reason": "Invalid email format"
                }
            )
        """,
        api=api,
    )
    with TestClient(api) as client:
        response = client.get("/headers")
        assert (response.headers["www-authenticate"], response.headers["x-custom-header"]) == ("Bearer", "value")
        assert client.get("/extra").json() == {
            "detail": "Invalid input",
            "extra": {"field": "email", "value": "invalid@", "reason": "Invalid email format"},
        }


def test_request_validation_error(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt.exceptions import RequestValidationError
        @api.get("/x")
        async def handler():
            # Manual validation errors
            errors = [
                {"loc": ["body", "email"], "msg": "Invalid email format", "type": "value_error"},
                {"loc": ["body", "age"], "msg": "Must be positive", "type": "value_error"}
            ]
            raise RequestValidationError(errors)
        """,
        api=api,
    )
    with TestClient(api) as client:
        response = client.get("/x")
    assert response.status_code == 422
    assert response.json() == {
        "detail": [
            {"loc": ["body", "email"], "msg": "Invalid email format", "type": "value_error"},
            {"loc": ["body", "age"], "msg": "Must be positive", "type": "value_error"},
        ]
    }


def test_automatic_validation_errors(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        import msgspec
        class CreateUserRequest(msgspec.Struct):
            username: str
            email: str
            age: int
        # Automatic validation errors from msgspec
        @api.post("/users")
        async def create_user(request, body: CreateUserRequest):
            # If body doesn't match schema, returns 422 with details:
            # {"detail": [{"loc": ["body", "age"], "msg": "expected int", "type": "type_error"}]}
            return {"username": body.username}
        """,
        api=api,
    )
    with TestClient(api) as client:
        response = client.post("/users", json={"username": "a", "email": "b", "age": "c"})
    assert response.status_code == 422
    assert response.json() == {"detail": [{"loc": ["body", "age"], "msg": "expected int", "type": "type_error"}]}


def test_a_custom_exception_handler(run: Any) -> None:
    snippet = run("""
        from django_bolt import BoltAPI
        from django_bolt.exceptions import exception_handler
        def custom_exception_handler(exc, request):
            # Log the exception
            import logging
            logger = logging.getLogger(__name__)
            logger.error(f"Unhandled exception: {exc}")
            return {"error": "internal_server_error", "detail": str(exc)}, 500
        api = BoltAPI(exception_handler=custom_exception_handler)
        @api.get("/x")
        async def broken():
            raise ValueError("the reason")
    """)
    with TestClient(snippet.api, raise_server_exceptions=False) as client:
        response = client.get("/x")
    assert response.status_code == 500
    assert response.json() == {"error": "internal_server_error", "detail": "the reason"}


def test_error_handlers(run: Any) -> None:
    snippet = run("""
        from django_bolt.error_handlers import (
            http_exception_handler,
            request_validation_error_handler,
            generic_exception_handler,
            handle_exception
        )
        from django_bolt.exceptions import NotFound, RequestValidationError
        replies = []
        # Handle specific exception types
        exc = NotFound(detail="User not found")
        status, headers, body = http_exception_handler(exc)
        replies.append((status, body))
        # Handle validation errors
        errors = [{"loc": ["body"], "msg": "Invalid", "type": "value_error"}]
        exc = RequestValidationError(errors)
        status, headers, body = request_validation_error_handler(exc)
        replies.append((status, body))
        # Handle unexpected exceptions (debug mode)
        exc = ValueError("Something went wrong")
        status, headers, body = generic_exception_handler(exc, debug=False)
        replies.append((status, body))
        # Universal handler
        some_exception = NotFound()
        status, headers, body = handle_exception(some_exception)
        replies.append((status, body))
        # debug=True: Full HTML traceback page
        status, headers, body = handle_exception(exc, debug=True)
        page = body
        # debug=False: JSON error response
        status, headers, body = handle_exception(exc, debug=False)
        replies.append((status, body))
    """)
    assert snippet.replies == [
        (404, b'{"detail":"User not found"}'),
        (422, b'{"detail":[{"loc":["body"],"msg":"Invalid","type":"value_error"}]}'),
        (500, b'{"detail":"Internal Server Error"}'),
        (404, b'{"detail":"Not Found"}'),
        (500, b'{"detail":"Internal Server Error"}'),
    ]
    assert b"Something went wrong" in snippet.page


def test_api_error(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt.errors import ApiError
        @api.get("/x")
        def get_user(request, user_id: int):
            raise ApiError(400, "User not active")
        """,
        api=api,
    )
    with TestClient(api) as client:
        response = client.get("/x?user_id=1")
    assert (response.status_code, response.json()) == (400, {"detail": "User not active"})


def test_json_response(run: Any) -> None:
    snippet = run("""
        # GOOD: Use decorators
        from django_bolt.http import HttpRequest, JsonResponse
        from django_bolt.utils.decorators import json_response
        @json_response()
        def get_users(request: HttpRequest) -> JsonResponse:
            return {"users": []}
    """)
    api = BoltAPI()
    api.get("/users")(snippet.get_users)
    with TestClient(api) as client:
        response = client.get("/users")
    assert (response.headers["content-type"], response.json()) == ("application/json", {"users": []})


def test_openapi_info(run: Any) -> None:
    snippet = run("""
        from django_bolt import BoltAPI
        from django_bolt.openapi import OpenAPIInfo
        api = BoltAPI(
            info=OpenAPIInfo(
                title="My API",
                version="1.0.0",
                description="API description",
            )
        )
    """)
    with TestClient(snippet.api) as client:
        assert client.get("/openapi.json").json()["info"] == {
            "title": "My API",
            "version": "1.0.0",
            "description": "API description",
        }
        assert client.get("/docs").status_code == 200
