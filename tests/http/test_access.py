"""Backends and guards of the project's own, through the test client: who is found, who passes, what the others get."""

from __future__ import annotations

import msgspec
import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.exceptions import PermissionDenied

from django_bolt import BoltAPI, Request
from django_bolt.auth import (
    AllowAny,
    AuthResult,
    BaseAuth,
    BaseGuard,
    HasAllPermissions,
    HasAnyPermission,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsStaff,
    IsSuperuser,
    JWTAuthentication,
    get_current_user,
)
from django_bolt.dependencies import Depends
from django_bolt.exceptions import HTTPException
from django_bolt.middleware import RateLimitMiddleware
from django_bolt.testing import TestClient

pytestmark = pytest.mark.django_db


class ByName(BaseAuth):
    """`X-User: NAME` is whoever has that name: a backend that has the user."""

    async def authenticate(self, request):
        name = request.headers.get("X-User")
        return AuthResult(user=await User.objects.filter(username=name).afirst() if name else None)


class ByClaims(BaseAuth):
    """`X-Sub: ID`: a backend that knows no more than who it is, in plain code."""

    def authenticate(self, request):
        key = request.headers.get("X-Sub")
        return AuthResult(claims={"sub": key, "roles": ["tester"]}) if key else AuthResult()


def client_of(api):
    return TestClient(api, raise_server_exceptions=False)


def guarded(*guards, auth=(ByName,)):
    """Return an API with one route behind guards."""
    api = BoltAPI(auth=list(auth))

    @api.get("/x", guards=list(guards))
    async def handler():
        return "through"

    return api


def status(api, user=None):
    with client_of(api) as client:
        return client.get("/x", headers={"X-User": user} if user else {}).status_code


@pytest.fixture
def ann(db):
    return User.objects.create_user("ann", email="ann@example.org")


# Who is found --------------------------------------------------------------------------------


def test_a_backend_is_asked_and_its_user_is_the_requests(ann):
    api = BoltAPI(auth=[ByName])

    @api.get("/x")
    async def handler(request: Request):
        return {"user": request.user.username, "id": request.user.id, "context": request.context}

    with client_of(api) as client:
        assert client.get("/x", headers={"X-User": "ann"}).json() == {
            "user": "ann",
            "id": ann.id,
            "context": {"user_id": str(ann.pk), "claims": {}, "permissions": [], "roles": []},
        }
        assert client.get("/x").json() == {"user": "", "id": None, "context": {}}


def test_backends_are_asked_in_turn_and_the_first_that_finds_anybody_counts(ann):
    bob = User.objects.create_user("bob")
    api = BoltAPI(auth=[ByName, ByClaims])

    @api.get("/x")
    async def handler(request: Request):
        return request.user.pk

    with client_of(api) as client:
        assert client.get("/x", headers={"X-User": "ann", "X-Sub": str(bob.pk)}).json() == ann.pk
        assert client.get("/x", headers={"X-User": "nobody", "X-Sub": str(bob.pk)}).json() == bob.pk
        assert client.get("/x", headers={"X-Sub": str(bob.pk)}).json() == bob.pk


def test_an_anonymous_user_is_nobody():
    class Anonymous(BaseAuth):
        async def authenticate(self, request):
            return AuthResult(user=AnonymousUser())

    assert status(guarded(IsAuthenticated, auth=[Anonymous])) == 401


@pytest.mark.parametrize(
    ("error", "expected"), [(RuntimeError("broken"), 500), (HTTPException(418, "tea"), 418), (PermissionDenied(), 403)]
)
def test_what_a_backend_raises_is_the_answer(error, expected):
    class Raising(BaseAuth):
        async def authenticate(self, request):
            raise error

    seen = []
    api = BoltAPI(auth=[Raising])

    @api.get("/x")
    async def handler(request: Request):
        seen.append(request)

    with client_of(api) as client:
        assert client.get("/x").status_code == expected
    assert not seen


