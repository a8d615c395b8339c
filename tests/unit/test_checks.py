from __future__ import annotations

import re
from pathlib import Path
from unittest.mock import patch

import pytest
from django.core import checks as django_checks
from django.test import override_settings

from django_bolt import BoltAPI, checks


def test_ids_and_hints():
    with override_settings(BOLT={"NOPE": 1, "WORKERS": 1, "PROCESSES": 2, "PORT": "x"}):
        found = checks.check_settings()
    assert [error.id for error in found] == ["django_bolt.E001", "django_bolt.E002", "django_bolt.E003"]
    assert all(error.level == django_checks.ERROR and error.hint.endswith(".") for error in found)


def test_bridges_that_do_not_fit():
    with override_settings(BOLT={"ORM_BRIDGE": {"default": "greenlet", "nowhere": "thread"}}):
        assert checks.check_settings() == []
        found = checks.check_bridge()
    assert [error.id for error in found] == ["django_bolt.E004", "django_bolt.E004"]
    assert "'greenlet' for 'default'" in found[0].msg
    assert "'nowhere'" in found[1].msg
    assert all(error.level == django_checks.ERROR and error.hint.endswith(".") for error in found)


@pytest.mark.parametrize(
    "bolt", [None, {}, {"ORM_BRIDGE": False}, {"ORM_BRIDGE": "thread"}, {"ORM_BRIDGE": "fast"}, [1]]
)
def test_nothing_to_say_about_bridges(bolt):
    with override_settings(BOLT=bolt):
        assert checks.check_bridge() == []


@pytest.mark.django_db  # Django's own check of a JSONField asks the database what it can do.
def test_registered_check_runs_with_djangos_own():
    checks.register()
    with override_settings(BOLT={"NOPE": 1}):
        ids = [error.id for error in django_checks.run_checks()]
    assert ids.count("django_bolt.E001") == 1
    with override_settings(BOLT={"ORM_BRIDGE": "greenlet"}):
        assert [error.id for error in django_checks.run_checks()].count("django_bolt.E004") == 1
    assert "django_bolt.E001" not in [error.id for error in django_checks.run_checks()]


