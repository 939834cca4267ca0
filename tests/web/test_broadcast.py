"""What many sockets are told alike: whole and in order, whichever way it takes."""

from __future__ import annotations

from contextlib import ExitStack

import gevent
import gevent.queue
import gevent.socket
import pytest
import socketio
from engineio.packet import PING
from engineio.socket import Socket
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from web import broadcast, websockets
from web.wire import WholeSends


@pytest.mark.parametrize("text", ["", "4", "x" * 125, "x" * 126, "ä" * 40_000, "\U0001f600" * 20_000])
def test_a_frame_is_what_a_websocket_client_reads(text):
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(broadcast.text_frame(text))
    read = [event for event in client.events() if isinstance(event, TextMessage)]
    assert "".join(event.data for event in read) == text
    assert read[-1].message_finished


def test_to_a_slow_reader_everything_comes_whole_and_in_order():
    """As engineio does it: what cannot be written at once waits in a queue with a writer of its own."""
    ours, theirs = gevent.socket.socketpair()
    wire, queue = WholeSends(ours), gevent.queue.Queue()
    pieces = [f"{number:05},".encode() * (1 + number * 37 % 9_000) for number in range(200)]
    ways = []

    def write():
        for piece in iter(queue.get, None):
            wire.send(piece)

    writer = gevent.spawn(write)
    with ours, theirs:
        reading, left = bytearray(), sum(map(len, pieces))
        for piece in pieces:
            ways.append(queue.empty() and wire.write_now(piece))
            if not ways[-1]:
                queue.put(piece)
            gevent.sleep(0)
            with gevent.Timeout(0, False):
                reading += theirs.recv(30_000)
        with gevent.Timeout(20):
            while len(reading) < left:
                reading += theirs.recv(100_000)
        queue.put(None)
        writer.join(5)
    assert bytes(reading) == b"".join(pieces)
    assert set(ways) == {True, False}, "both ways were taken"


def test_nothing_is_written_in_between_while_another_message_is_under_way():
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs:
        wire = WholeSends(ours)
        assert wire.write_now(b"a" * 5_000_000), "as much as fits, the rest by itself"
        assert not wire.write_now(b"b")
        reading = bytearray()
        while len(reading) < 5_000_000:
            reading += theirs.recv(1_000_000)
        gevent.sleep(0.01)
        assert wire.write_now(b"b")
        assert theirs.recv(10) == b"b"
        assert bytes(reading) == b"a" * 5_000_000


@pytest.fixture
def hub():
    """A Socket.IO server with two clients that poll, of whom nobody fetches anything."""
    hub = socketio.Server(client_manager=broadcast.DirectManager(), async_mode="threading")
    for name in ("one", "two"):
        connection = Socket(hub.eio, name)
        connection.connected = True
        hub.eio.sockets[name] = connection
        hub.manager.connect(name, "/")
    return hub


def test_who_does_not_fetch_what_waits_is_hung_up_on_and_nobody_else(hub, monkeypatch):
    monkeypatch.setattr(broadcast, "MOST_WAITING", 3)
    lazy, busy = hub.eio.sockets["one"], hub.eio.sockets["two"]
    for number in range(5):
        hub.emit("news", {"number": number})
        if not busy.queue.empty():
            busy.queue.get()
    assert lazy.closed
    assert not busy.closed


def test_who_is_too_many_bytes_behind_is_hung_up_on_and_who_keeps_up_never_is(hub, monkeypatch):
    """Whatever has been taken out of the queue to be sent, it has not arrived."""
    monkeypatch.setattr(broadcast, "MOST_WAITING_BYTES", 10_000)
    lines = {}
    for name in ("one", "two"):
        ours, lines[name] = gevent.socket.socketpair()
        hub.eio.sockets[name].wire = WholeSends(ours)
        hub.eio.sockets[name].upgraded = True
    stuck, fast = hub.eio.sockets["one"], hub.eio.sockets["two"]
    with lines["one"], lines["two"], stuck.wire._sock, fast.wire._sock:
        stuck.wire._turn.acquire()  # a frame is under way that the client does not take
        for _ in range(12):
            hub.emit("news", "x" * 1_000)
            while not stuck.queue.empty():
                stuck.queue.get()
            with gevent.Timeout(5):
                assert b"news" in lines["two"].recv(10_000)
        assert stuck.closed
        assert lines["one"].recv(10) == b"", "it is told at once"
    assert not fast.closed
    assert not hub.manager._behind


def test_bytes_and_answers_take_the_librarys_own_way(hub):
    hub.emit("picture", b"\x00\x01")
    waiting = hub.eio.sockets["one"].queue
    assert waiting.get().data.startswith("51-")
    assert waiting.get().data == b"\x00\x01"
    hub.emit("asked", "?", to=hub.manager.sid_from_eio_sid("one", "/"), callback=lambda: None)
    assert waiting.get().data == '21["asked","?"]'


def test_who_is_left_out_hears_nothing(hub):
    hub.emit("news", (1, 2), skip_sid=hub.manager.sid_from_eio_sid("one", "/"))
    assert hub.eio.sockets["one"].queue.empty()
    assert hub.eio.sockets["two"].queue.get().data == '2["news",1,2]'


@pytest.fixture
def lines(hub):
    """The other ends of WebSockets of both clients."""
    ends = {}
    with ExitStack() as open_now:
        for name in ("one", "two"):
            ours, ends[name] = map(open_now.enter_context, gevent.socket.socketpair())
            hub.eio.sockets[name].wire = WholeSends(ours)
            hub.eio.sockets[name].upgraded = True
        yield ends


