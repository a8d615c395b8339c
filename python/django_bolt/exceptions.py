"""The exceptions a handler raises to answer with an HTTP error.

Nothing here may read settings, build a response or log: `error_handlers` turns these into replies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

__all__ = [
    "ApiError",
    "BadRequest",
    "Conflict",
    "Forbidden",
    "HTTPException",
    "InternalServerError",
    "MethodNotAllowed",
    "NotFound",
    "RequestValidationError",
    "ResponseValidationError",
    "ServiceUnavailable",
    "TooManyRequests",
    "Unauthorized",
    "UnprocessableEntity",
    "exception_handler",
]

Handler = TypeVar("Handler", bound=Callable[..., Any])

_PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    418: "I'm a Teapot",
    421: "Misdirected Request",
    422: "Unprocessable Entity",
    423: "Locked",
    424: "Failed Dependency",
    425: "Too Early",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
    507: "Insufficient Storage",
}


class HTTPException(Exception):
    """An error with a status: the client gets `{"detail": …}`, and `"extra"` where given.

    - `status_code`: 300 to 599; a subclass has its own default, this class 500.
    - `detail`: text, or any JSON value; the status's phrase where not given.
    - `headers`: response headers, a mapping or pairs.
    - `extra`: any JSON value, sent beside the detail.

    Raises `ValueError` for a status outside 300–599, or a header that no response may carry.
    """

    default_status: ClassVar[int] = 500

    def __init__(
        self,
        status_code: int | None = None,
        detail: Any = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        extra: Any = None,
    ) -> None:
        status = self.default_status if status_code is None else int(status_code)
        if not 300 <= status <= 599:
            raise ValueError(f"found status_code={status_code!r}, expected a number from 300 to 599; pass e.g. 404")
        self.status_code = status
        self.detail = _PHRASES.get(status, "Error") if detail is None else detail
        self.headers: dict[str, str] = dict(headers) if headers else {}
        for name, value in self.headers.items():
            if any(character in f"{name}{value}" for character in "\r\n\0"):
                raise ValueError(f"found CR, LF or NUL in the header {name!r}; remove it: it would split the response")
        self.extra = extra
        super().__init__(status, self.detail)

    def __str__(self) -> str:
        return f"{self.status_code}: {self.detail}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(status_code={self.status_code}, detail={self.detail!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.status_code, self.detail, self.headers, self.extra, self.__dict__)


def _rebuild(
    kind: type[HTTPException], status: int, detail: Any, headers: Any, extra: Any, state: dict[str, Any]
) -> HTTPException:
    # Subclasses differ in what their constructors take, so unpickling and copying go around them.
    exc = kind.__new__(kind, status, detail)
    HTTPException.__init__(exc, status, detail, headers, extra)
    exc.__dict__.update(state)
    return exc


class _Named(HTTPException):
    """An HTTPException whose status is known: the detail comes first."""

    def __init__(
        self,
        detail: Any = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        extra: Any = None,
        *,
        status_code: int | None = None,
    ) -> None:
        super().__init__(status_code, detail, headers, extra)


class BadRequest(_Named):
    """400 Bad Request."""

    default_status = 400


class Unauthorized(_Named):
    """401 Unauthorized: nobody is authenticated."""

    default_status = 401


class Forbidden(_Named):
    """403 Forbidden: somebody is, and may not."""

    default_status = 403


class NotFound(_Named):
    """404 Not Found."""

    default_status = 404


class MethodNotAllowed(_Named):
    """405 Method Not Allowed."""

    default_status = 405


class Conflict(_Named):
    """409 Conflict."""

    default_status = 409


class UnprocessableEntity(_Named):
    """422 Unprocessable Entity."""

    default_status = 422


class TooManyRequests(_Named):
    """429 Too Many Requests."""

    default_status = 429


class InternalServerError(_Named):
    """500 Internal Server Error."""

    default_status = 500


class ServiceUnavailable(_Named):
    """503 Service Unavailable."""

    default_status = 503


class ApiError(HTTPException):
    """`ApiError(status, message)`: an HTTPException in the order some projects prefer."""

    def __init__(
        self,
        status: int,
        message: Any = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        extra: Any = None,
    ) -> None:
        super().__init__(status, message, headers, extra)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.status_code

    @property
    def message(self) -> Any:
        """What the client gets as `detail`."""
        return self.detail


class RequestValidationError(Exception):
    """What the client sent does not fit: 422 with a list of errors.

    `errors` holds mappings with `loc`, `msg` and `type`, or tuples `(loc, msg, type)`; `.errors` always holds dicts in
    that order of keys. Further keys of a mapping are kept.
    """

    def __init__(self, errors: Iterable[Mapping[str, Any] | Sequence[Any]]) -> None:
        self.errors = [_error(error) for error in errors]
        super().__init__(self.errors)

    def __str__(self) -> str:
        return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in self.errors)


def _error(error: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    if isinstance(error, Mapping):
        missing = [key for key in ("loc", "msg") if key not in error]
        if missing:
            raise ValueError(
                f"found an error without {' and '.join(missing)}: {dict(error)!r}; "
                'expected {"loc": ["body", "age"], "msg": "…", "type": "value_error"}'
            )
        loc, message, kind = error["loc"], error["msg"], error.get("type", "value_error")
        rest = {key: value for key, value in error.items() if key not in ("loc", "msg", "type")}
    else:
        (loc, message, kind), rest = error, {}
    return {"loc": [loc] if isinstance(loc, str) else list(loc), "msg": message, "type": kind, **rest}


class ResponseValidationError(Exception):
    """What the handler returned does not fit its declared type: a 500, the programmer's mistake."""


def exception_handler(*types: type[BaseException]) -> Callable[[Handler], Handler]:
    """Mark a function `f(exc, request)` as the handler of these exceptions, for `BoltAPI(exception_handlers=[f])`.

    Raises `TypeError` where an argument is not an exception class.
    """
    for found in types:
        candidate: Any = found
        if not (isinstance(candidate, type) and issubclass(candidate, BaseException)):
            raise TypeError(
                f"exception_handler() found {found!r}, expected exception classes; write @exception_handler(SomeError)"
            )
    if not types:
        raise TypeError("exception_handler() found no exception class; write @exception_handler(SomeError)")

    def mark(function: Handler) -> Handler:
        known: tuple[type[BaseException], ...] = getattr(function, "__bolt_exception_types__", ())
        function.__bolt_exception_types__ = (*known, *types)  # type: ignore[attr-defined]
        return function

    return mark
