"""A fast chat and many dashboards: what everybody must see reaches all, and of the rest as much as can be written."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import Kind
from rules.fan_out import FEWEST_LINES, LINES_A_SECOND, most_lines, most_messages, pause_seconds, thinned


@dataclass(frozen=True)
class Row:
    id: int
    kind: Kind
    amount: int


def line(number: int, kind: Kind = Kind.CHAT, amount: int = 0) -> Row:
    return Row(number, kind, amount)


@pytest.mark.parametrize(("spent", "pause"), [(0.0, 0.0), (0.002, 0.002), (0.4, 0.4), (30.0, 0.5)])
def test_what_takes_long_to_push_is_pushed_less_often_and_nobody_waits_long(spent: float, pause: float):
    assert pause_seconds(spent) == pytest.approx(pause)


def test_a_team_and_its_overlays_get_every_line_of_the_fastest_chat():
    assert most_lines(listeners=50, seconds=0.1) >= 400
    assert most_lines(listeners=0, seconds=0.1) >= 1_000


def test_a_team_hears_of_every_person_and_thousands_of_a_few():
    assert most_messages(listeners=10, seconds=0.1) >= 200
    assert most_messages(listeners=10_000, seconds=3_600) == 2
    assert most_messages(listeners=1_000_000, seconds=0) == 1


@given(st.integers(1, 100_000), st.floats(0, 3_600))
def test_all_together_never_get_more_than_can_be_written(listeners: int, seconds: float):
    most = most_lines(listeners, seconds)
    assert most >= FEWEST_LINES
    assert most == FEWEST_LINES or most * listeners <= LINES_A_SECOND


def test_the_newest_lines_are_kept_and_in_their_order():
    kept, skipped = thinned([line(number) for number in range(10)], 3)
    assert ([row.id for row in kept], skipped) == ([7, 8, 9], 7)


def test_what_is_no_plain_line_is_never_left_out():
    told = [line(1, Kind.GIFT, 5), line(2), line(3, amount=100), line(4, Kind.SUB), line(5), line(6, Kind.RAID, 40)]
    kept, skipped = thinned(told, 1)
    assert ([row.id for row in kept], skipped) == ([1, 3, 4, 5, 6], 1)


def test_a_slow_chat_is_told_as_it_is():
    told = [line(1), line(2)]
    assert thinned(told, 2) == (told, 0)
    assert thinned([], 10) == ([], 0)
