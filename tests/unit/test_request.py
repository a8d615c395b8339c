from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
from django.core.exceptions import DisallowedHost
from django.test import RequestFactory, override_settings

from django_bolt import _json
from django_bolt._django_request import build_meta
from django_bolt.exceptions import RequestValidationError
from django_bolt.request import Request
from tests.unit.raw_request import Raw


def request(**parts):
    return Request(Raw(**parts))


def json(body, **parts):
    return asyncio.run(request(body=body, method="POST", **parts).json())


def test_parts():
    it = request(
        method="POST",
        path="/items/7",
        query_string="a=1&a=2&b=%20",
        params=[("item", "7")],
        headers=[("x-a", "1"), ("x-a", "2")],
        cookies=[("c", "d")],
        body=b"raw",
    )
    assert (it.method, it.path, it.body) == ("POST", "/items/7", b"raw")
    assert it.query == {"a": "2", "b": " "}
    assert it.query.getlist("a") == ["1", "2"]
    assert it.params == {"item": "7"}
    assert it.headers["X-A"] == "1,2"
    assert it.cookies == {"c": "d"}
    assert it.context == {}
    assert repr(it) == "<Request POST '/items/7'>"


def test_public_names_are_those_for_users():
    parts = "id method path scheme query params headers cookies body context state session user auser META"
    django = "django_request build_absolute_uri get_host get_full_path is_secure"
    assert {name for name in dir(Request) if not name.startswith("_")} == {
        *parts.split(),
        *django.split(),
        *["get", "json", "check_object"],
    }


def test_parts_are_made_once():
    it = request()
    for name in ("query", "params", "headers", "cookies", "context", "state", "META", "django_request"):
        assert getattr(it, name) is getattr(it, name)


def test_items_and_get():
    it = request(query_string="a=1", body=b"x")
    for name in ("method", "path", "query", "params", "headers", "body", "context", "cookies"):
        assert it[name] == it.get(name) == getattr(it, name)
        assert name in it
    assert it.get("user") is None
    assert it.get("nothing", 5) == 5
    with pytest.raises(KeyError, match="expected one of body context"):
        it["state"]
    with pytest.raises(TypeError):
        iter(it)


def test_context_and_mappings_go_into_json():
    it = request(query_string="a=1", headers=[("x-a", "1")], cookies=[("c", "d")], params=[("p", "q")])
    body = {"q": it.query, "h": it.headers, "c": it.cookies, "p": it.params, "x": it.context, "d": dict(it.headers)}
    assert _json.encode(body) == (b'{"q":{"a":"1"},"h":{"x-a":"1"},"c":{"c":"d"},"p":{"p":"q"},"x":{},"d":{"x-a":"1"}}')


def test_state_is_for_anything():
    it = request()
    it.state.tenant = "acme"
    assert it.state["tenant"] == "acme"
    with pytest.raises(AttributeError):
        it.tenant = "acme"


@pytest.mark.parametrize("name", ["form", "file", "files"])
def test_parts_to_come_say_so(name):
    with pytest.raises(AttributeError, match=f"request.{name} is not served yet"):
        getattr(request(), name)
    assert not hasattr(request(), name)


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        request().nope  # noqa: B018


def test_no_cycle_keeps_a_request():
    it = request()
    it.query, it.headers, it.META  # noqa: B018
    reference = weakref.ref(it)
    gc.disable()
    try:
        del it
        assert reference() is None
    finally:
        gc.enable()


# JSON ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "value"), [(b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}), (b" true ", True)])
def test_json(body, value):
    assert json(body) == value


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        (b"", ["body", 1, 1]),
        (b'{"a":', ["body", 1, 6]),
        (b'{\n "\xc3\xa9": x}', ["body", 2, 7]),
        (b'{"a":"\xff"}', ["body", 1, 7]),
    ],
)
def test_json_that_is_none(body, loc):
    with pytest.raises(RequestValidationError) as caught:
        json(body)
    (error,) = caught.value.errors
    assert error["loc"] == loc
    assert error["type"] == "json_invalid"


def test_json_with_a_number_of_a_million_digits():
    with pytest.raises(RequestValidationError) as caught:
        json(b"1" * 1_000_000)
    assert caught.value.errors == [{"loc": ["body"], "msg": "integer value out of range", "type": "value_error"}]


def test_json_that_the_server_refuses_is_not_decoded():
    with pytest.raises(RequestValidationError) as caught:
        json(b"[" * 100, refusal=(1, 65, "nested too deeply"))
    assert caught.value.errors == [{"loc": ["body", 1, 65], "msg": "nested too deeply", "type": "json_invalid"}]


