from __future__ import annotations

import logging

from django.core.signals import got_request_exception

from django_bolt._django.report import report_server_error, report_suspicious


class Unrepresentable:
    path = "/x"

    @property
    def django_request(self):
        raise ValueError("no")


def test_a_request_that_django_cannot_represent(caplog):
    report_server_error(ValueError("x"), Unrepresentable())
    (record,) = caplog.records
    assert record.request is None
    assert record.getMessage() == "Internal Server Error: /x"


def test_traceback_is_left_as_it_was(caplog):
    try:
        raise ValueError("x")
    except ValueError as caught:
        exc = caught
    before = exc.__traceback__
    report_server_error(exc, None)
    assert exc.__traceback__ is before


def test_signal_comes_before_the_log(caplog):
    order = []

    def listen(**kwargs):
        order.append(len(caplog.records))

    got_request_exception.connect(listen)
    try:
        report_server_error(ValueError("x"), None)
    finally:
        got_request_exception.disconnect(listen)
    assert order == [0]
    assert len(caplog.records) == 1


def test_suspicious(caplog):
    caplog.set_level(logging.DEBUG)
    report_suspicious(ValueError("a\nb"), None)
    (record,) = caplog.records
    assert (record.name, record.levelname, record.getMessage()) == ("django.security.ValueError", "ERROR", "a\\nb")
