"""The room itself, with time in the test's hands: what the network would only do now and then."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import gevent
import pytest
from wsproto.frame_protocol import CloseReason

from rules.voice import Limits, Message, Seat
from tests.rules.test_voice import Clock
from web.voice_line import MOST_UNSENT, Line
from web.voice_room import Alone, Room, Unreachable


@dataclass
class Socket:
    """What a peer's WebSocket was told."""

    told: list[dict[str, Any]] = field(default_factory=list)
    closed: CloseReason | str | None = None
    is_stuck: bool = False

    def send(self, text: str) -> None:
        while self.is_stuck:
            gevent.sleep(0.01)
        self.told.append(json.loads(text))

    def hang_up(self, reason: CloseReason) -> None:
        self.closed = reason

    def abort(self) -> None:
        self.closed = "aborted"

    def kinds(self) -> list[str]:
        gevent.sleep(0)
        return [one["type"] for one in self.told]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def room(clock: Clock) -> Room:
    return Room(Limits(heartbeat_seconds=50, away_seconds=3, offer_seconds=5), clock=clock)


def joins(room: Room, peer_id: str, line: str = "1") -> tuple[Line, Socket]:
    socket = Socket()
    made = Line(socket, Seat(peer_id, peer_id, "t", int(room.clock()), line))  # type: ignore[arg-type]
    room.join(made)
    return made, socket


def offer(src: str, dst: str) -> Message:
    return Message("OFFER", src, dst, {"connectionId": "mc"})


def test_what_is_for_somebody_whose_line_broke_waits_until_they_are_back(room, clock):
    joins(room, "mila")
    broken, _ = joins(room, "sam")
    room.lost(broken, said_so=False)
    room.relay(offer("mila", "sam"))
    clock.now += 2
    room.sweep()
    _, back = joins(room, "sam", "2")
    assert back.kinds() == ["OPEN", "OFFER"]


def test_and_expires_when_they_do_not_come_back(room, clock):
    _, mila = joins(room, "mila")
    broken, _ = joins(room, "sam")
    room.lost(broken, said_so=False)
    room.relay(offer("mila", "sam"))
    clock.now += 3
    room.sweep()
    assert mila.kinds() == ["OPEN", "LEAVE"]
    clock.now += 2
    room.sweep()
    assert mila.kinds() == ["OPEN", "LEAVE", "EXPIRE"]


def test_so_many_offers_wait_and_no_more_and_their_sender_is_told_once(room, clock):
    _, mila = joins(room, "mila")
    for _ in range(room.limits.waiting_messages_of_one + 1):
        room.relay(offer("mila", "nobody"))
    assert mila.kinds() == ["OPEN", "EXPIRE"], "of the one too many, at once"
    clock.now += 5
    room.sweep()
    assert mila.kinds() == ["OPEN", "EXPIRE", "EXPIRE"], "of all the others"


def test_the_end_of_a_line_that_was_left_behind_changes_nothing(room):
    _, mila = joins(room, "mila")
    old, old_socket = joins(room, "sam", "1")
    joins(room, "sam", "2")
    room.lost(old, said_so=True)
    room.leave(old)
    assert [seat.id for seat in room.present()] == ["mila", "sam"]
    assert mila.kinds() == ["OPEN"]
    gevent.sleep(0)
    assert old_socket.closed == CloseReason.NORMAL_CLOSURE


def test_whoever_reads_nothing_holds_up_nobody_and_is_given_up(room):
    joins(room, "mila")
    lazy_line, lazy = joins(room, "lazy")
    lazy.is_stuck = True
    for _ in range(MOST_UNSENT + 1):
        room.relay(offer("mila", "lazy"))
    assert lazy_line.was_given_up
    assert lazy.closed == "aborted"


class Cut(Alone):
    """What processes share, behind a network that fails."""

    is_away = False

    def take(self, seat: Seat) -> Seat:
        self.check()
        return super().take(seat)

    def keep(self, seat: Seat) -> None:
        self.check()
        super().keep(seat)

    def free_silent(self) -> list[str]:
        self.check()
        return super().free_silent()

    def check(self) -> None:
        if self.is_away:
            raise Unreachable("it is away")


def test_after_a_trouble_nobody_is_taken_for_dead_before_all_have_said_that_they_live(clock):
    limits = Limits(heartbeat_seconds=50)
    shared = Cut(limits, clock)
    room, changes = Room(limits, shared, clock), []
    room.on_change = lambda: changes.append(room.problem)
    _, mila = joins(room, "mila")
    shared.take(Seat("elsewhere", "sam", "t", 1))
    shared.is_away = True
    room.sweep()
    with pytest.raises(Unreachable):
        joins(room, "late")
    clock.now += 60
    room.sweep()
    shared.is_away = False
    room.sweep()
    assert (room.problem, changes[-2:]) == ("", ["it is away", ""])
    clock.now += 5
    room.sweep()
    assert [seat.id for seat in room.present()] == ["elsewhere", "mila"], "its own process may still say so"
    clock.now += 5
    room.sweep()
    assert [seat.id for seat in room.present()] == ["mila"]
    assert mila.kinds() == ["OPEN", "LEAVE"]
