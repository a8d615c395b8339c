from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

from django_bolt import _json
from django_bolt.datastructures import Context, Cookies, Headers, PathParams, QueryParams, State


def test_query_keeps_repeats_and_reads_the_last():
    query = QueryParams([("a", "1"), ("b", "x"), ("a", "2")])
    assert query["a"] == "2"
    assert query.getlist("a") == ["1", "2"]
    assert query.getlist("c") == []
    assert dict(query) == {"a": "2", "b": "x"} == query
    assert list(query) == ["a", "b"]
    assert len(query) == 2
    assert query.multi_items() == [("a", "1"), ("b", "x"), ("a", "2")]
    assert query.get("c", "d") == "d"
    with pytest.raises(KeyError):
        query["c"]


def test_headers_ignore_case_and_join_repeats():
    headers = Headers([("X-Api-Key", "k"), ("accept", "a"), ("Accept", "b"), ("cookie", "c=1"), ("cookie", "d=2")])
    assert headers["X-API-KEY"] == headers.get("x-api-key") == "k"
    assert "ACCEPT" in headers
    assert 3 not in headers
    assert headers["accept"] == "a,b"
    assert headers.getlist("Accept") == ["a", "b"]
    assert headers["cookie"] == "c=1; d=2"
    assert Headers([("X-A", "1")]) == {"x-a": "1"} == {"x-a": "1"}
    assert Headers([("x-a", "1")]) == {"X-A": "1"}
    assert Headers([("x-a", "1")]) != {"x-a": "2"}
    assert dict(headers) == {"x-api-key": "k", "accept": "a,b", "cookie": "c=1; d=2"}


@pytest.mark.parametrize("kind", [QueryParams, Headers, Cookies, PathParams, Context])
def test_read_only(kind):
    value = kind({"a": "1"})
    assert value == {"a": "1"}
    with pytest.raises(TypeError):
        value["a"] = "2"
    with pytest.raises(TypeError):
        del value["a"]
    with pytest.raises(AttributeError):
        value.other = 1


@pytest.mark.parametrize("kind", [QueryParams, Headers, Cookies, PathParams, Context, State])
def test_goes_into_a_json_body(kind):
    assert _json.encode({"it": kind({"a": "1"})}) == b'{"it":{"a":"1"}}'


@pytest.mark.parametrize("kind", [QueryParams, Headers, Cookies, PathParams, Context, State])
def test_survives_copy_and_pickle(kind):
    value = kind({"a": "1"})
    assert copy.copy(value) == copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value


def test_repr_hides_secrets():
    assert "s3cret" not in repr(Cookies([("sessionid", "s3cret")]))
    assert "sessionid" in repr(Cookies([("sessionid", "s3cret")]))
    assert "s3cret" not in repr(Headers([("Authorization", "s3cret"), ("Cookie", "s3cret")]))
    assert "gzip" in repr(Headers([("accept-encoding", "gzip")]))
    assert "s3cret" not in repr(Context({"claims": "s3cret"}))
    assert repr(QueryParams([("a", "1")])) == "QueryParams([('a', '1')])"


def test_empty_context_is_false_and_never_none():
    assert not Context()
    assert Context().get("user_id") is None


def test_state_by_attribute_and_by_key():
    state = State()
    state.tenant = "acme"
    state["plan"] = "gold"
    assert state["tenant"] == state.tenant == "acme"
    assert state.plan == "gold"
    assert dict(state) == {"tenant": "acme", "plan": "gold"}
    del state.tenant
    del state["plan"]
    assert not state
    with pytest.raises(AttributeError, match="state has no 'tenant'"):
        state.tenant  # noqa: B018
    with pytest.raises(AttributeError):
        del state.tenant
    with pytest.raises(KeyError):
        state["tenant"]
    assert getattr(state, "tenant", None) is None


def test_mappings_can_be_the_whole_body():
    assert msgspec.json.decode(_json.encode(QueryParams([("a", "1"), ("a", "2")]))) == {"a": "2"}
