"""gunicorn's corpus of requests: nothing dangerous is accepted, and nothing valid is refused but a missing Host."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest

from tests.server.corpus import RELEASE, fetch, has_own_settings, load
from tests.server.harness import Server
from tests.server.raw import Outcome, exchange

CACHE = Path(tempfile.gettempdir()) / f"bolt-corpus-{os.getuid()}"
VERSION = re.compile(rb"[A-Z]+ /\S* HTTP/1\.1\r\n")
HOST = re.compile(rb"\r\nHost *:", re.I)

TRAILER = "the fields of a trailer are read and dropped: no handler ever sees them"
ACCEPTED = {
    "006": "a target of more than 4 KiB; the limit here is larger",
    "007": "a field of more than 8 KiB; the limit here is on the whole head",
    "008": "a field of more than 8 KiB; the limit here is on the whole head",
    "041": "two Content-Types: no framing depends on them",
    "rfc9110_trailer_forbidden_cl_01": TRAILER,
    "rfc9110_trailer_forbidden_host_01": TRAILER,
    "rfc9110_trailer_forbidden_te_01": TRAILER,
    "rfc9112_bare_lf_01": "a lone LF ends a line of a head, as RFC 9112 2.2 permits",
    "rfc9112_leading_crlf_02": "empty lines before a request are skipped, as RFC 9112 2.2 permits",
    "rfc9112_target_asterisk_non_options_01": "a target that no route has: 404",
    "rfc9112_target_authority_non_connect_01": "a target that no route has: 404",
}
"""Cases that gunicorn calls invalid and that are served, each with the reason why that is harmless."""
NO_HOST = "`0.0.0.0=5000` is no host, for Django neither"
CODING = "only `chunked` is a transfer coding here: another one in front of it is refused"
REFUSED = {
    "002": NO_HOST,
    "003": NO_HOST,
    "rfc9112_smuggle_gzip_chunked_01": CODING,
    "rfc9112_smuggle_te_identity_chunked_01": CODING,
    "rfc9112_target_absolute_userinfo_01": "a user in a target is to be taken for an error, RFC 9110 4.2.4",
}
"""Cases that gunicorn calls valid and that are refused although they name a host."""


@pytest.fixture(scope="module")
def corpus() -> Path:
    """The directory of the corpus."""
    found = fetch(CACHE)
    if found is None:
        message = f"gunicorn {RELEASE}'s source distribution cannot be fetched"
        if os.environ.get("BOLT_REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


def outcomes(server: Server, directory: Path) -> dict[str, tuple[bytes, Outcome]]:
    """Return what every case of a directory got that is not about a setting of gunicorn's."""
    cases = [path for path in sorted(directory.glob("*.http")) if not has_own_settings(path)]
    # A route that reads its body, for the framing to be judged and not the path.
    loaded = {path.stem: re.sub(rb"\A(POST) /\S* ", rb"\1 /echo ", load(path)) for path in cases}
    return {name: (data, exchange(server, data, quiet=0.1, patience=1)) for name, data in loaded.items()}


def test_nothing_dangerous_is_accepted(server: Server, corpus: Path) -> None:
    found = outcomes(server, corpus / "invalid")
    assert len(found) > 60
    accepted = {name for name, (_, outcome) in found.items() if outcome.accepted}
    assert accepted == set(ACCEPTED), {name: found[name] for name in accepted ^ set(ACCEPTED)}


def test_nothing_valid_is_refused_unless_it_names_no_host(server: Server, corpus: Path) -> None:
    found = outcomes(server, corpus / "valid")
    assert len(found) > 40
    refused = {name for name, (data, outcome) in found.items() if outcome.refused and HOST.search(data)}
    assert refused == set(REFUSED), {name: found[name] for name in refused ^ set(REFUSED)}
    without_host = [outcome for data, outcome in found.values() if not HOST.search(data) and VERSION.match(data)]
    assert without_host
    assert all(outcome.refused for outcome in without_host)
