"""What is no backend or guard is refused where it is declared, with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from django_bolt import BoltAPI, Router, conf
from django_bolt._plan.errors import PlanError
from django_bolt._runtime.assemble import assemble
from django_bolt._runtime.declared import checked_backends, checked_guards, configured_backends
from django_bolt._runtime.policies import Planner
from django_bolt._runtime.rate_limits import Buckets
from django_bolt.auth import (
    APIKeyAuthentication,
    BaseAuth,
    BaseGuard,
    HasAllPermissions,
    HasAnyPermission,
    HasPermission,
    HasRole,
    IsAuthenticated,
    JWTAuthentication,
    api_key_required,
    jwt_required,
)


class Backend(BaseAuth):
    async def authenticate(self, request: Any) -> Any: ...


class Wanting(Backend):
    def __init__(self, realm: str) -> None: ...


class Empty(BaseAuth): ...


class NoRequest(BaseAuth):
    async def authenticate(self) -> Any: ...  # type: ignore[override]


class Attribute(BaseAuth):
    authenticate = "x"  # type: ignore[assignment]


class Guard(BaseGuard):
    def check(self, request: Any) -> bool: ...  # type: ignore[empty-body,override]


class ForObjects(BaseGuard):
    async def check(self, request: Any, obj: Any) -> bool: ...  # type: ignore[empty-body,override]


class EmptyGuard(BaseGuard): ...


class Three(BaseGuard):
    async def check(self, request: Any, obj: Any, more: Any) -> bool: ...  # type: ignore[empty-body,override]


class Stranger:
    async def authenticate(self, request: Any) -> Any: ...

    async def check(self, request: Any) -> bool: ...  # type: ignore[empty-body]


def function(request: Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("jwt", "Router: auth holds 'jwt', expected a backend"),
        (function, "the function function"),
        (None, "holds None"),
        (Stranger, "the class Stranger"),
        (Stranger(), "Stranger object"),
        (IsAuthenticated, "the class IsAuthenticated"),
        (Wanting, "cannot be made without arguments"),
        (BaseAuth, "has no `authenticate`"),
        (Empty(), "Empty, which has no `authenticate`; write async def authenticate(self, request) -> AuthResult"),
        (NoRequest, "cannot be called with a request"),
        (Attribute, "whose `authenticate` is 'x'"),
    ],
)
def test_what_is_no_backend(item, said):
    with pytest.raises(PlanError) as error:
        Router(auth=[item])
    assert said in str(error.value)
    for declare in (
        lambda: BoltAPI(auth=[item]),
        lambda: BoltAPI().get("/x", auth=[item]),
        lambda: Router().delete("/x", auth=[Backend, item]),
    ):
        with pytest.raises(PlanError):
            declare()


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("admin", "GET /x: guards holds 'admin', expected a guard"),
        (function, "the function function"),
        (True, "holds True"),
        (Stranger, "the class Stranger"),
        (Backend, "the class Backend"),
        (HasPermission, "cannot be made without arguments"),
        (HasRole, "write HasRole(…)"),
        (HasAnyPermission, "HasAnyPermission() found no name"),
        (BaseGuard(), "has no `check`"),
        (EmptyGuard, "EmptyGuard, which has no `check`; write async def check(self, request) -> bool"),
        (Three, "cannot be called with a request"),
    ],
)
def test_what_is_no_guard(item, said):
    with pytest.raises(PlanError) as error:
        BoltAPI().get("/x", guards=[item])
    assert said in str(error.value)
    for declare in (lambda: BoltAPI(guards=[item]), lambda: Router(guards=[IsAuthenticated, item])):
        with pytest.raises(PlanError):
            declare()


@pytest.mark.parametrize("given", ["jwt", IsAuthenticated, {"a"}, 1])
@pytest.mark.parametrize("name", ["auth", "guards"])
def test_what_is_no_list(name, given):
    with pytest.raises(PlanError, match=f"{name}=.*expected a list; write {name}="):
        Router(**{name: given})


@pytest.mark.parametrize("make", [HasAllPermissions, HasAnyPermission, HasRole])
@pytest.mark.parametrize("names", [(), (["a"],), ("",), (1,), (None,), ("a", b"b")])
def test_names_are_names(make, names):
    with pytest.raises(ValueError, match=f"{make.__name__}"):
        make(*names)


def test_classes_become_one_instance_each():
    assert checked_backends("x", None) is None
    assert checked_guards("x", []) == ()
    (made,) = checked_backends("x", [Backend]) or ()
    assert isinstance(made, Backend)
    router = Router(guards=[Guard, ForObjects])
    assert [type(item) for item in router.guards or ()] == [Guard, ForObjects]
    given = JWTAuthentication()
    assert checked_backends("x", (given,)) == (given,)


def test_backends_of_the_settings():
    path = f"{__name__}.Backend"
    made = configured_backends([path, JWTAuthentication, given := APIKeyAuthentication()])
    assert [type(item) for item in made] == [Backend, JWTAuthentication, APIKeyAuthentication]
    assert made[2] is given
    for wrong in ("nowhere.Backend", f"{__name__}.Nothing", f"{__name__}.Stranger", f"{__name__}.function", 7):
        with pytest.raises(PlanError, match=r"^BOLT\[\"AUTHENTICATION\"\]"):
            configured_backends([wrong])


# What only the whole application shows -------------------------------------------------------------


def backends_of(api: BoltAPI, **settings: Any) -> list[str]:
    configuration = conf.Configuration(**settings)
    return [type(item).__name__ for item in planned(api, configuration)]


def planned(api: BoltAPI, configuration: conf.Configuration) -> tuple[Any, ...]:
    assemble([api], docs=False, configuration=configuration)
    ((_, route),) = api.compile()
    return Planner(configuration, Buckets([api], [route.declaration])).authentication(route.declaration)


def one(**options: Any) -> BoltAPI:
    api = BoltAPI()
    api.get("/x", **options)(lambda: None)
    return api


def test_which_backends_a_route_has():
    assert backends_of(one()) == ["JWTAuthentication"]
    assert backends_of(one(auth=[])) == []
    assert backends_of(one(auth=[Backend])) == ["Backend"]
    configured = {"authentication": (f"{__name__}.Backend", APIKeyAuthentication(api_keys=["k"]))}
    assert backends_of(one(), **configured) == ["Backend", "APIKeyAuthentication"]
    assert backends_of(one(auth=[]), **configured) == []
    assert backends_of(one(), authentication=()) == []


def test_required_guards_bring_their_backend_and_leave_no_other():
    assert backends_of(one(guards=[jwt_required])) == ["JWTAuthentication"]
    assert backends_of(one(guards=[api_key_required])) == ["APIKeyAuthentication"]
    assert backends_of(one(guards=[jwt_required], auth=[])) == ["JWTAuthentication"]
    assert backends_of(one(guards=[jwt_required], auth=[Backend])) == ["JWTAuthentication"]
    own = JWTAuthentication(secret="s" * 32)
    api = one(guards=[jwt_required], auth=[APIKeyAuthentication(), Backend, own])
    assert planned(api, conf.Configuration()) == (own,)
    with pytest.raises(PlanError, match="jwt_required and api_key_required, and nobody can pass both"):
        backends_of(one(guards=[jwt_required, api_key_required]))


@pytest.mark.parametrize("guard", [IsAuthenticated, HasRole("admin"), HasPermission("a.b")])
def test_a_guard_that_nobody_can_pass_is_refused(guard):
    with pytest.raises(PlanError, match=r"GET /x has the guard .* nobody can ever pass; name a backend"):
        backends_of(one(guards=[guard], auth=[]))
    with pytest.raises(PlanError, match="nobody can ever pass"):
        backends_of(one(guards=[guard]), authentication=())
    backends_of(one(guards=[Guard], auth=[]))
