"""HTTP/2 without TLS (prior knowledge): requests, limits, and clients that mean harm."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import pytest
from hyperframe.frame import ContinuationFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame

from tests.server.harness import Server, eventually

MakeServer = Callable[..., Server]
LOCAL = "127.0.0.1:0"
CALM = h2.errors.ErrorCodes.ENHANCE_YOUR_CALM


class Client:
    """One connection; what it receives is in `events`."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.http.initiate_connection()
        self.events: list[h2.events.Event] = []
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.http.data_to_send())

    def headers(self, path: str, method: str = "GET", *more: tuple[str, str]) -> list[tuple[str, str]]:
        return [(":method", method), (":path", path), (":scheme", "http"), (":authority", "localhost"), *more]

    def request(self, path: str, method: str = "GET", body: bytes = b"", *more: tuple[str, str]) -> int:
        stream: int = self.http.get_next_available_stream_id()
        self.http.send_headers(stream, self.headers(path, method, *more), end_stream=not body)
        self.flush()
        if body:
            self.send(stream, body)
        return stream

    def send(self, stream: int, body: bytes) -> None:
        while body:
            room = min(self.http.local_flow_control_window(stream), self.http.max_outbound_frame_size, len(body))
            if room:
                self.http.send_data(stream, body[:room])
                body = body[room:]
                self.flush()
            elif not self.receive() or self.is_over(stream):
                return
        self.http.end_stream(stream)
        self.flush()

    def receive(self) -> bool:
        """Read once; False at the end of the connection."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        if not data:
            return False
        for event in self.http.receive_data(data):
            self.events.append(event)
            if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.flush()
        return True

    def is_over(self, stream: int) -> bool:
        kinds = (h2.events.StreamEnded, h2.events.StreamReset)
        return any(isinstance(event, kinds) and event.stream_id == stream for event in self.events)

    def answer(self, stream: int) -> tuple[int, dict[str, str], bytes]:
        """Wait for an answer's end; return its status, its fields and its body."""
        while not self.is_over(stream):
            assert self.receive(), self.events
        mine = [event for event in self.events if getattr(event, "stream_id", None) == stream]
        (head,) = [event for event in mine if isinstance(event, h2.events.ResponseReceived)]
        fields = dict(head.headers)
        body = b"".join(event.data for event in mine if isinstance(event, h2.events.DataReceived))
        return int(fields[":status"]), fields, body

    def frames(self) -> Iterator[Frame]:
        """Yield the frames that come until the end, without their meaning; pings are answered."""
        data = b""
        while more := self.socket.recv(65536):
            data += more
            while len(data) >= 9:
                frame, length = Frame.parse_frame_header(memoryview(data[:9]))
                if len(data) < 9 + length:
                    break
                frame.parse_body(memoryview(data[9 : 9 + length]))
                data = data[9 + length :]
                if isinstance(frame, PingFrame) and not frame.flags:
                    self.socket.sendall(PingFrame(0, opaque_data=frame.opaque_data, flags=["ACK"]).serialize())
                yield frame

    def goodbye(self) -> h2.errors.ErrorCodes | int | None:
        """Read to the end; return why the server closed the connection."""
        while self.receive():
            pass
        codes = [event.error_code for event in self.events if isinstance(event, h2.events.ConnectionTerminated)]
        return codes[-1] if codes else None


@contextmanager
def client_of(server: Server) -> Iterator[Client]:
    client = Client(server)
    with client.socket:
        yield client


def test_requests_one_after_the_other_and_at_once(server: Server) -> None:
    with client_of(server) as client:
        status, fields, body = client.answer(client.request("/hello"))
        assert (status, fields["content-type"], fields["content-length"]) == (200, "application/json", str(len(body)))
        assert "date" in fields and "x-request-id" in fields and "connection" not in fields
        slow = client.request("/slow?seconds=0.3")
        quick = [client.request("/hello") for _ in range(20)]
        assert {client.answer(stream)[0] for stream in quick} == {200}
        assert not client.is_over(slow)
        assert client.answer(slow)[0] == 200


def test_bodies_come_whole_in_both_directions(server: Server) -> None:
    with client_of(server) as client:
        body = bytes(range(256)) * 4000
        answered = client.answer(client.request("/echo", "POST", body, ("content-type", "application/octet-stream")))
        # The route answers with the length and the first bytes.
        assert (answered[0], answered[2]) == (200, b"%d:%s" % (len(body), body[:64]))
        large = client.answer(client.request("/large"))[2]
        assert len(large) == len(server.get("/large").body)
        status, fields, answer = client.answer(client.request("/hello", "HEAD"))
        assert (status, int(fields["content-length"]) > 0, answer) == (200, True, b"")


def test_the_authority_is_the_host_that_counts(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_HOSTS='["localhost", "127.0.0.1"]') as server, client_of(server) as client:
        assert client.answer(client.request("/hello"))[0] == 200
    with make_server(LOCAL, PROJECT_HOSTS='["site.example"]') as server, client_of(server) as client:
        assert client.answer(client.request("/hello"))[0] == 400


def test_a_body_beyond_the_limit_is_refused(server: Server) -> None:
    with client_of(server) as client:
        stream = client.request("/entrance/small", "POST", b"x" * 300_000)
        assert client.answer(stream)[0] == 413
        assert client.answer(client.request("/hello"))[0] == 200


