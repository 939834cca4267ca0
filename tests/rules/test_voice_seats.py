"""Who sits in the room, for how long, and what waits for those who are late."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.voice import IdTaken, Limits, Message, RoomFull, Seat
from rules.voice_seats import Seats, Waiting
from tests.rules.test_voice import Clock

LIMITS = Limits(heartbeat_seconds=50, away_seconds=3, seats=3, seats_of_one_account=2)


def seat(peer_id: str, account: str = "", *, joined_ms: int = 0, token: str = "t", line: str = "1") -> Seat:
    return Seat(peer_id, account or peer_id, token, joined_ms, line)


def ids(seats: Seats) -> list[str]:
    return [one.id for one in seats.present()]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def seats(clock: Clock) -> Seats:
    return Seats(LIMITS, clock)


def test_people_are_told_in_the_order_of_their_coming(seats):
    for peer_id, joined_ms in (("b", 2), ("c", 1), ("a", 2)):
        seats.take(seat(peer_id, joined_ms=joined_ms))
    assert ids(seats) == ["c", "a", "b"]


def test_nobody_takes_a_seat_that_is_taken(seats):
    seats.take(seat("a"))
    with pytest.raises(IdTaken):
        seats.take(seat("a", token="another"))
    with pytest.raises(IdTaken):
        seats.take(replace(seat("a"), account="another"))


def test_whoever_comes_back_has_the_same_seat_and_is_no_newcomer(seats):
    seats.take(seat("a", joined_ms=1))
    seats.keep(replace(seat("a", joined_ms=1), muted=True))
    back = seats.take(seat("a", joined_ms=9, line="2"))
    assert (back.joined_ms, back.muted, back.line) == (1, True, "2")
    assert seats.present() == [back]


def test_the_room_has_so_many_seats_and_one_account_so_many_of_them(seats):
    seats.take(seat("a1", "a"))
    seats.take(seat("a2", "a"))
    with pytest.raises(RoomFull, match="2 times"):
        seats.take(seat("a3", "a"))
    seats.take(seat("b"))
    with pytest.raises(RoomFull, match="3 seats"):
        seats.take(seat("c"))
    assert seats.take(seat("b", line="2")), "who has a seat does not need another"
    seats.free(seat("a1", "a"))
    seats.take(seat("c"))


def test_who_is_silent_for_too_long_has_left(seats, clock):
    seats.take(seat("a"))
    seats.take(seat("b"))
    clock.now += 49
    seats.keep(seat("a"))
    assert seats.free_silent() == []
    clock.now += 1
    assert seats.free_silent() == ["b"]
    assert ids(seats) == ["a"]
    assert seats.free_silent() == []


def test_whose_line_broke_has_a_moment_to_come_back(seats, clock):
    seats.take(seat("a"))
    seats.set_away(seat("a"))
    clock.now += 2
    seats.take(seat("a", line="2"))
    clock.now += 40
    assert seats.free_silent() == []
    seats.set_away(seat("a", line="2"))
    clock.now += 3
    assert seats.free_silent() == ["a"]


def test_the_line_that_was_left_behind_no_longer_decides(seats, clock):
    seats.take(seat("a", line="1"))
    seats.take(seat("a", line="2"))
    seats.set_away(seat("a", line="1"))
    clock.now += 10
    assert seats.free_silent() == []
    seats.keep(seat("a", line="1"))
    assert [one.line for one in seats.present()] == ["2"]
    assert seats.free(seat("a", line="1")) is False
    assert seats.has("a")
    assert seats.free(seat("a", line="2")) is True
    assert not seats.has("a")


def test_nobody_is_away_who_has_left(seats):
    seats.set_away(seat("a"))
    assert ids(seats) == []


# --- what waits ---


def signal(src: str, dst: str, kind: str = "OFFER", size: int = 0) -> Message:
    return Message(kind, src, dst, {"connectionId": "mc", "fill": "x" * size})


@pytest.fixture
def waiting(clock: Clock) -> Waiting:
    limits = Limits(offer_seconds=5, waiting_messages=6, waiting_messages_of_one=3, waiting_bytes=2_000)
    return Waiting(limits, clock)


def test_who_is_late_gets_what_came_in_its_order(waiting):
    sent = [signal("a", "late"), signal("a", "late", "CANDIDATE"), signal("b", "late"), signal("b", "other")]
    assert all(waiting.add(one) for one in sent)
    assert waiting.take("late") == sent[:3]
    assert waiting.take("late") == []
    assert len(waiting) == 1


def test_what_nobody_comes_for_expires(waiting, clock):
    waiting.add(signal("a", "late"))
    clock.now += 4
    waiting.add(signal("b", "late"))
    assert waiting.take_expired() == []
    clock.now += 1
    assert waiting.take_expired() == [signal("a", "late")]
    assert waiting.take("late") == [signal("b", "late")]


def test_neither_one_sender_nor_all_together_fill_the_memory(waiting):
    assert [waiting.add(signal("a", str(number))) for number in range(4)] == [True, True, True, False]
    assert [waiting.add(signal("b", str(number))) for number in range(4)] == [True, True, True, False]
    assert not waiting.add(signal("c", "x"))
    waiting.forget("a")
    assert not waiting.add(signal("c", "x", size=2_000))
    assert waiting.add(signal("c", "x", size=500))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 900)), max_size=30))
def test_what_was_taken_makes_room_again(sent):
    waiting = Waiting(Limits(waiting_bytes=3_000), Clock())
    for src, dst, size in sent:
        waiting.add(signal(src, dst, size=size))
    for dst in "xyz":
        waiting.take(dst)
    assert len(waiting) == 0
    assert waiting.add(signal("a", "x", size=2_800))
