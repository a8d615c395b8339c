"""From settings to what crosses to Rust of them: limits, deadlines, hosts, proxies, the access log.

Nothing here may look at a route.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from django.conf import settings

from django_bolt import conf
from django_bolt._plan.server import AccessLog, Deadlines, Http2, Limits, Proxies, RateLimits, ServerPlan, Tls

# Stands for "no limit" in a plan; no request reaches it.
NO_LIMIT = 2**62
# What Django allows where `ALLOWED_HOSTS` is empty and `DEBUG` is on.
LOCAL_HOSTS = (".localhost", "127.0.0.1", "[::1]")


def server_plan(
    configuration: conf.Configuration, *, own_hosts: Sequence[str] = (), enforce_csrf: bool = True
) -> ServerPlan:
    """Return how a server with this configuration treats its clients.

    `own_hosts` are answered for beside `ALLOWED_HOSTS`. `enforce_csrf`: False lets unsafe requests that bring cookies
    come from anywhere.
    """
    log = configuration.access_log
    return ServerPlan(
        limits=limits(configuration),
        deadlines=Deadlines(
            idle=configuration.idle_timeout,
            head=configuration.head_timeout,
            body=configuration.body_timeout,
            body_rate=configuration.body_rate,
            write=configuration.write_timeout,
            keep_alive=configuration.keep_alive,
        ),
        tls=Tls(certificate=configuration.tls_certificate, key=configuration.tls_key or configuration.tls_certificate)
        if configuration.tls_certificate is not None
        else None,
        http2=Http2(streams=configuration.http2_streams, resets=configuration.http2_resets)
        if configuration.http2
        else None,
        hosts=(*allowed_hosts(), *own_hosts),
        proxies=Proxies(
            trusted=[as_network(text) for text in configuration.trusted_proxies],
            forwarded=configuration.forwarded,
            protocol=configuration.proxy_protocol,
            host=settings.USE_X_FORWARDED_HOST,
            port=settings.USE_X_FORWARDED_PORT,
        ),
        access_log=None
        if log == "off"
        else AccessLog(
            format=log,
            file=configuration.access_log_file,
            mask=[name.lower() for name in configuration.access_log_mask],
        ),
        health=configuration.health,
        rate_limits=RateLimits(clients=configuration.rate_limit_clients, store=configuration.rate_limit_store),
        trusted_origins=list(settings.CSRF_TRUSTED_ORIGINS) if enforce_csrf else None,
        secure_header=secure_header(),
    )


def secure_header() -> tuple[str, str] | None:
    """Return `SECURE_PROXY_SSL_HEADER` with the field's own name."""
    setting = settings.SECURE_PROXY_SSL_HEADER
    if not setting:
        return None
    name, value = setting
    return name.removeprefix("HTTP_").replace("_", "-").lower(), value


def limits(configuration: conf.Configuration) -> Limits:
    """Return the bounds on a request; where Django's settings say `None` there is no limit."""
    body, fields = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    return Limits(
        body=NO_LIMIT if body is None else body,
        query_fields=NO_LIMIT if fields is None else fields,
        head=configuration.max_head,
        fields=configuration.max_fields,
        url=configuration.max_url,
        connections=configuration.max_connections,
        in_flight=configuration.max_in_flight,
    )


def allowed_hosts() -> tuple[str, ...]:
    """Return `ALLOWED_HOSTS` as Django reads it."""
    return tuple(settings.ALLOWED_HOSTS) or (LOCAL_HOSTS if settings.DEBUG else ())


def as_network(text: str) -> str:
    """Return an address or network with its prefix's length, whatever way its mask was written in; "unix" as it is."""
    return text if text == "unix" else str(ipaddress.ip_network(text))
