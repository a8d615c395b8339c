from __future__ import annotations

from django_bolt import response, responses


def test_spellings():
    assert (response.Json, response.Html, response.Redirect) == (responses.JSON, responses.HTML, responses.Redirect)
