"""Clients that keep asking over raw connections, without ever trying again, and count what became of each request."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from types import TracebackType


class Load:
    """Half of the clients keep their connection until the server says `Connection: close`, half take new ones."""

    def __init__(self, port: int, *, clients: int = 8, target: str = "/pid") -> None:
        self.port = port
        self.clients = clients
        self.target = target
        self.answered: Counter[str] = Counter()
        """Answers by body."""
        self.failures: list[str] = []
        self.refused = 0
        """Connections that nobody listened for."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        await asyncio.gather(*(self._ask(keeps=bool(index % 2)) for index in range(self.clients)))

    async def _ask(self, *, keeps: bool) -> None:
        while not self._stop.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except (ConnectionRefusedError, ConnectionResetError):
                # Nobody listens any more; the latter between the last look at the queue and its end.
                self.refused += 1
                return
            try:
                async with asyncio.timeout(20):
                    await self._converse(reader, writer, keeps=keeps)
            except (OSError, EOFError, TimeoutError) as error:
                self.failures.append(f"{'kept' if keeps else 'new'}: {error!r}")
            finally:
                writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keeps: bool) -> None:
        closes = False
        while not (closes or self._stop.is_set()):
            connection = b"" if keeps else b"Connection: close\r\n"
            writer.write(b"GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (self.target.encode(), connection))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if not head.startswith(b"http/1.1 200"):
                self.failures.append(head.decode())
            self.answered[body.decode()] += 1
            closes = b"connection: close" in head
            await asyncio.sleep(0.002)
