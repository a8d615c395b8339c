"""A proxy that makes a server on loopback look distant: `python -m benchmarks.delay --port 6000 --to 5432`.

It passes bytes on, unread, in both directions; each way they come out later than they went in by the delay. Bytes on
their way do not hold up those behind them: the throughput of a connection is not bounded by it.

One thread and bare epoll, because asyncio took three times the CPU, on a core that the database needs too.
"""

from __future__ import annotations

import argparse
import select
import socket
import time
from collections import deque
from dataclasses import dataclass, field

HOST = "127.0.0.1"
DELAY_MILLISECONDS = 5.0
CHUNK = 65536


@dataclass(eq=False)
class Side:
    """One end of a connection; `ended` says that no more can be read from it."""

    socket: socket.socket
    other: Side = field(init=False)
    ended: bool = False

    def receive(self) -> bytes:
        """Return what has come in, nothing at the end."""
        try:
            chunk = self.socket.recv(CHUNK)
        except OSError:  # reset: there is nothing more to come either
            chunk = b""
        self.ended = not chunk
        return chunk

    def send(self, chunk: bytes) -> None:
        """Send all of `chunk`, or the end where it is empty; what the receiver no longer wants is dropped."""
        try:
            if chunk:
                self.socket.sendall(chunk)
            else:
                self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return


class Proxy:
    """Listens on `port` and passes every connection on to `to`, `seconds` later each way."""

    def __init__(self, *, port: int, to: int, seconds: float) -> None:
        self.to = to
        self.seconds = seconds
        self.sides: dict[int, Side] = {}
        # One delay for all, so what came first is due first.
        self.on_their_way: deque[tuple[float, Side, bytes]] = deque()
        self.listener = socket.create_server((HOST, port), backlog=512)
        self.epoll = select.epoll()
        self.epoll.register(self.listener, select.EPOLLIN)

    def run(self) -> None:
        """Serve for ever."""
        while True:
            for number, _ in self.epoll.poll(self._until_next()):
                if number == self.listener.fileno():
                    self._accept()
                else:
                    self._read(self.sides[number])
            self._deliver()

    def _until_next(self) -> float | None:
        return max(0.0, self.on_their_way[0][0] - time.monotonic()) if self.on_their_way else None

    def _accept(self) -> None:
        client, _ = self.listener.accept()
        try:
            server = socket.create_connection((HOST, self.to))
        except OSError:
            client.close()
            return
        near, far = Side(client), Side(server)
        near.other, far.other = far, near
        for side in (near, far):
            # Blocking: a database's answers are small, and a receiver that does not read holds up everybody.
            side.socket.setblocking(True)
            side.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sides[side.socket.fileno()] = side
            self.epoll.register(side.socket, select.EPOLLIN)

    def _read(self, side: Side) -> None:
        chunk = side.receive()
        self.on_their_way.append((time.monotonic() + self.seconds, side.other, chunk))
        if side.ended:
            self.epoll.unregister(side.socket)

    def _deliver(self) -> None:
        while self.on_their_way and self.on_their_way[0][0] <= time.monotonic():
            _, side, chunk = self.on_their_way.popleft()
            side.send(chunk)
            # Both directions have ended, and nothing of either is still on its way.
            if not chunk and side.ended and not self._awaited(side.other):
                for either in (side, side.other):
                    del self.sides[either.socket.fileno()]
                    either.socket.close()

    def _awaited(self, side: Side) -> bool:
        return any(receiver is side for _, receiver, _ in self.on_their_way)


def main() -> None:
    """Read the command line and serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delay", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port to listen on")
    parser.add_argument("--to", type=int, required=True, help="port to pass connections on to")
    parser.add_argument(
        "--milliseconds", type=float, default=DELAY_MILLISECONDS, help="delay of each direction (%(default)s)"
    )
    options = parser.parse_args()
    Proxy(port=options.port, to=options.to, seconds=options.milliseconds / 1000).run()


if __name__ == "__main__":
    main()