TOP = Path(__file__).parents[2]
CERTIFICATE = str(Path(__file__))
"""A file that everybody may read."""
MISSING = "/nowhere/to/be/found"
# What raises each id: settings.BOLT, and other settings.
CASES = {
    "E001": ({"NOPE": 1}, {}),
    "E002": ({"WORKERS": 1, "PROCESSES": 2}, {}),
    "E003": ({"PORT": "x"}, {}),
    "E004": ({"ORM_BRIDGE": {"nowhere": "thread"}}, {}),
    "E005": ({"TLS_KEY": CERTIFICATE}, {}),
    "E006": ({"TLS_CERTIFICATE": MISSING}, {}),
    "E007": ({"UNIX_SOCKET": "/tmp/bolt.sock", "PORT": 8000}, {}),
    "E008": ({"UNIX_SOCKET": "/tmp/bolt.sock", "UNIX_SOCKET_OWNER": ":no-such-group"}, {}),
    "E009": ({"POST_FORK": "nowhere.start"}, {}),
    "E010": ({"ACCESS_LOG_FILE": f"{MISSING}/access.log"}, {}),
    "E011": ({"READY_CHECKS": ["databse.check"]}, {}),
    "E012": ({"UNIX_SOCKET": f"{MISSING}/bolt.sock"}, {}),
    "E020": ({}, {"BOLT_RATE_LIMIT": {"requests": 0}}),
    "E013": ({}, {"JWT_ALGORITHM": "none"}),
    "E014": ({"AUTHENTICATION": ["nowhere.Backend"]}, {}),
    "E015": ({"TOKEN_STORE": "memory", "PROCESSES": 2}, {}),
    "E016": ({"TOKEN_STORE": "cache", "TOKEN_CACHE": "nowhere"}, {}),
    "W009": ({}, {"JWT_SECRET_KEY": "your-secret-key"}),
    "W010": ({"API_KEYS": ["short"]}, {}),
    "W012": ({"TOKEN_STORE": "cache"}, {}),
    "E019": ({}, {"BOLT_CORS": {"allow_origins": ["*"], "allow_credentials": True}}),
    "E017": ({"MIDDLEWARE_THREADS": ["no.such.Middleware"]}, {}),
    "W014": ({"MIDDLEWARE_THREADS": ["django.middleware.gzip.GZipMiddleware"]}, {}),
    "W001": ({"MAX_REQUESTS_JITTER": 10}, {}),
    "W002": ({"WATCHDOG": 0.5}, {}),
    "W003": ({"TRUSTED_PROXIES": ["10.0.0.1", "0.0.0.0/0"]}, {}),
    "W004": ({"PROXY_PROTOCOL": True}, {}),
    "W005": ({"UNIX_SOCKET_MODE": 0o600}, {}),
    "W006": ({"UNIX_SOCKET": "/tmp/bolt.sock"}, {}),
    "W007": ({"MAX_HEAD": 4096}, {}),
    "W008": ({"ACCESS_LOG": "off", "ACCESS_LOG_FILE": "access.log"}, {}),
    "W018": ({}, {"BOLT_RATE_LIMIT": {"requests": 5}, "USE_X_FORWARDED_HOST": True}),
    "W016": ({}, {"BOLT_CORS": {"allow_origin_regex": r"https://www.example\.com"}}),
    "W017": ({}, {"BOLT_CORS": {"allow_origins": ["null"], "allow_credentials": True}}),
    "E018": (
        {"AUTHENTICATION": ["django_bolt.auth.SessionAuthentication"]},
        {"INSTALLED_APPS": ["django.contrib.contenttypes", "django.contrib.auth", "django_bolt"]},
    ),
    "W015": ({"AUTHENTICATION": ["django_bolt.auth.SessionAuthentication"]}, {}),
    "W020": ({"DEBUG": True}, {}),
    "W021": ({"ACCESS_LOG": "off"}, {}),
    "W022": ({}, {"ALLOWED_HOSTS": ["site.example", "*"]}),
    "W023": ({"WATCHDOG": 0}, {}),
    "W024": ({"BODY_TIMEOUT": 0, "BODY_RATE": 0}, {}),
    "W025": ({"HOST": "192.0.2.1"}, {}),
    "W026": ({"TLS_CERTIFICATE": CERTIFICATE}, {}),
    "W027": ({}, {"DATA_UPLOAD_MAX_MEMORY_SIZE": None}),
    "W028": ({}, {"JWT_SECRET_KEY": f"django-insecure-{'xyz' * 20}"}),
    "W029": ({}, {"CSRF_TRUSTED_ORIGINS": ["https://*.example.com", "http://site.example"]}),
}
CHECKS = (
    checks.check_settings,
    checks.check_bridge,
    checks.check_combinations,
    checks.check_everywhere,
    checks.check_declared,
    checks.check_deployment,
)
LOCAL = {"HOST": "127.0.0.1"}


def found_with(bolt, others):
    with override_settings(BOLT=bolt, **{"ALLOWED_HOSTS": ["site.example"], **others}):
        return [message for check in CHECKS for message in check()]


@pytest.mark.parametrize("code", CASES)
def test_each_id_is_raised_with_its_level_and_a_hint(code):
    (message,) = [message for message in found_with(*CASES[code]) if message.id == f"django_bolt.{code}"]
    assert message.level == (django_checks.ERROR if code.startswith("E") else django_checks.WARNING)
    assert re.match(r"settings\.BOLT\w*: ", message.msg)
    assert message.msg.endswith(".")
    assert message.hint.endswith(".")
    assert not message.msg.endswith("..")


def test_every_id_has_a_case_and_a_line_in_the_documentation():
    source = "".join(path.read_text() for path in (TOP / "python/django_bolt/checks").glob("*.py"))
    assert set(re.findall(r'"([EW]\d{3})"', source)) == set(CASES)
    table = (TOP / "docs/checks.md").read_text()
    assert re.findall(r"^\| `django_bolt\.([EW]\d{3})` \|", table, re.M) == sorted(CASES)


