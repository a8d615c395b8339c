"""What Django's own request does in its own way, against Django's (the rest: `tests/http/test_django_request.py`)."""

from __future__ import annotations

import pytest
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from django_bolt._django_request import DjangoRequest
from tests.unit.raw_request import Raw

HOSTS = [
    "example.com",
    "Example.COM.:8000",
    "a.example.com",
    "[::1]:80",
    "127.0.0.1",
    "ex_ample.com",
    "",
    "a b",
    "é",
    "*",
]


@pytest.mark.parametrize("allowed", [[], ["*"], ["example.com"], [".example.com", "[::1]"], ("127.0.0.1",)])
@pytest.mark.parametrize("debug", [True, False])
def test_the_host_is_allowed_as_django_allows_it(settings, allowed, debug):
    settings.ALLOWED_HOSTS, settings.DEBUG = allowed, debug

    def told(get_host):
        try:
            return get_host()
        except DisallowedHost as error:
            return str(error)

    for host in HOSTS:
        request = DjangoRequest(Raw(headers=[("host", host), ("x-forwarded-host", "a.example.com")]))
        plain = HttpRequest()
        plain.META = request.META
        for forwarded in (False, True):
            settings.USE_X_FORWARDED_HOST = forwarded
            assert told(request.get_host) == told(plain.get_host)
            assert told(request.get_host) == told(plain.get_host)


def test_a_change_of_the_allowed_hosts_counts_at_once(settings):
    settings.ALLOWED_HOSTS = hosts = ["example.com"]
    request = DjangoRequest(Raw(headers=[("host", "example.com")]))
    assert request.get_host() == "example.com"
    hosts[:] = ["example.org"]
    with pytest.raises(DisallowedHost):
        request.get_host()
