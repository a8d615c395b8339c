"""The ledger project on a PostgreSQL, served; clients that ask it many things at once; what the database says of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts.postgresql import PgBouncer, PostgreSQL
from tests.server.harness import Response, Server, eventually, request

SETTINGS = "ledger.settings"
ACCOUNTS, BALANCE, ENTRIES = 20, 100, 2000
_numbers = count(1)


@cache
def template(postgresql: PostgreSQL) -> str:
    """Return the name of a database with the ledger's tables and rows, to be copied."""
    name = postgresql.create_database("ledger")
    with TemporaryDirectory() as directory:
        databases = {"default": postgresql.settings(name)}
        Server(Path(directory), databases=databases, DJANGO_SETTINGS_MODULE=SETTINGS).migrate()
    postgresql.execute(
        f"INSERT INTO ledger_account (balance) SELECT {BALANCE} FROM generate_series(1, {ACCOUNTS});"
        f"INSERT INTO ledger_entry (number) SELECT * FROM generate_series(1, {ENTRIES})",
        database=name,
    )
    return name


@dataclass
class Ledger:
    """A served ledger and its database."""

    server: Server
    postgresql: PostgreSQL
    name: str

    def ask(self, sql: str) -> str:
        """Run SQL in its database."""
        return self.postgresql.execute(sql, database=self.name)

    def activity(self, condition: str = "true") -> int:
        """Count the connections to its database of which a condition holds."""
        where = f"datname = '{self.name}' AND pid <> pg_backend_pid() AND ({condition})"
        return int(self.postgresql.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {where}"))

    def get(self, target: str, *, status: int = 200) -> Any:
        """Return what the answer to a GET says; fail unless it has this status."""
        response = self.server.get(target)
        assert response.status == status, (target, response, self.server.log()[-9000:])
        return said(response)

    def assert_clean(self, *, connections: int) -> None:
        """Fail unless nothing is going on in the database, soon, over as many connections at the most."""
        eventually(lambda: self.activity("state <> 'idle'") == 0, timeout=5)
        eventually(lambda: self.activity() <= connections, timeout=5)
        assert self.ask("SELECT count(*) FROM ledger_marker") == "0"
        assert self.ask("SELECT sum(balance) FROM ledger_account") == str(ACCOUNTS * BALANCE)


@contextmanager
def serving(
    postgresql: PostgreSQL,
    directory: Path,
    *,
    through: PgBouncer | None = None,
    bolt: dict[str, Any] | None = None,
    **entry: Any,
) -> Iterator[Ledger]:
    """Serve a ledger of its own, with these settings of Bolt's and this in the database's entry."""
    made = template(postgresql)
    name = f"ledger_{next(_numbers)}"
    postgresql.execute(f'CREATE DATABASE "{name}" TEMPLATE "{made}"')
    database = (through or postgresql).settings(name, **entry)
    server = Server(
        directory,
        "127.0.0.1:0",
        databases={"default": database},
        DJANGO_SETTINGS_MODULE=SETTINGS,
        PROJECT_BOLT=json.dumps(bolt or {}),
    )
    try:
        with server:
            yield Ledger(server, postgresql, name)
            server.assert_well()
    finally:
        postgresql.drop_database(name)


def said(response: Response) -> Any:
    """Return what an answer says; fail unless it is JSON, and nothing but a sentence where it is an error."""
    assert response.header("content-type") == "application/json", response
    value = json.loads(response.body)
    if response.status >= 400:
        assert list(value) == ["detail"], value
        assert isinstance(value["detail"], str), value
    if response.status == 500:
        assert value == {"detail": "Internal Server Error"}
    return value


class Client:
    """A connection that is kept, of one among many clients at a time."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def send(self, target: str) -> None:
        """Ask and do not wait."""
        self._writer.write(request("GET", target))
        await self._writer.drain()

    async def get(self, target: str) -> Response:
        """Ask and return the answer."""
        await self.send(target)
        head = await self._reader.readuntil(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")[:-2]
        headers = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
        response = Response(int(line.split()[1]), headers, b"")
        response.body = await self._reader.readexactly(int(response.header("content-length") or 0))
        return response


async def get(ledger: Ledger, target: str) -> Response:
    """Return the answer to a GET over a connection of its own."""
    async with Client(ledger.server.port) as client:
        return await client.get(target)


async def get_all(ledger: Ledger, *targets: str) -> list[Any]:
    """Return what the answers to as many GETs at a time say; fail unless all are well."""
    async with asyncio.timeout(40):
        responses = await asyncio.gather(*(get(ledger, target) for target in targets))
    for target, response in zip(targets, responses, strict=True):
        assert response.status == 200, (target, response, ledger.server.log()[-9000:])
    return [said(response) for response in responses]
