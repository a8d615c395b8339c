"""h2spec's 145 cases of RFC 9113 and RFC 7541, over TLS."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import trustme

from tests.server.harness import Server

H2SPEC = shutil.which("h2spec", path=f"{os.environ.get('PATH', '')}{os.pathsep}{Path.home() / 'go/bin'}")


@pytest.mark.skipif(H2SPEC is None, reason="h2spec is not installed; scripts/services.sh installs it where there is Go")
def test_every_case_of_h2spec_passes(tmp_path: Path) -> None:
    certificate = tmp_path / "all.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    with Server(tmp_path / "server", "127.0.0.1:0", "--tls-certificate", str(certificate)) as server:
        # The answer comes late enough for everything that a case sends to be judged first.
        command = [str(H2SPEC), "-t", "-k", "-h", "127.0.0.1", "-p", str(server.port), "-P", "/late", "--timeout", "5"]
        finished = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)
        failures = finished.stdout.partition("Failures:")[2]
        assert "145 tests, 145 passed, 0 skipped, 0 failed" in finished.stdout, failures
