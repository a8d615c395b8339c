"""What the server refuses, as the exception that a handler would have raised for it.

Nothing here may answer: the application's error handlers do, as for any exception.
"""

from __future__ import annotations

from typing import Any

import msgspec

from django_bolt import exceptions
from django_bolt.exceptions import HTTPException, RequestValidationError
from django_bolt.responses import Reply

BY_STATUS: dict[int, type[HTTPException]] = {
    400: exceptions.BadRequest,
    401: exceptions.Unauthorized,
    403: exceptions.Forbidden,
    404: exceptions.NotFound,
    405: exceptions.MethodNotAllowed,
    429: exceptions.TooManyRequests,
    503: exceptions.ServiceUnavailable,
}
SHOWN = (RequestValidationError, HTTPException, *BY_STATUS.values())
"""What a refusal may become."""


def refusal_exception(refusal: Reply) -> Exception | None:
    """Return the exception for a refusal, or None for an answer that is none: `Allow` for OPTIONS, a page of Django's.

    The exception has the refusal's headers (`WWW-Authenticate`, `Allow`, `Retry-After`).
    """
    status, pairs, body = refusal
    headers = dict(pairs)
    if status < 400 or headers.pop("content-type", None) != "application/json":
        return None
    detail: Any = msgspec.json.decode(body)["detail"]
    if status == 422:
        return RequestValidationError(detail)
    # Each takes the detail first.
    kind: Any = BY_STATUS.get(status)
    refused: HTTPException = HTTPException(status, detail, headers) if kind is None else kind(detail, headers)
    return refused
