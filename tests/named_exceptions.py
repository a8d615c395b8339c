"""The exceptions that are named after a status: name, status, detail."""

from __future__ import annotations

TABLE = [
    ("BadRequest", 400, "Bad Request"),
    ("Unauthorized", 401, "Unauthorized"),
    ("Forbidden", 403, "Forbidden"),
    ("NotFound", 404, "Not Found"),
    ("MethodNotAllowed", 405, "Method Not Allowed"),
    ("Conflict", 409, "Conflict"),
    ("UnprocessableEntity", 422, "Unprocessable Entity"),
    ("TooManyRequests", 429, "Too Many Requests"),
    ("InternalServerError", 500, "Internal Server Error"),
    ("ServiceUnavailable", 503, "Service Unavailable"),
]