def test_a_client_that_resets_a_stream_cancels_its_handler(server: Server) -> None:
    def noted() -> list[str]:
        listed: list[str] = json.loads(server.get("/cancelled/events/h2").body)
        return listed

    with client_of(server) as client:
        stream = client.request("/cancelled/coroutine/h2")
        eventually(lambda: noted() == ["started"])
        client.http.reset_stream(stream)
        client.flush()
        eventually(lambda: noted() == ["started", "cancelled", "finally"])
        assert client.answer(client.request("/hello"))[0] == 200


def test_fields_beyond_the_limit_are_refused(server: Server) -> None:
    with client_of(server) as client:
        stream = client.request("/hello", "GET", b"", *[(f"x-{number}", "v" * 1000) for number in range(40)])
        assert client.answer(stream)[0] == 431
        assert client.answer(client.request("/hello"))[0] == 200


@pytest.mark.parametrize(("settings", "most"), [("{}", 96), ('{"MAX_FIELDS": 10}', 10)])
def test_more_fields_than_may_be_are_refused(make_server: MakeServer, settings: str, most: int) -> None:
    with make_server(LOCAL, PROJECT_BOLT=settings) as server, client_of(server) as client:
        fields = [(f"x-{number}", "a") for number in range(most + 1)]
        cookies = [("cookie", f"a{number}=1") for number in range(most + 1)]
        assert client.answer(client.request("/hello", "GET", b"", *fields))[0] == 431
        assert client.answer(client.request("/hello", "GET", b"", *fields[: most // 2]))[0] == 200
        assert client.answer(client.request("/hello", "GET", b"", *cookies))[0] == 200


def test_streams_beyond_the_limit_are_refused(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_BOLT='{"HTTP2_STREAMS": 5}') as server, client_of(server) as client:
        client.answer(client.request("/hello"))
        assert client.http.remote_settings.max_concurrent_streams == 5


def test_rapid_reset_ends_the_connection(server: Server) -> None:
    with client_of(server) as client, pytest.raises(OSError), by_the_socket():
        for _ in range(100_000):
            stream = client.request("/slow?seconds=30")
            client.http.reset_stream(stream)
            client.flush()
    server.assert_well()


def test_continuations_without_end_are_cut(server: Server) -> None:
    with client_of(server) as client:
        first = HeadersFrame(1)
        first.data = client.http.encoder.encode(client.headers("/hello"))
        client.socket.sendall(first.serialize())
        more = ContinuationFrame(1)
        more.data = client.http.encoder.encode([("x-more", "v" * 4000)], huffman=False)
        with pytest.raises(OSError), by_the_socket():
            for _ in range(100_000):
                client.socket.sendall(more.serialize())
    server.assert_well()


def test_pings_nobody_reads_the_answers_of_take_no_memory(server: Server) -> None:
    before = server.resident()
    with client_of(server) as client:
        ping = PingFrame(0, opaque_data=b"12345678").serialize() * 1000
        client.socket.settimeout(0.5)
        with pytest.raises(OSError), by_the_socket():
            for _ in range(1_000):
                client.socket.sendall(ping)
        server.assert_well()
        assert server.resident() - before < 8 * 1024


def test_a_client_that_takes_nothing_is_left(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_BOLT='{"WRITE_TIMEOUT": 0.3}') as server, client_of(server) as client:
        client.http.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
        client.flush()
        stream = client.request("/large")
        eventually(lambda: client.receive() and client.is_over(stream), timeout=5)
        assert any(isinstance(event, h2.events.StreamReset) for event in client.events)


def test_a_body_that_stops_is_not_waited_for(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_BOLT='{"BODY_TIMEOUT": 0.3}') as server, client_of(server) as client:
        stream = client.http.get_next_available_stream_id()
        client.http.send_headers(stream, client.headers("/echo", "POST"))
        client.http.send_data(stream, b"half")
        client.flush()
        assert client.answer(stream)[0] in (400, 408)


def test_an_idle_connection_is_closed(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_BOLT='{"KEEP_ALIVE": 0.3}') as server, client_of(server) as client:
        assert client.answer(client.request("/hello"))[0] == 200
        begun = time.monotonic()
        client.goodbye()
        assert time.monotonic() - begun < 5


def test_a_stop_lets_requests_in_flight_finish(make_server: MakeServer) -> None:
    with make_server(LOCAL) as server, client_of(server) as client:
        stream = client.request("/slow?seconds=0.5")
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        # This library takes a GOAWAY for the end, but the stream goes on behind it.
        frames = list(client.frames())
        assert [type(frame) for frame in frames if frame.stream_id == stream][0] is HeadersFrame
        assert any("END_STREAM" in frame.flags for frame in frames if frame.stream_id == stream)
        assert any(isinstance(frame, GoAwayFrame) for frame in frames)
        assert server.process.wait(timeout=5) == 0


@contextmanager
def by_the_socket() -> Iterator[None]:
    """Run a block that has to end by an exception of the socket's; h2's own is one of them."""
    try:
        yield
    except (h2.exceptions.ProtocolError, TimeoutError) as error:
        raise OSError(str(error)) from error
