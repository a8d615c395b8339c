"""What is wrong with a CORS policy, a rate limit or with how answers are to be compressed, as they were declared.

Nothing here may ask the settings or write a plan.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django_bolt._plan.pattern import is_shared
from django_bolt.conf import Problem
from django_bolt.datastructures import TOKEN
from django_bolt.middleware.compression import CompressionConfig, CompressionMiddleware
from django_bolt.middleware.cors import CORSMiddleware
from django_bolt.middleware.rate_limit import RateLimitMiddleware


def find_problems(middleware: Any) -> Iterator[Problem]:
    """Yield what is wrong with a CORS policy, with compression or a rate limit; nothing of what is none of them."""
    if isinstance(middleware, CORSMiddleware):
        yield from cors_problems(middleware)
    elif isinstance(middleware, CompressionMiddleware):
        yield from compression_problems(middleware.config)
    elif isinstance(middleware, RateLimitMiddleware):
        yield from rate_limit_problems(middleware)


# Origins ----------------------------------------------------------------------------------------

ORIGIN = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?P<user>[^/?#]*@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?:[/?#].*)?",
    re.DOTALL,
)
HOST = re.compile(r"[a-z0-9._\-]+|\[[0-9a-f:.]+\]")
HIGHEST_PORT = 65_535
DEFAULT_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}
EVERYBODY = "https://of-no-one-in-particular.invalid"
"""An origin that only an expression for every origin matches."""
LONGEST = 2**31 - 1


def cors_problems(cors: CORSMiddleware) -> Iterator[Problem]:
    """Yield what is wrong with a CORS policy."""
    lists = {
        "allow_origins": "https://www.example.com",
        "allow_methods": "GET",
        "allow_headers": "X-Token",
        "expose_headers": "X-Total",
    }
    wrong = [problem for name, example in lists.items() for problem in list_problems(cors, name, example)]
    yield from wrong
    credentials: Any = cors.allow_credentials
    if not isinstance(credentials, bool):
        yield Problem(f"found allow_credentials={credentials!r}, expected True or False", "write one of them")
    if type(cors.max_age) is not int or not 0 <= cors.max_age <= LONGEST:
        yield Problem(
            f"found max_age={cors.max_age!r}, expected a whole number of seconds from 0", "write e.g. max_age=600"
        )
    regex = list(regex_problems(cors.allow_origin_regex))
    yield from regex
    if wrong or regex:
        return
    for origin in cors.allow_origins:
        yield from origin_problems(origin)
    yield from method_problems(cors.allow_methods)
    yield from reach_problems(cors)


def list_problems(cors: CORSMiddleware, name: str, example: str) -> Iterator[Problem]:
    """Yield what makes a field no list of names; origins are looked at on their own."""
    value = getattr(cors, name)
    if isinstance(value, str):
        yield Problem(f"found {name}={value!r}, expected a list", f"write {name}=[{value!r}]")
    elif not isinstance(value, Sequence | set | frozenset) or not all(isinstance(item, str) for item in value):
        yield Problem(f"found {name}={value!r}, expected a list of str", f"write e.g. {name}=[{example!r}]")
    elif name != "allow_origins":
        for item in value:
            if not TOKEN.fullmatch(item):
                yield Problem(f"found {item!r} in {name}, expected names", f"write e.g. {name}=[{example!r}]")


def method_problems(methods: Iterable[str]) -> Iterator[Problem]:
    """Yield methods that no browser sends."""
    for method in methods:
        if method != method.upper():
            yield Problem(
                f"found {method!r} in allow_methods, expected methods in upper case", f"write {method.upper()!r}"
            )


def origin_problems(origin: str) -> Iterator[Problem]:
    """Yield why an origin is none that a browser sends, with the one that was meant."""
    if origin in ("*", "null"):
        return
    if "*" in origin:
        # The host's own dots are text; the star stands for one label.
        pattern = re.escape(origin).replace(r"\*", "[a-z0-9-]+").replace(r"\-", "-")
        yield Problem(
            f"found {origin!r} in allow_origins, where only '*' alone is a wildcard",
            f'write allow_origin_regex=r"{pattern}"',
        )
        return
    meant = canonical(origin)
    if meant is None:
        yield Problem(
            f"found {origin!r} in allow_origins, expected scheme, host and, where it is unusual, port",
            "write e.g. 'https://www.example.com'",
        )
    elif meant != origin:
        yield Problem(
            f"found {origin!r} in allow_origins, which no browser sends: an origin has a scheme, a host in lower case "
            "and a port only where it is unusual, and neither a path nor a slash at its end",
            f"write {meant!r}",
        )


def canonical(origin: str) -> str | None:
    """Return an origin as browsers write it; None where that cannot be guessed."""
    match = ORIGIN.fullmatch(origin if "://" in origin else f"https://{origin}")
    if match is None or match["user"] or any(char.isspace() for char in origin):
        return None
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return None
    if not HOST.fullmatch(host) or int(port or 0) > HIGHEST_PORT:
        return None
    shown = "" if port is None or DEFAULT_PORTS.get(scheme) == port else f":{int(port)}"
    return f"{scheme}://{host}{shown}"


def regex_problems(pattern: Any) -> Iterator[Problem]:
    """Yield why an expression cannot be used."""
    example = r'write e.g. allow_origin_regex=r"https://[a-z0-9-]+\.example\.com"'
    if pattern is None:
        return
    if not isinstance(pattern, str):
        yield Problem(f"found allow_origin_regex={pattern!r}, expected a str", example)
        return
    try:
        re.compile(pattern)
    except re.error as error:
        yield Problem(f"found allow_origin_regex={pattern!r}, which is no regular expression: {error}", example)
        return
    if not is_shared(pattern):
        yield Problem(
            f"found allow_origin_regex={pattern!r}, expected an expression without lookaround, back references and "
            "flags, which the server's engine, linear in time, does not have",
            example,
        )


def reach_problems(cors: CORSMiddleware) -> Iterator[Problem]:
    """Yield where a policy reaches further, or less far, than can be meant."""
    if not cors.allow_origins and cors.allow_origin_regex is None:
        yield Problem(
            "found neither allow_origins nor allow_origin_regex, so it allows nobody",
            'name the origins, or leave a policy out with @skip_middleware("cors")',
        )
    if not cors.allow_credentials:
        return
    everybody = "which would let every site act for its visitors, with their cookies"
    if "*" in cors.allow_origins:
        yield Problem(
            f"found '*' in allow_origins with allow_credentials=True, {everybody}",
            "name the origins, or drop allow_credentials",
        )
    if cors.allow_origin_regex is not None and re.fullmatch(cors.allow_origin_regex, EVERYBODY):
        yield Problem(
            f"found allow_origin_regex={cors.allow_origin_regex!r}, which matches every origin, with "
            f"allow_credentials=True, {everybody}",
            "write the host into the expression, or drop allow_credentials",
        )
    if "*" in cors.expose_headers:
        yield Problem(
            "found '*' in expose_headers with allow_credentials=True, where browsers take it for a name",
            "name the fields",
        )


def is_loose(pattern: str) -> bool:
    """Tell whether an expression has a dot for any one character: `www.example` also matches `wwwXexample`."""
    bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "", pattern)
    return re.search(r"\.(?![*+?{])", bare) is not None


# Compression ------------------------------------------------------------------------------------

LEVELS = {"gzip": (1, 9), "brotli": (0, 11), "zstd": (1, 22)}


def compression_problems(config: Any) -> Iterator[Problem]:
    """Yield what is wrong with how answers are to be compressed."""
    if not isinstance(config, CompressionConfig):
        yield Problem(
            f"found {config!r}, expected a CompressionConfig", "write CompressionMiddleware(CompressionConfig(...))"
        )
        return
    if config.backend not in LEVELS:
        yield Problem(
            f"found backend={config.backend!r}, expected one of {', '.join(map(repr, LEVELS))}", "write one of them"
        )
    if type(config.minimum_size) is not int or config.minimum_size < 0:
        yield Problem(
            f"found minimum_size={config.minimum_size!r}, expected a whole number of bytes from 0",
            f"write e.g. minimum_size={CompressionConfig.minimum_size}",
        )
    for coding, (least, most) in LEVELS.items():
        name = f"{coding}_level"
        level = getattr(config, name)
        if type(level) is not int or not least <= level <= most:
            yield Problem(
                f"found {name}={level!r}, expected a whole number from {least} to {most}",
                f"write e.g. {name}={getattr(CompressionConfig, name)}",
            )


# Rate limits ------------------------------------------------------------------------------------

MOST = 2**32 - 1


def rate_limit_problems(limit: RateLimitMiddleware) -> Iterator[Problem]:
    """Yield what is wrong with a rate limit."""
    requests: Any = limit.requests
    window: Any = limit.window
    key: Any = limit.key
    burst: Any = limit.burst
    if not is_count(requests):
        yield Problem(
            f"found requests={requests!r}, expected a whole number from 1 to {MOST}", "write e.g. requests=100"
        )
    number = isinstance(window, int | float) and not isinstance(window, bool)
    if not number or not math.isfinite(window) or window <= 0:
        yield Problem(f"found window={window!r}, expected a number of seconds above 0", "write e.g. window=60")
    if burst is not None and not is_count(burst):
        yield Problem(
            f"found burst={burst!r}, expected a whole number from 1 to {MOST}, or None for as many as requests",
            "write e.g. burst=10",
        )
    if not isinstance(key, str) or not TOKEN.fullmatch(key):
        yield Problem(
            f'found key={key!r}, expected "ip", "user" or the name of a header field such as "X-API-Key"',
            "write one of them",
        )


def is_count(value: Any) -> bool:
    """Tell whether a value is a number of requests."""
    return type(value) is int and 1 <= value <= MOST
