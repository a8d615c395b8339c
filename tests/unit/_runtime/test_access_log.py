"""The access log by Python's logging: what a record holds."""

from __future__ import annotations

import json
import logging

import pytest

from django_bolt._runtime.access_log import LOGGER, access_log

EVENT = {
    "time": "2026-11-24T11:06:52.042Z",
    "client": "192.0.2.7",
    "method": "GET",
    "path": "/items/3",
    "query": "q=1",
    "protocol": "HTTP/1.1",
    "status": 200,
    "bytes": 17,
    "referer": None,
    "user_agent": "curl/8.5.0",
    "duration_ms": 1.523,
    "request_id": "abc-1",
}


def lines(*events: object) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def test_each_line_is_a_record(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger=LOGGER.name):
        access_log(lines(EVENT, {**EVENT, "query": None, "bytes": None}))
    assert [record.getMessage() for record in caplog.records] == [
        '"GET /items/3?q=1 HTTP/1.1" 200 17',
        '"GET /items/3 HTTP/1.1" 200 -',
    ]
    record = caplog.records[0].__dict__
    names = ("status", "method", "path", "duration_ms", "client", "request_id")
    assert {name: record[name] for name in names} == {name: EVENT[name] for name in names}


def test_dropped_lines_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger=LOGGER.name):
        access_log(lines({"time": EVENT["time"], "dropped": 12}))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "12 requests were not logged" in caplog.text


@pytest.mark.parametrize("hostile", ["/\x1b[2J", "/\u202e", "/a\r\nb", "/\u00e9\u2028"])
def test_a_record_is_harmless_to_a_terminal(caplog: pytest.LogCaptureFixture, hostile: str) -> None:
    with caplog.at_level(logging.INFO, logger=LOGGER.name):
        access_log(lines({**EVENT, "path": hostile, "method": hostile}))
    record = caplog.records[0]
    for text in (record.getMessage(), record.__dict__["path"], record.__dict__["method"]):
        assert text.isascii()
        assert text.isprintable()