def test_middleware_on_threads_that_is_listed_somewhere():
    path = "django.middleware.gzip.GZipMiddleware"
    bolt = {**LOCAL, "MIDDLEWARE_THREADS": [path]}
    assert found_with(bolt, {"MIDDLEWARE": [path]}) == []
    api = BoltAPI(django_middleware=[path])
    with patch("django_bolt.checks.middleware.discover", lambda: [api]):
        assert found_with(bolt, {}) == []


@pytest.mark.django_db  # As above.
def test_deployment_is_asked_about_on_request_only():
    checks.register()
    with override_settings(BOLT={"DEBUG": True}):
        assert "django_bolt.W020" not in [message.id for message in django_checks.run_checks()]
        deployed = django_checks.run_checks(include_deployment_checks=True)
        assert "django_bolt.W020" in [message.id for message in deployed]


def test_a_usual_deployment_has_nothing_to_say():
    assert found_with({}, {}) != []
    assert found_with(LOCAL, {}) == []
    assert found_with({"TRUSTED_PROXIES": ["10.0.0.1"]}, {}) == []
    assert found_with({"UNIX_SOCKET": "/tmp/bolt.sock", "TRUSTED_PROXIES": ["unix"]}, {}) == []


@pytest.mark.parametrize("owner", ["root", "root:root", ":root", "0", "0:0", ":0"])
def test_owners_that_exist(owner):
    bolt = {"UNIX_SOCKET": "/tmp/bolt.sock", "UNIX_SOCKET_OWNER": owner, "TRUSTED_PROXIES": ["unix"]}
    assert found_with(bolt, {}) == []


@pytest.mark.parametrize(
    ("hook", "reason"),
    [("nowhere.start", "ModuleNotFoundError"), ("os.nowhere", "ImportError"), ("os.sep", "is a str")],
)
def test_a_hook_that_cannot_be_called_says_why(hook, reason):
    for bolt in ({**LOCAL, "POST_FORK": hook}, {**LOCAL, "READY_CHECKS": ["cache", hook]}):
        (error,) = found_with(bolt, {})
        assert reason in error.msg
        assert hook in error.msg
    assert found_with({**LOCAL, "POST_FORK": "os.getpid", "READY_CHECKS": ["os.getpid", print]}, {}) == []


def test_a_key_of_its_own_is_the_one_whose_permissions_count(tmp_path):
    certificate, key = tmp_path / "site.pem", tmp_path / "site.key"
    certificate.write_text("")
    key.write_text("")
    key.chmod(0o640)
    assert found_with({"TLS_CERTIFICATE": certificate, "TLS_KEY": key}, {}) == []
    key.chmod(0o644)
    assert [message.id for message in found_with({"TLS_CERTIFICATE": certificate, "TLS_KEY": key}, {})] == [
        "django_bolt.W026"
    ]
    key.unlink()
    (error,) = found_with({"TLS_CERTIFICATE": certificate, "TLS_KEY": key}, {})
    assert (error.id, str(key) in error.msg, "No such file" in error.msg) == ("django_bolt.E006", True, True)


def test_wrong_values_are_told_alone():
    assert [message.id for message in found_with({"PORT": "x", "TLS_KEY": "a", "DEBUG": True}, {})] == [
        "django_bolt.E003"
    ]


@pytest.mark.parametrize(
    ("limit", "found"),
    [
        (5, "found 5, expected a dict"),
        ({"rps": 5}, "found the key 'rps', expected one of requests window key burst"),
        ({"window": -1}, "found window=-1, expected a number of seconds above 0"),
        ({"burst": 0}, "found burst=0, expected a whole number"),
        ({"key": "no field"}, "found key='no field', expected"),
    ],
)
def test_a_rate_limit_that_cannot_be_kept(limit, found):
    (error,) = found_with(LOCAL, {"BOLT_RATE_LIMIT": limit})
    assert error.id == "django_bolt.E020"
    assert found in error.msg


def test_a_store_of_rate_limits_is_not_repeated():
    (error,) = found_with({**LOCAL, "RATE_LIMIT_STORE": "https://:hidden@redis"}, {})
    assert error.id == "django_bolt.E020"
    assert "hidden" not in error.msg
    for address in ("redis://redis", "rediss://redis"):
        trusted = {**LOCAL, "TRUSTED_PROXIES": ["10.0.0.1"], "RATE_LIMIT_STORE": address}
        assert found_with(trusted, {"BOLT_RATE_LIMIT": {}, "USE_X_FORWARDED_HOST": True}) == []


