"""What a started server says."""

from __future__ import annotations

from django.core.management.color import no_style

from django_bolt._runtime.assemble import assemble
from django_bolt._server.banner import banner
from django_bolt.application import BoltAPI
from django_bolt.conf import Configuration
from django_bolt.openapi import OpenAPIConfig


def lines(*, debug=False, api=None, port=8001, **values):
    configuration = Configuration(**values)
    return list(banner(configuration, assemble([api or BoltAPI()]), port=port, debug=debug, style=no_style()))


def test_a_usual_server_has_nothing_off_and_no_warning():
    assert lines(host="127.0.0.1") == [
        "Serving 4 routes at http://127.0.0.1:8001/",
        "Documentation at http://127.0.0.1:8001/docs",
        "1 process, 10 threads for def handlers",
        "Quit the server with CONTROL-C.",
    ]


def test_processes_and_where_it_can_be_reached():
    assert (
        lines(processes=4, threads=1)[2] == "4 processes, 1 thread each for def handlers, on every interface (0.0.0.0)"
    )
    assert lines(host="::")[2].endswith("on every interface (::)")


def test_https_and_ipv6():
    found = lines(host="::1", tls_certificate="site.pem")
    assert found[0] == "Serving 4 routes at https://[::1]:8001/"
    assert found[1] == "Documentation at https://[::1]:8001/docs"


def test_a_unix_socket_has_no_url():
    found = lines(unix_socket="/run/bolt.sock", trusted_proxies=("unix",))
    assert found == [
        "Serving 4 routes at unix:/run/bolt.sock",
        "1 process, 10 threads for def handlers",
        "Quit the server with CONTROL-C.",
    ]


def test_what_is_off_is_one_line():
    silent = BoltAPI(openapi_config=OpenAPIConfig(enabled=False))
    found = lines(
        api=silent, host="localhost", access_log="off", health=False, http2=False, watchdog=0.0, body_timeout=0.0
    )
    assert "Off: access log, documentation, /health and /ready, HTTP/2, watchdog, BODY_TIMEOUT" in found
    assert not any(line.startswith("Documentation") for line in found)


def test_what_is_seldom_meant_is_said():
    assert [line for line in lines(debug=True) if line.startswith("Warning: ") and "DEBUG is on" in line]


def test_debug_on_this_machine_only_is_as_usual():
    for host in ("127.0.0.1", "::1", "localhost"):
        assert not any("Warning" in line for line in lines(debug=True, host=host))


def test_it_stays_short():
    found = lines(debug=True, unix_socket="/x", proxy_protocol=True, access_log="off", health=False)
    assert len(found) <= 10
