"""Django's sessions behind handlers: logging in and out, every place where sessions are kept, and who they let in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.contrib.auth import aget_user, alogin, alogout, get_user, login, logout
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.models import Session
from django.middleware.csrf import get_token
from django.utils import timezone

from django_bolt import BoltAPI, Request
from django_bolt._plan.errors import PlanError
from django_bolt.auth import IsAuthenticated, SessionAuthentication
from django_bolt.testing import AsyncTestClient, TestClient

pytestmark = pytest.mark.django_db(transaction=True)

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies"]


@pytest.fixture(autouse=True)
def middleware(settings: Any) -> None:
    settings.MIDDLEWARE = MIDDLEWARE


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="secret")


@pytest.fixture
def grace() -> User:
    return User.objects.create_user("grace", password="secret")


def asynchronous() -> BoltAPI:
    api = BoltAPI(django_middleware=True)

    @api.post("/login")
    async def log_in(request: Request, name: str) -> dict[str, Any]:
        user = await User.objects.aget(username=name)
        await alogin(request, user)
        await request.session.aset("since", "noon")
        return {"user": request.user.get_username()}

    @api.post("/logout")
    async def log_out(request: Request) -> dict[str, Any]:
        await alogout(request)
        return {"user": request.user.get_username()}

    @api.get("/me")
    async def me(request: Request) -> dict[str, Any]:
        user = await request.auser()
        asked = await aget_user(request)
        assert user == asked
        return {"user": user.get_username(), "since": await request.session.aget("since")}

    @api.get("/items")
    async def items(request: Request) -> dict[str, Any]:
        session = request.session
        await session.aset("a", 1)
        await session.aset("b", 2)
        popped = await session.apop("a")
        missing = await session.apop("none", "default")
        return {
            "popped": popped,
            "missing": missing,
            "keys": sorted(await session.akeys()),
            "items": sorted(await session.aitems()),
        }

    @api.post("/flush")
    async def flush(request: Request) -> None:
        await request.session.aflush()

    @api.get("/quiet")
    async def quiet() -> str:
        return "quiet"

    @api.get("/guarded", guards=[IsAuthenticated()])
    async def guarded(request: Request) -> str:
        return str(request.user)

    return api


def synchronous() -> BoltAPI:
    api = BoltAPI(django_middleware=True)

    @api.post("/login")
    def log_in(request: Request, name: str) -> dict[str, Any]:
        login(request, User.objects.get(username=name))
        request.session["since"] = "noon"
        return {"user": request.user.get_username()}

    @api.post("/logout")
    def log_out(request: Request) -> dict[str, Any]:
        logout(request)
        return {"user": request.user.get_username()}

    @api.get("/me")
    def me(request: Request) -> dict[str, Any]:
        assert request.user == get_user(request)
        return {"user": request.user.get_username(), "since": request.session.get("since")}

    @api.get("/items")
    def items(request: Request) -> dict[str, Any]:
        session = request.session
        session["a"] = 1
        session["b"] = 2
        popped = session.pop("a")
        missing = session.pop("none", "default")
        return {
            "popped": popped,
            "missing": missing,
            "keys": sorted(session.keys()),
            "items": sorted(session.items()),
        }

    @api.post("/flush")
    def flush(request: Request) -> None:
        request.session.flush()

    @api.get("/quiet")
    def quiet() -> str:
        return "quiet"

    @api.get("/guarded", guards=[IsAuthenticated()])
    def guarded(request: Request) -> str:
        return str(request.user)

    return api


@pytest.fixture(params=[asynchronous, synchronous])
def client(request: Any) -> Iterator[TestClient]:
    with TestClient(request.param()) as client:
        yield client


@pytest.mark.parametrize("engine", ENGINES)
def test_logging_in_and_out(engine: str, client: TestClient, ada: User, settings: Any, tmp_path: Any) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    api = client._stage.apis[0]
    with TestClient(api) as client:
        assert client.get("/me").json() == {"user": "", "since": None}
        assert client.get("/guarded").status_code == 401
        response = client.post("/login?name=ada")
        assert response.json() == {"user": "ada"}
        cookie = next(value for value in response.headers.get_list("set-cookie") if value.startswith("sessionid="))
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
        assert response.headers["vary"] == "Cookie"
        assert client.get("/me").json() == {"user": "ada", "since": "noon"}
        assert client.get("/guarded").text == "ada"
        assert client.get("/items").json() == {
            "popped": 1,
            "missing": "default",
            "keys": ["_auth_user_backend", "_auth_user_hash", "_auth_user_id", "b", "since"],
            "items": client.get("/items").json()["items"],
        }
        assert client.post("/logout").json() == {"user": ""}
        assert "sessionid" not in client.cookies
        assert client.get("/me").json() == {"user": "", "since": None}
        assert client.get("/guarded").status_code == 401


def test_a_session_of_nobodys(client: TestClient) -> None:
    assert client.get("/items").json() == {"popped": 1, "missing": "default", "keys": ["b"], "items": [["b", 2]]}
    key = client.cookies["sessionid"]
    assert Session.objects.get(pk=key).get_decoded() == {"b": 2}
    client.post("/flush")
    assert not Session.objects.exists() and "sessionid" not in client.cookies


def test_a_session_has_another_key_when_somebody_logs_in(client: TestClient, ada: User) -> None:
    client.get("/items")
    before = client.cookies["sessionid"]
    client.post("/login?name=ada")
    after = client.cookies["sessionid"]
    assert before != after
    assert not Session.objects.filter(pk=before).exists()
    # What was in it is kept, as in Django.
    assert Session.objects.get(pk=after).get_decoded()["b"] == 2
    client.cookies.clear()
    client.cookies["sessionid"] = before
    assert client.get("/me").json() == {"user": "", "since": None}


def test_a_key_that_the_client_chose_is_not_taken(client: TestClient, ada: User) -> None:
    chosen = "a" * 32
    response = client.post("/login?name=ada", headers={"Cookie": f"sessionid={chosen}"})
    assert response.cookies["sessionid"] != chosen
    assert not Session.objects.filter(pk=chosen).exists()


def test_logging_in_as_somebody_else_takes_nothing_along(client: TestClient, ada: User, grace: User) -> None:
    client.post("/login?name=ada")
    client.get("/items")
    client.post("/login?name=grace")
    decoded = Session.objects.get(pk=client.cookies["sessionid"]).get_decoded()
    assert decoded["_auth_user_id"] == str(grace.pk) and "b" not in decoded
    assert client.get("/me").json()["user"] == "grace"


def test_what_nobody_looks_at_sets_no_cookie(client: TestClient, ada: User) -> None:
    assert "vary" not in client.get("/quiet").headers
    client.post("/login?name=ada")
    response = client.get("/quiet")
    assert "set-cookie" not in response.headers and "vary" not in response.headers


def test_every_answer_renews_the_session_where_that_is_asked_for(client: TestClient, ada: User, settings: Any) -> None:
    client.post("/login?name=ada")
    settings.SESSION_SAVE_EVERY_REQUEST = True
    Session.objects.update(expire_date=timezone.now() + timedelta(seconds=60))
    assert client.get("/quiet").cookies["sessionid"] == client.cookies["sessionid"]
    assert Session.objects.get().expire_date > timezone.now() + timedelta(days=1)


def test_the_cookie_is_as_the_settings_say(client: TestClient, ada: User, settings: Any) -> None:
    settings.SESSION_COOKIE_NAME = "sid"
    settings.SESSION_COOKIE_PATH = "/api"
    settings.SESSION_COOKIE_DOMAIN = "example.com"
    settings.SESSION_COOKIE_SAMESITE = "Strict"
    settings.SESSION_COOKIE_SECURE = True
    settings.SESSION_COOKIE_AGE = 60
    cookies = client.post("/login?name=ada").headers.get_list("set-cookie")
    cookie = next(cookie for cookie in cookies if cookie.startswith("sid="))
    for attribute in ("Path=/api", "Domain=example.com", "SameSite=Strict", "Secure", "HttpOnly", "Max-Age=60"):
        assert attribute in cookie


def bad_keys(ada: User) -> dict[str, str]:
    return {
        "unknown": "abcdefghijklmnopqrstuvwxyz012345",
        "short": "abc",
        "empty": "",
        "long": "a" * 5000,
        "quoted": '"abcdefgh\\"ijklmnop"',
        "a path": "../../../../etc/passwd",
        "a NUL": '"\\000abcdefghijklmnop"',
        "markup": "<script>alert(1)</script>",
        "not ASCII": "abcdefghé",
        "SQL": "' OR 1=1 --abcdefgh",
        "signed by nobody": "eyJfYXV0aF91c2VyX2lkIjoiMSJ9:1tAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    }


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("chained", [True, False])
def test_a_forged_session_is_nobodys(
    engine: str, chained: bool, ada: User, settings: Any, tmp_path: Any, recwarn: Any
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    api = BoltAPI(auth=[SessionAuthentication()], django_middleware=chained)

    @api.get("/me")
    async def me(request: Request) -> str:
        return request.user.get_username() or "nobody"

    @api.get("/guarded", guards=[IsAuthenticated()])
    async def guarded() -> str:
        return "in"

    with TestClient(api) as client:
        for name, key in bad_keys(ada).items():
            headers = {b"Cookie": f"sessionid={key}".encode()}
            assert client.get("/me", headers=headers).text == "nobody", name
            assert client.get("/guarded", headers=headers).status_code == 401, name


def test_an_expired_session_is_nobodys(client: TestClient, ada: User) -> None:
    client.post("/login?name=ada")
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/guarded").status_code == 401
    assert client.get("/me").json() == {"user": "", "since": None}


def test_a_session_ends_with_the_password(client: TestClient, ada: User) -> None:
    client.post("/login?name=ada")
    ada.set_password("another")
    ada.save()
    assert client.get("/guarded").status_code == 401


def test_a_session_ends_with_its_user(client: TestClient, ada: User, grace: User) -> None:
    client.post("/login?name=ada")
    client.cookies, others = httpx.Cookies(), client.cookies
    client.post("/login?name=grace")
    User.objects.filter(username="grace").update(is_active=False)
    assert client.get("/guarded").status_code == 401
    client.cookies = others
    ada.delete()
    assert client.get("/guarded").status_code == 401


def test_a_session_deleted_meanwhile_is_said_as_django_says_it(ada: User) -> None:
    api = BoltAPI(django_middleware=True)

    @api.get("/x")
    async def handler(request: Request) -> None:
        await request.session.aset("a", 1)
        await Session.objects.all().adelete()

    with TestClient(api) as client:
        client.cookies["sessionid"] = "a" * 32
        Session.objects.create(session_key="a" * 32, session_data="", expire_date=timezone.now() + timedelta(1))
        assert client.get("/x").status_code == 400


# Without Django's middleware -------------------------------------------------------------------------


def alone() -> BoltAPI:
    api = BoltAPI(auth=[SessionAuthentication()])

    @api.get("/me")
    async def me(request: Request) -> str:
        return (await request.auser()).get_username() or "nobody"

    @api.get("/def")
    def plain(request: Request) -> str:
        return request.user.get_username() or "nobody"

    @api.get("/guarded", guards=[IsAuthenticated])
    async def guarded(request: Request) -> str:
        return request.user.get_username()

    @api.get("/session")
    async def session(request: Request) -> Any:
        assert not hasattr(request, "session")
        return request.session

    return api


def test_a_session_counts_without_the_middleware(client: TestClient, ada: User) -> None:
    client.post("/login?name=ada")
    key = client.cookies["sessionid"]
    with TestClient(alone(), cookies={"sessionid": key}) as reader:
        for path in ("/me", "/def", "/guarded"):
            response = reader.get(path)
            assert response.text == "ada"
            assert "set-cookie" not in response.headers
    with TestClient(alone()) as reader:
        assert reader.get("/me").text == "nobody"
        assert reader.get("/guarded").status_code == 401


def test_it_is_left_as_it_is(client: TestClient, ada: User, settings: Any) -> None:
    client.post("/login?name=ada")
    key, stored = client.cookies["sessionid"], Session.objects.get().session_data
    with TestClient(alone(), cookies={"sessionid": key}) as reader:
        # Signed with a key that has been replaced: Django would give it a new one here, which nobody would tell.
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another-key-that-is-long-enough-for-every-check-there-is"
        assert reader.get("/me").text == "ada"
        assert Session.objects.get(pk=key).session_data == stored
        # Another password: Django would throw it away.
        ada.set_password("another")
        ada.save()
        assert reader.get("/me").text == "nobody"
        assert Session.objects.get(pk=key).session_data == stored


def test_there_is_no_session_to_write_to() -> None:
    with TestClient(alone()) as client, pytest.raises(AttributeError, match=r"write django_middleware=True"):
        client.get("/session")


def test_sessions_need_their_apps(settings: Any) -> None:
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "django.contrib.sessions"]
    with pytest.raises(PlanError, match=r"no 'django.contrib.sessions' in INSTALLED_APPS.*manage.py migrate"):
        TestClient(alone())
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    with TestClient(alone()) as client:
        assert client.get("/me").text == "nobody"


# What else logging in means -----------------------------------------------------------------------------


def test_receivers_see_the_request(client: TestClient, ada: User) -> None:
    seen: list[Any] = []

    def entered(sender: Any, request: Any, user: Any, **_: Any) -> None:
        seen.append((user.username, request.user.username, request.META["REQUEST_METHOD"], request.path))
        seen.append(request.headers["user-agent"] and len(request.META["CSRF_COOKIE"]))

    def left(sender: Any, request: Any, user: Any, **_: Any) -> None:
        seen.append(user.username)

    user_logged_in.connect(entered)
    user_logged_out.connect(left)
    try:
        client.post("/login?name=ada")
        client.post("/logout")
    finally:
        user_logged_in.disconnect(entered)
        user_logged_out.disconnect(left)
    assert seen == [("ada", "ada", "POST", "/login"), 32, "ada"]
    ada.refresh_from_db()
    assert ada.last_login is not None


def test_logging_in_gives_a_new_token(client: TestClient, ada: User) -> None:
    first = client.post("/login?name=ada").cookies["csrftoken"]
    assert client.post("/login?name=ada").cookies["csrftoken"] != first


@pytest.mark.parametrize("bolt", ["request", "django_request"])
def test_a_token_for_a_form(bolt: str, ada: User) -> None:
    api = BoltAPI(django_middleware=True)

    @api.get("/token")
    async def token(request: Request) -> dict[str, str]:
        return {"token": get_token(request if bolt == "request" else request.django_request)}  # type: ignore[arg-type]

    @api.post("/login")
    async def log_in(request: Request) -> str:
        await alogin(request, await User.objects.aget())
        return "in"

    @api.post("/x")
    async def change(request: Request) -> str:
        return request.user.get_username()

    with TestClient(api, enforce_csrf_checks=True) as client:
        # Nobody is logged in: the seed's own /login has no token.
        assert client.post("/login").text == "in"
        assert client.post("/x").status_code == 403
        response = client.get("/token")
        assert "Cookie" in response.headers["vary"]
        assert client.cookies["csrftoken"]
        assert client.post("/x", headers={"X-CSRFToken": response.json()["token"]}).text == "ada"
        assert client.post("/x", headers={"X-CSRFToken": client.cookies["csrftoken"]}).text == "ada"
        assert client.post("/x", data={"csrfmiddlewaretoken": response.json()["token"]}).text == "ada"
        assert client.post("/login", headers={"X-CSRFToken": "a" * 32}).status_code == 403


def test_a_token_that_is_kept_in_the_session(ada: User, settings: Any) -> None:
    settings.CSRF_USE_SESSIONS = True
    api = asynchronous()

    @api.get("/token")
    async def token(request: Request) -> dict[str, str]:
        return {"token": get_token(request)}  # type: ignore[arg-type]

    with TestClient(api, enforce_csrf_checks=True) as client:
        client.post("/login?name=ada")
        token_now = client.get("/token").json()["token"]
        assert client.post("/logout").status_code == 403
        assert client.post("/logout", headers={"X-CSRFToken": token_now}).status_code == 200


# Many at once -------------------------------------------------------------------------------------------


async def test_sessions_of_many_at_once_are_kept_apart() -> None:
    users = [await User.objects.acreate_user(f"user{number}") for number in range(8)]
    cookies: list[httpx.Cookies] = []
    async with AsyncTestClient(asynchronous()) as client:
        for user in users:
            client.cookies = httpx.Cookies()
            await client.post(f"/login?name={user.username}")
            cookies.append(client.cookies)
        client.cookies = httpx.Cookies()

        async def ask(number: int) -> None:
            key = cookies[number]["sessionid"]
            response = await client.get("/me", headers={"Cookie": f"sessionid={key}"})
            assert response.json() == {"user": f"user{number}", "since": "noon"}

        await asyncio.gather(*(ask(number % 8) for number in range(64)))
