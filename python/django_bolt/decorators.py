"""`json_response`: a plain function whose return value goes out as JSON, under Bolt and under Django's URLconf alike.

Nothing here may register a route.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from django_bolt.responses import JSON, Response, checked_status

__all__ = ["json_response"]

Function = TypeVar("Function", bound=Callable[..., Any])


def json_response(*, status_code: int = 200) -> Callable[[Function], Function]:
    """Decorate a function, sync or async, that returns data or `(data, status)`; response objects go out as they are.

    Called with Django's HttpRequest it answers with Django's HttpResponse, otherwise with a `JSON`.
    """
    status_code = checked_status(status_code)

    def decorate(function: Function) -> Function:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def answer_async(*args: Any, **kwargs: Any) -> Any:
                return _respond(await function(*args, **kwargs), status_code, args, kwargs)

            return answer_async  # type: ignore[return-value]  # it takes what the function takes

        @functools.wraps(function)
        def answer(*args: Any, **kwargs: Any) -> Any:
            return _respond(function(*args, **kwargs), status_code, args, kwargs)

        return answer  # type: ignore[return-value]  # as above

    return decorate


def _respond(value: Any, status: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if type(value) is tuple and len(value) == 2 and isinstance(value[1], int):
        value, status = value[0], checked_status(value[1])
    response = value if isinstance(value, Response | HttpResponseBase) else JSON(value, status)
    if isinstance(response, Response) and any(isinstance(item, HttpRequest) for item in (*args, *kwargs.values())):
        return _as_django(response)
    return response


def _as_django(response: Response) -> HttpResponse:
    status, headers, body = response.as_reply()
    answer = HttpResponse(body, status=status)
    del answer["content-type"]
    for name, value in headers:
        if name == "set-cookie":
            answer.cookies.load(value)
        else:
            answer[name] = value
    return answer
