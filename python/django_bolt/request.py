"""The request as a handler sees it: everything is read from the raw request when it is first asked for.

Nothing here may decide how a request is answered, and nothing is parsed that nobody asks for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from django_bolt import _json
from django_bolt._django_request import DjangoRequest
from django_bolt._raw_request import RawRequest
from django_bolt.datastructures import Cookies, Headers, PathParams, QueryParams, State
from django_bolt.exceptions import RequestValidationError

if TYPE_CHECKING:
    from django_bolt.auth.users import Identity

__all__ = ["Request"]


# Names that `request[name]` and `request.get(name)` know.
_ITEMS = frozenset({"method", "path", "query", "params", "headers", "body", "context", "cookies"})

# Read by programs written for other frameworks; said plainly instead of "has no attribute".
_NOT_SERVED = {
    name: f"request.{name} is not served yet; {instead}"
    for name, instead in {
        "form": "send JSON, or parse request.body",
        "file": "send JSON, or parse request.body",
        "files": "send JSON, or parse request.body",
    }.items()
} | {
    "session": "found no session on the request, expected Django's: write django_middleware=True on the BoltAPI, with "
    "django.contrib.sessions.middleware.SessionMiddleware in MIDDLEWARE"
}


class Access(Protocol):
    """What is asked of those who decide who may pass, where that is left to Python."""

    challenge: str
    """What a client that is nobody is told to send: the value of `WWW-Authenticate`."""

    async def identify(self, request: Any, /) -> Identity | None:
        """Find out who sent a request."""
        ...

    def identify_now(self, request: Any, /) -> Identity | None:
        """Say who sent a request to code that cannot wait; raises `RuntimeError` where that is still to be asked."""
        ...

    async def check_object(self, request: Any, found: Any, /) -> None:
        """Ask the guards about an object."""
        ...


class Request:
    """One HTTP request.

    `method`, `path` (decoded) and `body` are plain values; `query`, `params`, `headers` and `cookies` read-only
    mappings of text; `user` who sent it and `context` what authentication knows (empty: nobody); `state` room for the
    project's own values; `META` and `django_request` what Django code expects.
    """

    # One slot for each value computed on first use: construction is on the path of every request.
    __slots__ = (
        "__weakref__",
        "_access",
        "_auser",
        "_context",
        "_cookies",
        "_django_request",
        "_found",
        "_handler_call",
        "_headers",
        "_is_settled",
        "_met_django",
        "_params",
        "_query",
        "_raw",
        "_state",
        "_user",
    )

    _raw: RawRequest
    _query: QueryParams
    _params: PathParams
    _headers: Headers
    _cookies: Cookies
    _context: Mapping[str, Any]
    _state: State
    _django_request: DjangoRequest | None
    _access: Access
    """Whose it is to say who sent the request; not there: the server's alone."""
    _found: Identity | None
    _is_settled: bool
    """Whether all backends were asked who sent the request."""
    _met_django: bool
    """Whether Django's middleware sees the request; what that sets on Django's own is then read here."""
    _handler_call: Any
    """What the runtime keeps of a request that middleware stands around."""
    _user: Any
    _auser: Callable[[], Awaitable[Any]]

    def __init__(self, raw: RawRequest) -> None:
        self._raw = raw
        self._is_settled = False
        self._django_request = None
        self._met_django = False

    @property
    def id(self) -> str:
        """`X-Request-ID` as the client sent it, otherwise an id made for this request; answers carry it as well."""
        return self._raw.id

    @property
    def method(self) -> str:
        """The HTTP method, upper-case."""
        return self._raw.method

    @property
    def path(self) -> str:
        """The path, percent-decoded, without the query string."""
        return self._raw.path

    @property
    def body(self) -> bytes:
        """The whole body."""
        return self._raw.body

    @property
    def scheme(self) -> str:
        """`http` or `https`; behind a trusted proxy (`SECURE_PROXY_SSL_HEADER`) the client's."""
        return self.django_request.scheme or "http"

    @property
    def query(self) -> QueryParams:
        """The query string's fields; of a repeated one the last, `getlist` has all."""
        try:
            return self._query
        except AttributeError:
            self._query = QueryParams(self._raw.query)
            return self._query

    @property
    def params(self) -> PathParams:
        """The path's parameters as text."""
        try:
            return self._params
        except AttributeError:
            self._params = PathParams(self._raw.params)
            return self._params

    @property
    def headers(self) -> Headers:
        """The headers, whatever the case of the name; `getlist` keeps repeats."""
        try:
            return self._headers
        except AttributeError:
            self._headers = Headers(self._raw.headers)
            return self._headers

    @property
    def cookies(self) -> Cookies:
        """The cookies."""
        try:
            return self._cookies
        except AttributeError:
            self._cookies = Cookies(self._raw.cookies)
            return self._cookies

    @property
    def _identity(self) -> Identity | None:
        """Who the client proved to be, as the backend that found it says; None: nobody."""
        try:
            return self._found
        except AttributeError:
            pass
        access = self._pending()
        self._found = _users().told_by_server(self._raw.identity) if access is None else access.identify_now(self)
        return self._found

    @property
    def user(self) -> Any:
        """Who sent the request: loaded when anything but `id` or `pk` is read; `AnonymousUser` where nobody is known.

        It needs no `await`, in no kind of handler.
        """
        try:
            return self._user
        except AttributeError:
            # Django's own, where its middleware knows one and nothing of the route's says otherwise.
            own = self.django_request.__dict__.get("user") if self._met_django else None
            identity = self._identity
            users = _users()
            self._user = users.user_of(identity) if own is None or identity is not None else users.known_to_django(own)
            return self._user

    @user.setter
    def user(self, user: Any) -> None:
        # Whoever logs somebody in or out sets it: Django's middleware, if there is any, has to see that.
        self._user = self.django_request.user = user

    @property
    def auser(self) -> Callable[[], Awaitable[Any]]:
        """`await request.auser()` is `request.user`, loaded."""
        try:
            return self._auser
        except AttributeError:
            return self._load_user

    @auser.setter
    def auser(self, function: Callable[[], Awaitable[Any]]) -> None:
        self._auser = self.django_request.auser = function

    async def _load_user(self) -> Any:
        access = self._pending()
        if access is not None and not self._is_settled and not self._has_user():
            await access.identify(self)
        return await _users().loaded(self.user)

    @property
    def context(self) -> Mapping[str, Any]:
        """What authentication knows about the client: never None, empty when nobody is authenticated."""
        try:
            return self._context
        except AttributeError:
            self._context = _users().context_of(self._identity)
            return self._context

    async def check_object(self, found: Any) -> None:
        """Ask the route's guards about an object that was found; raises `Forbidden` where one refuses.

        Those are asked whose `check` takes a second argument. Where nobody is authenticated it is `Unauthorized`.
        """
        access = self._pending()
        if access is not None:
            await access.check_object(self, found)

    @property
    def _challenge(self) -> str:
        """What a client that is nobody is told to send: the value of `WWW-Authenticate`."""
        access = self._pending()
        return "Bearer" if access is None else access.challenge

    def _pending(self) -> Access | None:
        try:
            return self._access
        except AttributeError:
            return None

    def _settle(self, found: Identity | None) -> None:
        """Take what all backends came to; whoever looked before that saw nobody."""
        self._found = found
        self._is_settled = True
        for slot in ("_user", "_context") if found is not None else ():
            with contextlib.suppress(AttributeError):
                delattr(self, slot)

    def _has_user(self) -> bool:
        try:
            self._user  # noqa: B018  # whether the slot is filled
        except AttributeError:
            return False
        return True

    @property
    def state(self) -> State:
        """Room for the project's own values, by attribute or key; lives as long as the request."""
        try:
            return self._state
        except AttributeError:
            self._state = State()
            return self._state

    @property
    def django_request(self) -> DjangoRequest:
        """Django's own request, of the same method, path, headers and body: for templates and other Django code."""
        # No empty slot as the others: those are found empty in 1 µs, and middleware always asks for this one.
        made = self._django_request
        if made is None:
            self._django_request = made = DjangoRequest(self._raw)
        return made

    @property
    def session(self) -> Any:
        """Django's session: there with its session middleware (`django_middleware`)."""
        return self.django_request.session

    @session.setter
    def session(self, session: Any) -> None:
        self.django_request.session = session

    @property
    def META(self) -> dict[str, Any]:  # noqa: N802  # Django's name
        """The headers and the connection, under the names that Django gives them."""
        meta: dict[str, Any] = self.django_request.META
        return meta

    async def json(self) -> Any:
        """Return the body as JSON; raises `RequestValidationError` (a 422) where it is none."""
        raw = self._raw
        body = raw.body
        refusal = raw.json_refusal(body)
        if refusal is not None:
            line, column, message = refusal
            raise RequestValidationError([(["body", line, column], message, "json_invalid")])
        try:
            value = msgspec.json.decode(body)
        except msgspec.ValidationError as exc:
            raise RequestValidationError([(["body"], _json.lower_first(str(exc)), "value_error")]) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise RequestValidationError([_json.malformed(exc, body)]) from None
        if raw.has_nul_escape(body) and (errors := _json.nul_errors(body)):
            raise RequestValidationError(errors)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """Return `request[key]`, or `default` where there is no such part."""
        return getattr(self, key) if key in _ITEMS else default

    def __getitem__(self, key: str) -> Any:
        if key in _ITEMS:
            return getattr(self, key)
        raise KeyError(f"{key!r}; expected one of {' '.join(sorted(_ITEMS))}")

    def __contains__(self, key: object) -> bool:
        return key in _ITEMS

    # Without it `key in request` and iteration would count up integers through __getitem__.
    __iter__ = None

    def build_absolute_uri(self, location: str | None = None) -> str:
        """Return `location` (this request's own path where not given) as an absolute URI; `ALLOWED_HOSTS` counts."""
        return self.django_request.build_absolute_uri(location)

    def get_host(self) -> str:
        """Return the host the client asked for; raises `DisallowedHost` (a 400) where `ALLOWED_HOSTS` has it not."""
        return self.django_request.get_host()

    def get_full_path(self) -> str:
        """Return the path with its query string, percent-encoded."""
        return self.django_request.get_full_path()

    def is_secure(self) -> bool:
        """Return whether the client's connection is encrypted."""
        return self.django_request.is_secure()

    def __getattr__(self, name: str) -> Any:
        # Reached by names that are no slot and no property, and by slots that hold nothing yet.
        if name not in _SLOTS and self._met_django and name in (given := self.django_request.__dict__):
            return given[name]
        raise AttributeError(_NOT_SERVED.get(name) or f"a request has no attribute {name!r}; own values go on .state")

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path!r}>"


def _users() -> Any:
    from django_bolt.auth import users  # noqa: PLC0415  # what is in that package may import this module

    return users


_SLOTS = frozenset(Request.__slots__)