@pytest.mark.parametrize("answer", [None, True, {"user": 1}])
def test_a_backend_that_returns_anything_else_is_broken(answer):
    class Odd(BaseAuth):
        async def authenticate(self, request):
            return answer

    with TestClient(guarded(IsAuthenticated, auth=[Odd])) as client, pytest.raises(TypeError, match="expected an Auth"):
        client.get("/x")


def test_a_backend_is_not_asked_where_nobody_wants_to_know():
    asked = []

    class Counting(BaseAuth):
        async def authenticate(self, request):
            asked.append(request.path)
            return AuthResult()

    api = BoltAPI(auth=[Counting])
    api.get("/open")(lambda: "open")
    api.get("/reads")(lambda request: str(request.user))
    with client_of(api) as client:
        assert client.get("/open").text == "open"
        assert asked == []
        assert client.get("/reads").text == "AnonymousUser"
    assert asked == ["/reads"]


# Who passes ----------------------------------------------------------------------------------


def test_nobody_is_401_with_what_to_send_and_somebody_403(ann):
    with client_of(guarded(IsStaff)) as client:
        refused = client.get("/x")
        assert (refused.status_code, refused.json()) == (401, {"detail": "Unauthorized"})
        assert refused.headers["www-authenticate"] == "Bearer"
        refused = client.get("/x", headers={"X-User": "ann"})
        assert (refused.status_code, refused.json()) == (403, {"detail": "Forbidden"})
        assert "www-authenticate" not in refused.headers


def test_flags_of_the_user(ann):
    User.objects.create_user("staff", is_staff=True)
    User.objects.create_superuser("root")
    for guard, passing in [
        (AllowAny, ["", "ann", "staff", "root"]),
        (IsAuthenticated, ["ann", "staff", "root"]),
        (IsStaff, ["staff", "root"]),
        (IsSuperuser, ["root"]),
    ]:
        api = guarded(guard)
        assert [name for name in ["", "ann", "staff", "root"] if status(api, name) == 200] == passing, guard


def test_permissions_and_groups_of_the_user(ann, django_assert_num_queries):
    ann.user_permissions.add(Permission.objects.get(codename="change_user"))
    ann.groups.add(Group.objects.create(name="admin"))
    User.objects.create_superuser("root")
    User.objects.create_superuser("gone", is_active=False)
    User.objects.create_user("bob")
    for guard, passing in [
        (HasPermission("auth.change_user"), ["ann", "root"]),
        (HasPermission("auth.delete_user"), ["root"]),
        (HasAnyPermission("auth.delete_user", "auth.change_user"), ["ann", "root"]),
        (HasAllPermissions("auth.delete_user", "auth.change_user"), ["root"]),
        (HasRole("admin"), ["ann"]),
        (HasRole("editor", "admin"), ["ann"]),
        (HasRole("editor"), []),
    ]:
        api = guarded(guard)
        assert [name for name in ["ann", "bob", "root", "gone"] if status(api, name) == 200] == passing, guard


def test_an_unknown_user_has_no_permission(ann):
    api = guarded(HasPermission("auth.change_user"), auth=[ByClaims])
    with client_of(api) as client:
        for key in ("9999", "x", "-1", "9" * 50, "1\u0663"):
            assert client.get("/x", headers=[(b"X-Sub", key.encode())]).status_code == 403, key


class Body(msgspec.Struct):
    name: str


class HeaderGuard(BaseGuard):
    async def check(self, request) -> bool:
        return request.headers.get("X-Custom-Header") == "secret"


class PlainGuard(BaseGuard):
    def check(self, request) -> bool:
        return User.objects.filter(username=request.headers.get("X-Custom-Header")).exists()


