"""httpx over a socket pair whose other end a worker serves: every byte goes the way it goes in production.

Nothing here may know of handlers, Django or databases.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Protocol

import httpcore
import httpx

CHUNK = 65_536


class Waiting(Protocol):
    """Something that runs the server until a descriptor is ready (`_core.Worker.wait`)."""

    def __call__(self, descriptor: int, writable: bool, timeout: float | None, /) -> None:
        """Return when it is; `TimeoutError` after `timeout` seconds."""
        ...


def socket_pair() -> tuple[socket.socket, int]:
    """Return the client's end and the descriptor of the server's."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs.detach()


class Stream(httpcore.NetworkStream):
    """The client's end of a connection; waiting for it runs the server on this very thread."""

    def __init__(self, connection: socket.socket, wait: Waiting) -> None:
        self._socket = connection
        self._wait = wait

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            while (data := self._received(min(max_bytes, CHUNK))) is None:
                self._ready(False, timeout, httpcore.ReadTimeout)
        except ConnectionError as error:
            raise httpcore.ReadError(str(error)) from error
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        try:
            while view:
                if (sent := self._sent(view)) is None:
                    self._ready(True, timeout, httpcore.WriteTimeout)
                else:
                    view = view[sent:]
        except ConnectionError as error:
            raise httpcore.WriteError(str(error)) from error

    # What a handler raises while the server runs below `_ready` must not look as if it came of a BlockingIOError.

    def _received(self, most: int) -> bytes | None:
        try:
            return self._socket.recv(most)
        except BlockingIOError:
            return None

    def _sent(self, view: memoryview) -> int | None:
        try:
            return self._socket.send(view)
        except BlockingIOError:
            return None

    def _ready(self, writable: bool, timeout: float | None, expired: type[Exception]) -> None:
        try:
            self._wait(self._socket.fileno(), writable, timeout)
        except TimeoutError as error:
            raise expired(str(error)) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        # httpcore asks whether an idle connection has become readable, which means that it was closed.
        if info == "is_readable":
            return _readable(self._socket)
        return None


class Backend(httpcore.NetworkBackend):
    """Connects every address to the worker."""

    def __init__(self, connect: Callable[[], Stream]) -> None:
        self._connect = connect

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return self._connect()


class AsyncStream(httpcore.AsyncNetworkStream):
    """The client's end of a connection that a thread of its own serves."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                return await loop.sock_recv(self._socket, min(max_bytes, CHUNK))
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                await loop.sock_sendall(self._socket, buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self._socket.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return _readable(self._socket) if info == "is_readable" else None


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Connects every address to the pipeline's thread."""

    def __init__(self, connect: Callable[[], AsyncStream]) -> None:
        self._connect = connect

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return self._connect()


def _readable(connection: socket.socket) -> bool:
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


class SyncBody(httpx.SyncByteStream):
    """A response body as httpx reads it."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with Translated():
            yield from self._stream

    def close(self) -> None:
        getattr(self._stream, "close", bool)()


class AsyncBody(httpx.AsyncByteStream):
    """A response body as httpx reads it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with Translated():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        if hasattr(self._stream, "aclose"):
            await self._stream.aclose()


class Translated:
    """Turns httpcore's exceptions into httpx's of the same name."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is not None and kind.__module__.startswith("httpcore"):
            same: type[Exception] = getattr(httpx, kind.__name__, httpx.TransportError)
            raise same(str(error)) from error


def request_of(request: httpx.Request) -> dict[str, Any]:
    """Return what `httpcore.Request` takes."""
    return {
        "method": request.method,
        "url": httpcore.URL(
            scheme=b"http", host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        ),
        "headers": request.headers.raw,
        "content": request.stream,
        "extensions": request.extensions,
    }


class Transport(httpx.BaseTransport):
    """httpx's way to a worker on the calling thread."""

    def __init__(self, connect: Callable[[], Stream]) -> None:
        self._pool = httpcore.ConnectionPool(network_backend=Backend(connect))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with Translated():
            response = self._pool.handle_request(httpcore.Request(**request_of(request)))
        stream = SyncBody(response.stream)  # type: ignore[arg-type]
        return httpx.Response(response.status, headers=response.headers, stream=stream, extensions=response.extensions)

    def close(self) -> None:
        self._pool.close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """httpx's way to a pipeline on a thread of its own."""

    def __init__(self, connect: Callable[[], AsyncStream]) -> None:
        self._pool = httpcore.AsyncConnectionPool(network_backend=AsyncBackend(connect))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with Translated():
            response = await self._pool.handle_async_request(httpcore.Request(**request_of(request)))
        stream = AsyncBody(response.stream)
        return httpx.Response(response.status, headers=response.headers, stream=stream, extensions=response.extensions)

    async def aclose(self) -> None:
        await self._pool.aclose()
