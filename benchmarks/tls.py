"""The third scenario: the same small answer over TLS, by HTTP/1.1 and by HTTP/2, beside nginx.

One certificate (P-256) is made for each contestant; nobody verifies it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.contestant import Contestant
from benchmarks.contestants import bolt, nginx
from benchmarks.databases import Database
from benchmarks.endpoints import ENDPOINTS
from benchmarks.environment import require_tools, run
from benchmarks.processes import Launch

HELLO = ENDPOINTS[0]
OVER_TLS = (
    replace(HELLO, name="hello_tls", description="JSON over TLS, HTTP/1.1", protocol="https"),
    replace(HELLO, name="hello_h2", description="JSON over TLS, HTTP/2, 8 streams a connection", protocol="h2"),
)
DAYS = "2"


class OverTLS(Contestant):
    """Another contestant behind a certificate of its own; `configure(launch, certificate, key)` says how it is told."""

    def __init__(self, base: Contestant) -> None:
        self.base = base
        self.name = f"{base.name}_tls"
        self.description = f"{base.description}, TLS"
        self.serves = frozenset(endpoint.name for endpoint in OVER_TLS)

    def prepare(self, *, workspace: Path, port: int, database: Database) -> Launch:
        """Make the certificate, and have the other contestant use it."""
        certificate, key = make_certificate(workspace)
        launch = self.base.prepare(workspace=workspace, port=port, database=database)
        if self.base is nginx.CONTESTANT:
            configuration = workspace / "nginx.conf"
            listening = f"{port} ssl http2;\n        ssl_certificate {certificate};\n        ssl_certificate_key {key};"
            configuration.write_text(configuration.read_text().replace(f"{port};", listening))
            return launch
        flags = ["--tls-certificate", str(certificate), "--tls-key", str(key)]
        return replace(launch, command=[*launch.command, *flags])

    def versions(self) -> dict[str, str]:
        """Those of the other contestant."""
        return self.base.versions()


def contestants() -> list[Contestant]:
    """Return who is measured over TLS."""
    return [OverTLS(bolt.CONTESTANT), OverTLS(nginx.CONTESTANT)]


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """Make a self-signed certificate and its key by openssl; raises EnvironmentFailed when it or h2load is missing."""
    require_tools("openssl", "h2load")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", DAYS, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    run([*command, "-keyout", str(key), "-out", str(certificate)])
    return certificate, key