@pytest.mark.parametrize(("guard", "value"), [(HeaderGuard, "secret"), (PlainGuard, "ann"), (PlainGuard(), "ann")])
def test_guards_of_the_project(ann, guard, value):
    with client_of(guarded(guard)) as client:
        assert client.get("/x", headers={"X-Custom-Header": value}).text == "through"
        assert client.get("/x", headers={"X-Custom-Header": "wrong"}).status_code == 401
        assert client.get("/x", headers={"X-Custom-Header": "wrong", "X-User": "ann"}).status_code == 403
    with client_of(guarded(guard, auth=[])) as client:
        assert client.get("/x", headers={"X-Custom-Header": value}).text == "through"
        refused = client.get("/x")
        assert (refused.status_code, "www-authenticate" in refused.headers) == (403, False)


@pytest.mark.parametrize("said", [None, 1, "yes", []])
def test_a_guard_that_says_neither_lets_nobody_pass(said):
    class Odd(BaseGuard):
        async def check(self, request):
            return said

    with TestClient(guarded(Odd)) as client, pytest.raises(TypeError, match="expected True or False"):
        client.get("/x")
    assert status(guarded(Odd)) == 500


@pytest.mark.parametrize("error", [RuntimeError("broken"), HTTPException(451, "no"), PermissionDenied()])
def test_a_guard_that_raises_lets_nobody_pass(error):
    class Raising(BaseGuard):
        def check(self, request):
            raise error

    expected = {RuntimeError: 500, HTTPException: 451, PermissionDenied: 403}[type(error)]
    assert status(guarded(Raising)) == expected


def test_guards_are_asked_in_turn_until_one_refuses(ann):
    asked = []

    class Noting(BaseGuard):
        def __init__(self, name, passes):
            self.name, self.passes = name, passes

        async def check(self, request):
            asked.append(self.name)
            return self.passes

    api = guarded(Noting("a", True), IsAuthenticated, Noting("b", False), Noting("c", True))
    assert status(api) == 401
    assert asked == ["a"]
    assert status(api, "ann") == 403
    assert asked == ["a", "a", "b"]


def test_refused_before_the_body_is_looked_at(ann):
    api = BoltAPI(auth=[ByName], guards=[IsAuthenticated])

    @api.post("/x")
    async def handler(body: Body, size: int):
        return body.name

    with client_of(api) as client:
        assert client.post("/x", json={}).status_code == 401
        assert client.post("/x", content=b"{", headers={"content-type": "application/json"}).status_code == 401
        assert client.post("/x?size=x", json={"name": "a"}).status_code == 401
        assert client.post("/x?size=x", json={"name": "a"}, headers={"X-User": "ann"}).status_code == 422
        assert client.post("/x?size=1", json={"name": "a"}, headers={"X-User": "ann"}).text == "a"


# The user as an argument ---------------------------------------------------------------------


def test_the_current_user_is_a_dependency(ann):
    api = BoltAPI(auth=[ByName, ByClaims])

    @api.get("/me")
    async def me(user=Depends(get_current_user)):
        return {"type": type(user).__name__, "username": user.username}

    with client_of(api) as client:
        assert client.get("/me", headers={"X-User": "ann"}).json() == {"type": "User", "username": "ann"}
        assert client.get("/me", headers={"X-Sub": str(ann.pk)}).json() == {"type": "User", "username": "ann"}
        for headers in ({}, {"X-Sub": "9999"}):
            refused = client.get("/me", headers=headers)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


# Objects -------------------------------------------------------------------------------------


class Owns(BaseGuard):
    async def check(self, request, owner=None) -> bool:
        return owner is None or request.user.username == owner


def test_an_object_is_shown_to_the_guards_that_take_one(ann):
    api = BoltAPI(auth=[ByName])

    @api.get("/of/{owner}", guards=[IsAuthenticated, Owns])
    async def handler(request: Request, owner: str):
        await request.check_object(owner)
        return "yours"

    @api.get("/open/{owner}")
    async def unguarded(request: Request, owner: str):
        await request.check_object(owner)
        return "anybody's"

    with client_of(api) as client:
        assert client.get("/of/ann", headers={"X-User": "ann"}).text == "yours"
        assert client.get("/of/bob", headers={"X-User": "ann"}).status_code == 403
        assert client.get("/of/bob").status_code == 401
        assert client.get("/open/bob").text == "anybody's"


