"""The document's authentication and guards, as they are written there."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

from django_bolt import BoltAPI
from django_bolt.auth import create_jwt_for_user
from django_bolt.testing import TestClient

User = get_user_model()
pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Any:
    return User.objects.create_user("ann", email="ann@example.org")


def bearer(user: Any, **options: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {create_jwt_for_user(user, **options)}"}


def test_jwt_required(run: Any, settings: Any, ann: Any) -> None:
    # An object that nothing refers to attaches nothing: the guard goes by the settings.
    settings.JWT_SECRET_KEY = "your-secret-key"
    api = BoltAPI()
    run(
        """
        from django_bolt.auth import JWTBearer, jwt_required
        from django_bolt.response import Json
        auth = JWTBearer(secret_key="your-secret-key")
        @api.get("/protected", guards=[jwt_required])
        async def protected_handler(request):
            return {"user": request.user.id}
        """,
        api=api,
    )
    with TestClient(api) as client:
        assert client.get("/protected", headers=bearer(ann)).json() == {"user": ann.id}
        refused = client.get("/protected")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert client.get("/protected", headers=bearer(ann, secret="another" * 8)).status_code == 401


def test_api_key_required(run: Any, settings: Any) -> None:
    settings.BOLT = {"API_KEYS": ["k-1", "k-2"]}
    api = BoltAPI()
    run(
        """
        from django_bolt.auth import APIKeyBearer, api_key_required
        auth = APIKeyBearer()
        @api.get("/api-protected", guards=[api_key_required])
        async def api_protected_handler(request):
            return {"message": "API key authenticated"}
        """,
        api=api,
    )
    with TestClient(api) as client:
        for key, status in (("k-1", 200), ("k-2", 200), ("k-3", 401), ("", 401)):
            assert client.get("/api-protected", headers={"X-API-Key": key}).status_code == status
        assert client.get("/api-protected").status_code == 401


def test_a_backend_of_one_s_own(run: Any, ann: Any) -> None:
    found = run(
        """
        from django_bolt.auth import BaseAuth, AuthResult
        from django.contrib.auth import get_user_model
        User = get_user_model()
        class CustomAuth(BaseAuth):
            async def authenticate(self, request) -> AuthResult:
                token = request.headers.get("Authorization")
                if token and token.startswith("Bearer "):
                    # Validate token
                    user = await self.get_user(token)
                    return AuthResult(user=user)
                return AuthResult()
            async def get_user(self, token: str):
                # Your logic to get user from token
                try:
                    return await User.objects.aget(id=int(token.split("_")[1]))
                except:
                    return None
        """
    )
    api = BoltAPI(auth=[found.CustomAuth])

    @api.get("/who")
    async def who(request):
        return {"user": request.user.username, "authenticated": request.user.is_authenticated}

    with TestClient(api) as client:
        for token, user in ((f"Bearer token_{ann.id}", "ann"), ("Bearer token_0", ""), ("Bearer x", ""), ("", "")):
            answer = client.get("/who", headers={"Authorization": token})
            assert answer.json() == {"user": user, "authenticated": bool(user)}


def test_guards(run: Any, ann: Any) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt.auth import IsAuthenticated, HasPermission, HasRole
        # Require authentication
        @api.get("/private", guards=[IsAuthenticated])
        async def private_handler(request):
            return {"user_id": request.user.id}
        # Require specific permission
        @api.get("/edit-post", guards=[HasPermission("auth.change_user")])
        async def edit_post_handler(request):
            return {"can_edit": True}
        # Require role
        @api.get("/admin-only", guards=[HasRole("admin")])
        async def admin_handler(request):
            return {"access": "granted"}
        """,
        api=api,
    )
    bob = User.objects.create_user("bob")
    bob.groups.add(Group.objects.create(name="admin"))
    bob.user_permissions.add(Permission.objects.get(codename="change_user"))
    with TestClient(api) as client:
        assert client.get("/private").status_code == 401
        assert client.get("/private", headers=bearer(ann)).json() == {"user_id": ann.id}
        for path in ("/edit-post", "/admin-only"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers=bearer(ann)).status_code == 403
            assert client.get(path, headers=bearer(bob)).status_code == 200
        claims = {"permissions": ["auth.change_user"], "roles": ["admin"]}
        for path in ("/edit-post", "/admin-only"):
            assert client.get(path, headers=bearer(ann, extra_claims=claims)).status_code == 200


def test_a_guard_of_one_s_own(run: Any) -> None:
    found = run(
        """
        from django_bolt.auth import BaseGuard, AuthResult
        class CustomGuard(BaseGuard):
            async def check(self, request) -> bool:
                # Your logic
                return request.headers.get("X-Custom-Header") == "secret"
        """
    )
    api = BoltAPI(guards=[found.CustomGuard])
    api.get("/x")(lambda: "through")
    with TestClient(api) as client:
        assert client.get("/x", headers={"X-Custom-Header": "secret"}).text == "through"
        assert client.get("/x", headers={"X-Custom-Header": "guess"}).status_code == 401


def test_the_request_s_user(run: Any, ann: Any) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt import Request
        from django_bolt.auth import JWTAuthentication, IsAuthenticated
        @api.get("/profile", auth=[JWTAuthentication()], guards=[IsAuthenticated()])
        async def profile(request: Request):
            # IDE knows about .user, .session, .context, etc.
            user = await request.auser()
            return {"user_id": request.user.id, "username": request.user.username}
        """,
        api=api,
    )
    with TestClient(api) as client:
        assert client.get("/profile", headers=bearer(ann)).json() == {"user_id": ann.id, "username": "ann"}
        assert client.get("/profile").status_code == 401


def test_the_user_as_a_dependency(run: Any, ann: Any) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt import Depends
        from django_bolt.exceptions import HTTPException
        async def get_current_user(request):
            \"\"\"Dependency that extracts the current user.\"\"\"
            user_id = request.get("context", {}).get("user_id")
            if not user_id:
                raise HTTPException(status_code=401, detail="Not authenticated")
            return await User.objects.aget(id=user_id)
        @api.get("/profile")
        async def get_profile(user=Depends(get_current_user)):
            return {"id": user.id, "username": user.username}
        """,
        api=api,
        User=User,
    )
    run(
        """
        from django_bolt import Depends
        from django_bolt.auth import get_current_user
        @api.get("/me")
        async def me(user=Depends(get_current_user)):
            return {
                "id": user.id,
                "username": user.username,
                "email": user.email
            }
        """,
        api=api,
    )
    with TestClient(api) as client:
        assert client.get("/profile", headers=bearer(ann)).json() == {"id": ann.id, "username": "ann"}
        response = client.get("/profile")
        assert (response.status_code, response.json()) == (401, {"detail": "Not authenticated"})
        me = {"id": ann.id, "username": "ann", "email": "ann@example.org"}
        assert client.get("/me", headers=bearer(ann)).json() == me
        assert client.get("/me").status_code == 401
