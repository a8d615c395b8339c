from __future__ import annotations

import pytest
from django.core.signals import request_finished
from django.http import FileResponse, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse

from django_bolt._django.response import from_http_response, is_unrendered


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
