"""What a WebSocket is still to be sent: in order, whole, at once where possible, and never after its end."""

from __future__ import annotations

from collections.abc import Iterator

import gevent
import gevent.queue
import gevent.socket
import pytest
import socketio
from engineio.packet import CLOSE, MESSAGE, Packet
from engineio.socket import Socket

from tests.web.test_socket_access import frame
from web import engine_tasks, websockets
from web.outbox import Outbox
from web.wire import WholeSends, small_texts, text_frame


class Talking:
    """In place of engineio's wrapper around a WebSocket."""

    def __init__(self) -> None:
        near, self.far = gevent.socket.socketpair()
        self.ws, self.connected, self.closed = self, True, False
        self.sock = WholeSends(near)

    def send(self, text: str) -> None:
        self.sock.send(text_frame(text))

    def close(self) -> None:
        self.closed = True
        self.sock.close()

    def heard(self) -> bytes:
        with gevent.Timeout(5):
            return bytes(self.far.recv(100_000))


@pytest.fixture
def line() -> Iterator[Talking]:
    line = Talking()
    with line.far, line.sock._sock:
        yield line


def said(text: str) -> Packet:
    return Packet(MESSAGE, text)


def frames(*texts: str) -> bytes:
    return b"".join(text_frame(f"4{text}") for text in texts)


def test_where_nothing_is_under_way_it_leaves_at_once_and_no_greenlet_waits(line):
    outbox = Outbox(line)
    outbox.put(said("a"))
    assert line.heard() == frames("a")
    assert outbox._writer is None
    assert outbox.empty()


def test_what_waits_leaves_in_the_order_of_its_coming(line):
    outbox = Outbox(line)
    line.sock._turn.acquire()
    for text in "abc":
        outbox.put(said(text))
    gevent.sleep(0.01)
    assert (outbox.qsize(), outbox.empty()) == (3, False)
    line.sock._turn.release()
    outbox.join()
    outbox.put(said("d"))
    assert line.heard() == frames("a", "b", "c", "d")


def test_what_waited_in_the_queue_leaves_first_and_who_polls_there_is_released(line):
    connection = Socket(socketio.Server(async_mode="gevent").eio, "one")
    queue = connection.queue
    queue.put(said("a"))
    outbox = Outbox.of(connection, line)
    assert connection.queue is outbox
    connection.queue.put(said("b"))
    assert line.heard() == frames("a", "b")
    assert queue.get_nowait() is None


def test_its_end_comes_after_what_was_put_before_and_nothing_after_it(line):
    outbox = Outbox(line)
    line.sock._turn.acquire()
    outbox.put(said("a"))
    outbox.put(Packet(CLOSE))
    outbox.put(None)
    line.sock._turn.release()
    outbox.join()
    assert line.closed
    outbox.put(said("late"))
    assert line.heard() == frames("a") + text_frame("1")
    assert line.heard() == b""


def test_who_is_gone_keeps_nothing_in_memory(line):
    outbox = Outbox(line)
    line.sock._turn.acquire()
    line.sock._sock.close()
    for text in "abc":
        outbox.put(said(text))
    line.sock._turn.release()
    outbox.join()
    assert line.closed
    assert outbox.empty()


def test_who_has_left_is_let_go_without_a_greenlet(line):
    outbox = Outbox(line)
    line.connected = False
    outbox.put(None)
    assert line.closed
    assert outbox._writer is None
    outbox.join()


@pytest.mark.parametrize("text", ["", "3", "40", "x" * 125, "ä" * 62, "\U0001f600"])
def test_short_frames_are_read_as_they_are(text: str):
    plain = text.encode()
    mask = b"\x01\xfe\x80\x37"
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(plain))
    one = bytes((0x81, 0x80 | len(plain))) + mask + masked
    assert small_texts(one) == [text]
    assert small_texts(one * 3) == [text] * 3
    assert all(small_texts(one[:size]) is None for size in range(1, len(one)))


@pytest.mark.parametrize(
    "unusual",
    [
        frame(b"", opcode=8),
        frame(b"", opcode=9),
        frame(b"b", opcode=2),
        b"\x01\x81\0\0\0\x003",  # a part of one
        b"\xc1\x81\0\0\0\x003",  # compressed
        b"\x81\x013",  # without a mask
        frame(b"x" * 126),
        frame(b"\xff"),
        frame(b"3")[:-1],
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_whatever_is_unusual_is_left_to_the_library_with_all_that_came_along(unusual: bytes):
    assert small_texts(unusual) is None
    assert small_texts(frame(b"3") + unusual) is None


def test_who_answers_no_ping_is_given_up_and_who_is_closed_forgotten():
    hub = socketio.Server(async_mode="gevent", ping_timeout=0.2)
    websockets.use_own_websocket(hub.eio)
    silent, alive, closed = (Socket(hub.eio, name) for name in ("silent", "alive", "closed"))
    alive.last_ping, closed.closed = None, True
    hub.eio.sockets.update({"silent": silent, "alive": alive, "closed": closed})
    watch = hub.eio.start_background_task(hub.eio._service_task)
    with gevent.Timeout(10):
        while list(hub.eio.sockets) != ["alive"]:
            gevent.sleep(0.01)
    watch.kill()
    assert silent.closed
    assert not alive.closed


def test_pings_go_out_when_due_also_beside_one_that_fails(monkeypatch):
    monkeypatch.setattr(engine_tasks, "GRAIN_SECONDS", 0.01)
    hub = socketio.Server(async_mode="gevent", ping_interval=0.01)
    websockets.use_own_websocket(hub.eio)
    broken, here = Socket(hub.eio, "broken"), Socket(hub.eio, "here")
    broken.queue = None
    for connection in (broken, here):
        connection.schedule_ping()
    assert here.queue.get(timeout=20) is not None