def cache_of(backend, **options):
    return {"CACHES": {"default": {"BACKEND": f"django.core.cache.backends.{backend}", "OPTIONS": options}}}


FILES = "filebased.FileBasedCache"
MEMORY = "locmem.LocMemCache"
ENOUGH = {"MAX_ENTRIES": 10_000}
TOKEN_STORES = [
    ("memory", 1, {}, []),
    ("memory", 2, {}, ["E015"]),
    ("database", 2, {}, []),
    ("database", 1, {"INSTALLED_APPS": ["django_bolt"]}, ["E016"]),
    ("cache", 1, cache_of("dummy.DummyCache"), ["E016"]),
    ("cache", 1, cache_of("nowhere.Cache"), ["E016"]),
    ("cache", 1, cache_of(MEMORY), ["W012"]),
    ("cache", 1, cache_of(MEMORY, **ENOUGH), []),
    ("cache", 2, cache_of(MEMORY, **ENOUGH), ["E015"]),
    ("cache", 2, cache_of(FILES), ["W012", "W012"]),
    ("cache", 2, cache_of(FILES, **ENOUGH), ["W012"]),
    ("cache", 2, cache_of("db.DatabaseCache"), ["W012", "W012"]),
    ("cache", 2, cache_of("db.DatabaseCache", **ENOUGH), ["W012"]),
    ("cache", 2, cache_of("redis.RedisCache"), []),
    (None, 2, {}, []),
]


@pytest.mark.parametrize(("store", "processes", "others", "expected"), TOKEN_STORES)
def test_where_revoked_tokens_are_kept(store, processes, others, expected):
    found = found_with({**LOCAL, "TOKEN_STORE": store, "PROCESSES": processes}, others)
    assert [message.id.removeprefix("django_bolt.") for message in found] == expected


PEM = "-----BEGIN PUBLIC KEY-----"
CREDENTIALS = [
    ({}, []),
    ({"JWT_SECRET_KEY": b"0123456789abcdef" * 2}, []),
    ({"JWT_SECRET_KEY": "0123456789abcdef" * 2, "JWT_ALGORITHM": "HS384"}, ["W009"]),
    ({"JWT_SECRET_KEY": "0123456789abcdef" * 3, "JWT_ALGORITHM": "HS384"}, []),
    ({"SECRET_KEY": "short"}, ["W009"]),
    ({"SECRET_KEY": ""}, []),
    ({"JWT_SECRET_KEY": 7}, ["E013"]),
    ({"JWT_SECRET_KEY": PEM}, ["E013"]),
    ({"JWT_SECRET_KEY": PEM, "JWT_ALGORITHM": "RS256"}, []),
    ({"JWT_SECRET_KEY": "0123456789abcdef" * 2, "JWT_ALGORITHM": "RS256"}, ["E013"]),
    ({"JWT_EXPIRATION": 0}, ["E013"]),
    ({"JWT_EXPIRATION": "3600"}, ["E013"]),
    ({"JWT_REFRESH_EXPIRATION": True}, ["E013"]),
    ({"JWT_SECRET_KEY": "abcd" * 20}, ["W028"]),
]


@pytest.mark.parametrize(("others", "expected"), CREDENTIALS)
def test_what_tokens_are_checked_with(others, expected):
    found = found_with(LOCAL, others)
    assert [message.id.removeprefix("django_bolt.") for message in found] == expected
    for message in found:
        secret = others.get("JWT_SECRET_KEY") or others.get("SECRET_KEY") or "nothing"
        assert str(secret) not in message.msg or secret == 7


def test_a_short_secret_of_a_configured_backend():
    from django_bolt.auth import JWTAuthentication

    short = {**LOCAL, "AUTHENTICATION": [JWTAuthentication(secret="too-short-a-secret")]}
    (message,) = found_with(short, {})
    assert message.id == "django_bolt.W009"
    assert "too-short-a-secret" not in message.msg
