from __future__ import annotations

import pickle

import pytest
from django.core.signals import request_finished
from django.http import FileResponse, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse

from django_bolt._django.response import DjangoResponse, from_http_response, is_unrendered, to_http_response
from django_bolt.responses import Response


class Rendered(SimpleTemplateResponse):
    rendered_content = "<p>"


def test_status_headers_cookies_content():
    response = HttpResponse(b"x", status=418, headers={"X-Mixed-Case": "1"}, content_type="text/plain")
    response.set_cookie("a", "1", httponly=True)
    assert from_http_response(response) == (
        418,
        [("x-mixed-case", "1"), ("content-type", "text/plain"), ("set-cookie", "a=1; HttpOnly; Path=/")],
        b"x",
    )


@pytest.mark.parametrize(
    ("response", "name", "value"),
    [(HttpResponseRedirect("/x"), "location", "/x"), (HttpResponseNotAllowed(["GET", "PUT"]), "allow", "GET, PUT")],
)
def test_subclasses(response, name, value):
    assert (name, value) in from_http_response(response)[1]


def test_template_responses_are_rendered():
    response = Rendered("nothing.html")
    assert is_unrendered(response)
    assert from_http_response(response)[2] == b"<p>"
    assert not is_unrendered(response)
    assert not is_unrendered(HttpResponse())


@pytest.mark.parametrize("content_type", ["application/json", "text/html; charset=latin-1", ""])
def test_what_middleware_sees_is_what_the_constructor_makes(content_type):
    pairs = [("content-type", content_type)] if content_type else []
    made = [to_http_response(Response.of_reply((201, pairs, b"x"))) for _ in range(2)]
    expected = HttpResponse(b"x", content_type=content_type, status=201)
    if not content_type:
        del expected["content-type"]
    for response in made:
        assert type(response) is HttpResponse
        state, wanted = response.__dict__.copy(), expected.__dict__.copy()
        assert state.pop("headers").items() == wanted.pop("headers").items()
        assert state == wanted
        assert response.serialize() == expected.serialize()
    one, other = (vars(response) for response in made)
    shared = [key for key, value in one.items() if isinstance(value, (list, dict)) and value is other[key]]
    assert shared == []


def test_headers_of_another_class():
    class Folded(type(HttpResponse().headers)):
        def __getitem__(self, name):
            return super().__getitem__(name).upper()

    response = HttpResponse(b"")
    response.headers = Folded({"X-One": "a"})
    assert from_http_response(response)[1] == [("x-one", "A")]


def test_closing_frees_resources_but_sends_no_signal():
    closed, sent = [], []
    response = HttpResponse("x")
    response._resource_closers += [lambda: closed.append(1), lambda: 1 / 0, lambda: closed.append(2)]

    def listen(**kwargs):
        sent.append(kwargs)

    request_finished.connect(listen)
    try:
        from_http_response(response)
    finally:
        request_finished.disconnect(listen)
    assert closed == [1, 2]
    assert response.closed
    assert sent == []


def test_a_refused_stream_is_closed(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"x")
    file = path.open("rb")
    with pytest.raises(TypeError, match="found a FileResponse"):
        from_http_response(FileResponse(file))
    assert file.closed


def test_a_response_becomes_an_http_response_and_comes_back():
    response = Response("text", 201, [("X-One", "1"), ("vary", "a"), ("vary", "b")])
    response.headers.add("set-cookie", "a=1; Path=/; HttpOnly")
    http = to_http_response(response)
    assert (http.status_code, http["x-one"], http["vary"]) == (201, "1", "a, b")
    assert http.cookies["a"].value == "1"
    assert http.cookies["a"]["path"] == "/"
    status, headers, body = from_http_response(http)
    assert (status, body) == (201, b"text")
    assert ("set-cookie", "a=1; Path=/; HttpOnly") in headers


def test_a_cookie_that_somebody_changed_is_written_anew():
    response = Response()
    for text in ("a=1; Path=/; Partitioned", "b[x]=1; Path=/"):
        response.headers.add("set-cookie", text)
    http = to_http_response(response)
    http.set_cookie("a", "2", path="/new")
    cookies = [value for name, value in from_http_response(http)[1] if name == "set-cookie"]
    assert cookies[0].startswith("a=2; Path=/new")
    assert cookies[1:] == ["b[x]=1; Path=/"]


def test_a_response_with_cookies_can_be_kept_by_a_cache():
    response = Response()
    response.headers.add("set-cookie", "a=1; Path=/")
    http = pickle.loads(pickle.dumps(to_http_response(response)))
    assert ("set-cookie", "a=1; Path=/") in from_http_response(http)[1]


def test_an_http_response_as_one_of_ours_is_read_when_it_is_looked_at():
    http = HttpResponse("x", status=202)
    response = DjangoResponse(http)
    assert to_http_response(response) is http
    assert response.as_reply()[0] == 202
    response = DjangoResponse(HttpResponse("x", status=202))
    response.headers["x-one"] = "1"
    response.status_code = 203
    assert response.unread is None
    assert response.as_reply() == (203, [("content-type", "text/html; charset=utf-8"), ("x-one", "1")], b"x")
    assert to_http_response(response).status_code == 203
    with pytest.raises(AttributeError):
        _ = response.nothing