def frames(*texts):
    return b"".join(map(broadcast.text_frame, texts))


def heard(line):
    with gevent.Timeout(5):
        return line.recv(100_000)


def test_what_is_gathered_leaves_in_one_write_in_its_order_to_each_what_is_theirs(hub, lines):
    hub.enter_room(hub.manager.sid_from_eio_sid("one", "/"), "shop")
    with hub.manager.gathering():
        hub.emit("news", 1)
        hub.emit("sale", 2, to="shop")
        hub.emit("news", 3)
        with gevent.Timeout(0.01, False):
            lines["one"].recv(1)
            raise AssertionError("it left too soon")
    assert heard(lines["one"]) == frames('42["news",1]', '42["sale",2]', '42["news",3]')
    assert heard(lines["two"]) == frames('42["news",1]', '42["news",3]')
    assert not hub.manager._owed
    assert not hub.manager._gathered


def test_what_somebody_else_says_meanwhile_comes_after_what_is_owed(hub, lines):
    with hub.manager.gathering():
        hub.emit("news", 1)
        gevent.spawn(hub.emit, "urgent", 2).join(5)
        assert heard(lines["one"]) == frames('42["news",1]', '42["urgent",2]')
        hub.emit("news", 3)
    assert heard(lines["one"]) == frames('42["news",3]')
    assert heard(lines["two"]) == frames('42["news",1]', '42["urgent",2]', '42["news",3]')


def test_who_leaves_a_room_has_by_then_heard_what_was_said_there(hub, lines):
    sid = hub.manager.sid_from_eio_sid("one", "/")
    hub.enter_room(sid, "shop")
    with hub.manager.gathering():
        hub.emit("sale", 1, to="shop")
        hub.leave_room(sid, "shop")
        assert heard(lines["one"]) == frames('42["sale",1]')
        hub.emit("sale", 2, to="shop")
        hub.emit("news", 3)
    assert heard(lines["one"]) == frames('42["news",3]')


@pytest.mark.parametrize("end", ["closed", "closing"])
def test_who_is_gone_in_the_middle_keeps_nobody_from_theirs(hub, lines, end):
    with hub.manager.gathering():
        hub.emit("news", 1)
        setattr(hub.eio.sockets["one"], end, True)
    assert heard(lines["two"]) == frames('42["news",1]')
    assert hub.eio.sockets["one"].queue.empty()
    del hub.eio.sockets["one"]
    with hub.manager.gathering():
        hub.emit("news", 2)
    assert heard(lines["two"]) == frames('42["news",2]')


def test_who_is_slow_gets_what_was_gathered_by_the_queue_and_in_order(hub, lines):
    slow = hub.eio.sockets["one"]
    slow.wire._turn.acquire()  # a frame is under way
    with hub.manager.gathering():
        hub.emit("news", 1)
        hub.emit("news", 2)
    assert [slow.queue.get().data, slow.queue.get().data] == ['2["news",1]', '2["news",2]']
    assert heard(lines["two"]) == frames('42["news",1]', '42["news",2]')


def test_others_have_their_turn_while_thousands_are_told(hub, lines, monkeypatch):
    monkeypatch.setattr(broadcast, "CLIENTS_A_TURN", 1)
    with hub.manager.gathering():
        hub.emit("news", 1)
        waiting = gevent.spawn(lambda: len(hub.manager._owed))
    assert waiting.value == 1, "between the first and the second"


def test_who_disconnects_leaves_every_room_and_nothing_behind(hub):
    rooms = hub.manager.rooms["/"]
    one, two = (hub.manager.sid_from_eio_sid(name, "/") for name in ("one", "two"))
    for sid in (one, two):
        hub.enter_room(sid, "shop")
    hub.leave_room(one, "shop")
    hub.enter_room(one, "shop")
    hub.manager.pre_disconnect(one, "/")
    hub.manager.disconnect(one, "/")
    assert set(rooms) == {None, two, "shop"}
    assert [set(room) for room in rooms.values()] == [{two}] * 3
    assert not hub.manager.is_connected(one, "/")
    hub.manager.disconnect(two, "/")
    assert not hub.manager.rooms
    assert not hub.manager._rooms_of
    assert not hub.manager.pending_disconnect


def test_a_ping_comes_when_it_is_due_and_never_to_who_is_gone():
    hub = socketio.Server(async_mode="gevent", ping_interval=0.01)
    websockets.use_own_websocket(hub.eio)
    here, gone = Socket(hub.eio, "here"), Socket(hub.eio, "gone")
    gone.closed = True
    for connection in (gone, here):
        connection.schedule_ping()
    assert here.queue.get(timeout=20).packet_type == PING
    assert gone.queue.empty()
    assert here.queue.empty(), "the next one when this is answered"
    here.schedule_ping()
    assert here.queue.get(timeout=20).packet_type == PING


def test_who_is_behind_and_gone_is_forgotten_once_there_are_many_of_them(hub, lines, monkeypatch):
    """Not with each: thousands may break in the same moment."""
    monkeypatch.setattr(broadcast, "FEW_BEHIND", 4)
    hub.manager._most_behind = 4
    slow = hub.eio.sockets["one"]
    slow.wire._turn.acquire()
    hub.manager._behind = dict.fromkeys(("gone", "gone too"), 1)
    hub.emit("news", 1)
    assert set(hub.manager._behind) == {"gone", "gone too", "one"}
    hub.manager._behind["also gone"] = 1
    hub.emit("news", 2)
    assert set(hub.manager._behind) == {"one"}