def test_json_with_nul():
    with pytest.raises(RequestValidationError) as caught:
        json(b'{"a":[{"b":"x\\u0000"}]}')
    assert caught.value.errors == [{"loc": ["body", "a", 0, "b"], "msg": "must not contain NUL", "type": "value_error"}]
    assert json(b'{"a":"\\\\u0000"}') == {"a": "\\u0000"}


# Django -------------------------------------------------------------------------------------


def test_meta_as_django_builds_it():
    factory = RequestFactory().post(
        "/päth/x?q=%C3%BC",
        b"body!",
        content_type="text/plain; charset=utf-8",
        headers={"X-Api-Key": "k", "Cookie": "a=b"},
    )
    it = request(
        method="POST",
        path="/päth/x",
        query_string="q=%C3%BC",
        headers=[
            ("host", "testserver"),
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", "5"),
            ("x-api-key", "k"),
            ("cookie", "a=b"),
        ],
        body=b"body!",
    )
    names = ["REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "SCRIPT_NAME", "CONTENT_TYPE", "CONTENT_LENGTH"]
    for name in [*names, "HTTP_X_API_KEY", "HTTP_COOKIE", "SERVER_PROTOCOL"]:
        assert str(it.META[name]) == str(factory.META[name]), name
    ours = it.django_request
    for part in ("method", "path", "path_info", "body", "GET", "COOKIES", "content_type", "content_params", "encoding"):
        assert getattr(ours, part) == getattr(factory, part), part
    assert it.META["REMOTE_ADDR"] == it.META["REMOTE_HOST"] == "192.0.2.7"
    assert it.META["REMOTE_PORT"] == 51000
    assert (it.META["SERVER_NAME"], it.META["SERVER_PORT"]) == ("127.0.0.1", "8000")
    assert it.META["HTTP_HOST"] == "testserver"


def test_meta_joins_repeats_and_drops_underscores():
    meta = build_meta(
        Raw(headers=[("x-a", "1"), ("x-a", "2"), ("cookie", "a=1"), ("cookie", "b=2"), ("x_real_ip", "10.0.0.1")])
    )
    assert meta["HTTP_X_A"] == "1,2"
    assert meta["HTTP_COOKIE"] == "a=1; b=2"
    assert "HTTP_X_REAL_IP" not in meta


def test_meta_without_addresses():
    meta = build_meta(Raw(client=None, server=None))
    assert "REMOTE_ADDR" not in meta
    assert "REMOTE_PORT" not in build_meta(Raw(client=("192.0.2.7", 0)))
    assert (meta["SERVER_NAME"], meta["SERVER_PORT"]) == ("unknown", "0")


def test_text_beyond_latin_1_reaches_django():
    it = request(path="/日本", headers=[("cookie", "name=日本")])
    assert it.django_request.path == "/日本"
    # As Django has it under ASGI: bytes, one character each.
    assert {"name": "日本".encode().decode("latin-1")} == it.django_request.COOKIES


def test_django_reads_a_form():
    body = b"a=1&a=2"
    headers = [("content-type", "application/x-www-form-urlencoded")]
    assert request(method="POST", body=body, headers=headers).django_request.POST.getlist("a") == ["1", "2"]


@override_settings(ALLOWED_HOSTS=["api.example.com"])
def test_absolute_uris():
    it = request(path="/a b", query_string="q=1", headers=[("host", "api.example.com")])
    assert it.build_absolute_uri() == "http://api.example.com/a%20b?q=1"
    assert it.build_absolute_uri("/other") == "http://api.example.com/other"
    assert it.get_full_path() == "/a%20b?q=1"
    assert it.get_host() == "api.example.com"
    assert not it.is_secure()
    assert request(scheme="https", headers=[("host", "api.example.com")]).build_absolute_uri("/x") == (
        "https://api.example.com/x"
    )


@override_settings(ALLOWED_HOSTS=["api.example.com"])
def test_foreign_hosts_are_refused():
    it = request(headers=[("host", "evil.example")])
    with pytest.raises(DisallowedHost):
        it.build_absolute_uri()
    with pytest.raises(DisallowedHost):
        it.get_host()


@override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"))
def test_scheme_behind_a_proxy():
    assert request(headers=[("x-forwarded-proto", "https")]).is_secure()
    assert request(headers=[("x-forwarded-proto", "https")]).scheme == "https"
    assert request().scheme == "http"
