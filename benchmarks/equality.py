"""The check before every measurement: all contestants answer a request alike, or nothing is measured.

It reads answers; it does not load anybody.
"""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass

from benchmarks.endpoints import Endpoint
from benchmarks.processes import HOST

ANSWER_SECONDS = 10.0
SHOWN_CHARACTERS = 300


class AnswersDiffer(RuntimeError):
    """Two contestants answer one request differently; the message shows both answers."""


@dataclass(frozen=True)
class Answer:
    """What is compared of an answer; `body` is the decoded value where the media type is JSON."""

    status: int
    media_type: str
    location: str
    body: object

    def __str__(self) -> str:
        text = f"{self.status} {self.media_type} {self.location} {self.body!r}"
        return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def ask(endpoint: Endpoint, path: str, *, port: int) -> Answer:
    """Send one request of `endpoint` to a server on `port`; a redirect is not followed."""
    if endpoint.protocol == "http":
        connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)
    else:
        # The certificate is made for the run; what is compared is the answer.
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(HOST, port, timeout=ANSWER_SECONDS, context=context)
    try:
        connection.request(endpoint.method, path, body=endpoint.body or None, headers=endpoint.headers)
        response = connection.getresponse()
        raw = response.read()
        media_type = (response.getheader("Content-Type") or "").partition(";")[0].strip()
        if not raw:
            media_type = ""  # an empty body has no type worth comparing
        body: object = json.loads(raw) if media_type == "application/json" else raw
        return Answer(response.status, media_type, response.getheader("Location") or "", body)
    finally:
        connection.close()


def check(endpoint: Endpoint, ports: dict[str, int]) -> None:
    """Ask every contestant (name to port) for `endpoint`.

    Raises AnswersDiffer when an answer is an error, or is not what the first contestant answered.
    """
    for path in endpoint.paths:
        first: tuple[str, Answer] | None = None
        for name, port in ports.items():
            answer = ask(endpoint, path, port=port)
            if answer.status >= 400:
                raise AnswersDiffer(f"{endpoint.method} {path}: {name} answered {answer}")
            if first is None:
                first = (name, answer)
            elif answer != first[1]:
                raise AnswersDiffer(
                    f"{endpoint.method} {path}: the answers differ\n  {first[0]}: {first[1]}\n  {name}: {answer}"
                )
