"""At most one answer per key in a while."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from rules.cooldown import Cooldown
from tests.support import NOON, hours, seconds

PAUSE = seconds(10)


def test_the_second_call_within_the_pause_is_refused_and_the_first_after_it_is_not() -> None:
    cooldown = Cooldown(PAUSE)
    assert [cooldown.allows("sam", NOON + at) for at in (0, PAUSE - 1, PAUSE)] == [True, False, True]


def test_a_refused_call_does_not_prolong_the_pause() -> None:
    cooldown = Cooldown(PAUSE)
    assert cooldown.allows("sam", NOON)
    assert not cooldown.allows("sam", NOON + PAUSE - 1)
    assert cooldown.allows("sam", NOON + PAUSE)


def test_everybody_has_a_pause_of_their_own() -> None:
    cooldown = Cooldown(PAUSE)
    assert cooldown.allows("sam", NOON)
    assert cooldown.allows("nova", NOON)


def test_a_hundred_thousand_people_leave_nothing_behind() -> None:
    cooldown = Cooldown(PAUSE)
    for number in range(100_000):
        cooldown.allows(number, NOON + number * 10)
    assert sys.getsizeof(cooldown._last) < 1_000_000
    assert len(cooldown._last) <= PAUSE / 10


def test_a_clock_set_back_locks_nobody_out_and_keeps_nothing() -> None:
    cooldown = Cooldown(PAUSE)
    assert cooldown.allows("sam", NOON)
    assert cooldown.allows("sam", NOON - hours(1))
    assert not cooldown.allows("sam", NOON - hours(1) + 1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5_000)), max_size=40))
def test_no_key_passes_twice_within_the_pause(calls: list[tuple[str, int]]) -> None:
    cooldown, now, passed = Cooldown(PAUSE), NOON, dict[str, int]()
    for key, later in calls:
        now += later
        due = key not in passed or now - passed[key] >= PAUSE
        assert cooldown.allows(key, now) is due
        if due:
            passed[key] = now
