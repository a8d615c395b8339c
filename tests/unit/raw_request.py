"""A raw request in Python, with the attributes of the server's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl


@dataclass
class Raw:
    method: str = "GET"
    path: str = "/"
    query_string: str = ""
    params: list[tuple[str, str]] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    scheme: str = "http"
    client: tuple[str, int] | None = ("192.0.2.7", 51000)
    server: tuple[str, int] | None = ("127.0.0.1", 8000)
    http_version: str = "1.1"
    refusal: tuple[int, int, str] | None = None
    identity: tuple[int, str | None, bytes, bool] | None = None
    undecided: bool = False

    @property
    def raw_path(self) -> str:
        return self.path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string, keep_blank_values=True)

    @property
    def meta_fields(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        for name, text in self.headers:
            if "_" in name:
                continue
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            # As the server has it: bytes, one character each.
            value = text.encode().decode("latin-1")
            joint = "; " if key == "HTTP_COOKIE" else ","
            fields[key] = f"{fields[key]}{joint}{value}" if key in fields else value
        return fields

    def json_refusal(self, body: bytes, /) -> tuple[int, int, str] | None:
        return self.refusal

    def has_nul_escape(self, body: bytes, /) -> bool:
        return b"\\u0000" in body
