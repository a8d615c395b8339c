"""An issuer of tokens for tests: an HTTP server with its keys, and tokens that it signed."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import jwt
from joserfc.jwk import RSAKey

from tests.http.tokens import KeyPair, claims


def public(pair: KeyPair, kid: str, kind: Any = RSAKey, **more: Any) -> dict[str, Any]:
    """Return the public half of a key as it is published."""
    return {**kind.import_key(pair.public).as_dict(private=False), "kid": kid, **more}


def signed(pair: KeyPair, kid: str | None, algorithm: str = "RS256", **more: Any) -> str:
    """Return a token."""
    return jwt.encode(claims(**more), pair.private, algorithm=algorithm, headers={} if kid is None else {"kid": kid})


class Issuer:
    """An HTTP server of one's own: what it answers with at each path, and how often it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.delay = 0.0
        """Seconds before an answer."""
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        """Where it is, for as long as it lives."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                time.sleep(issuer.delay)
                status, headers, body = issuer.answers.get(self.path, (404, {}, b"nothing"))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def publish(self, *keys: object, path: str = "/jwks.json") -> None:
        """Answer with a set of keys from now on."""
        self.answers[path] = 200, {"Content-Type": "application/json"}, json.dumps({"keys": keys}).encode()

    def answer(self, status: int, body: bytes = b"", path: str = "/jwks.json", **headers: str) -> None:
        """Answer with something else from now on."""
        self.answers[path] = status, headers, body

    def close(self) -> None:
        """Refuse every connection from now on."""
        if self.thread.is_alive():
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