# What comes first ----------------------------------------------------------------------------


def test_middleware_may_wait_for_the_user_and_not_guess(ann):
    seen = []

    class Logging:
        async def __call__(self, request, call_next):
            if request.headers.get("X-Guess"):
                return request.user
            seen.append(str(await request.auser()))
            return await call_next(request)

    api = BoltAPI(auth=[ByName], middleware=[Logging])

    @api.get("/x")
    async def handler():
        return "through"

    with TestClient(api) as client:
        client.get("/x", headers={"X-User": "ann"})
        client.get("/x")
        assert seen == ["ann", "AnonymousUser"]
        with pytest.raises(RuntimeError, match=r"await request\.auser\(\)"):
            client.get("/x", headers={"X-Guess": "1"})


# Error handlers ------------------------------------------------------------------------------


def test_error_handlers_see_what_guards_refuse(ann):
    api = guarded(IsStaff)

    @api.exception_handler(HTTPException)
    def handler(exc, request):
        return {"error": exc.status_code, "path": request.path}, exc.status_code

    with client_of(api) as client:
        assert client.get("/x").json() == {"error": 401, "path": "/x"}
        assert client.get("/x", headers={"X-User": "ann"}).json() == {"error": 403, "path": "/x"}


def test_a_token_backend_behind_one_in_python(ann):
    api = guarded(IsAuthenticated, auth=[ByName, JWTAuthentication])
    assert status(api, "ann") == 200
    assert status(api) == 401


# Before anybody was asked, and behind -------------------------------------------------------------


def test_whoever_looks_too_early_sees_nobody_and_nothing_stays(ann):
    class Early(ByName):
        async def authenticate(self, request):
            early.append((str(request.user), dict(request.context)))
            return await super().authenticate(request)

    early = []
    api = BoltAPI(auth=[Early])
    api.get("/x")(lambda request: [str(request.user), request.context["user_id"]])
    with TestClient(api) as client:
        assert client.get("/x", headers={"X-User": "ann"}).json() == ["ann", str(ann.pk)]
    assert early == [("AnonymousUser", {})]


def test_a_backend_is_asked_once_where_middleware_has_asked(ann):
    asked = []

    class Counting(ByName):
        async def authenticate(self, request):
            asked.append(request.path)
            return await super().authenticate(request)

    class Asking:
        async def __call__(self, request, call_next):
            await request.auser()
            return await call_next(request)

    api = BoltAPI(auth=[Counting], guards=[IsAuthenticated], middleware=[Asking])
    api.get("/x")(lambda request: str(request.user))
    with TestClient(api) as client:
        assert client.get("/x", headers={"X-User": "ann"}).text == "ann"
        assert client.get("/x").status_code == 401
    assert asked == ["/x", "/x"]


def test_error_handlers_may_look_at_the_user_of_what_a_backend_broke(ann):
    class Raising(BaseAuth):
        async def authenticate(self, request):
            raise HTTPException(418)

    api = BoltAPI(auth=[Raising], guards=[IsAuthenticated])
    api.exception_handler(HTTPException)(lambda exc, request: ({"user": str(request.user)}, exc.status_code))
    api.get("/x")(lambda: "x")
    with client_of(api) as client:
        answer = client.get("/x")
    assert (answer.status_code, answer.json()) == (418, {"user": "AnonymousUser"})


def test_behind_a_refusal_of_the_server_nobody_is_known_and_nothing_fails():
    seen = []

    class Logging:
        async def __call__(self, request, call_next):
            response = await call_next(request)
            seen.append((response.status_code, str(request.user)))
            return response

    api = BoltAPI(auth=[ByName], middleware=[Logging, RateLimitMiddleware(requests=1, window=60)])
    api.get("/x")(lambda: "x")
    with client_of(api) as client:
        assert [client.get("/x").status_code for _ in range(2)] == [200, 429]
        client.get("/y")
    assert seen[:2] == [(200, "AnonymousUser"), (429, "AnonymousUser")]
