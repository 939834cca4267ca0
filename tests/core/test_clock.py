"""Instants and the labels people read in their own zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import MINUTE_MS, hh_mm, iso, iso_utc, local_day, minute_of, now_ms, week_hour

LORD_HOWE, KATHMANDU = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")
BERLIN, KOLKATA, ADELAIDE = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Adelaide")


def minute(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) // 60


def labels(first: str, count: int, zone: ZoneInfo) -> list[str]:
    return [hh_mm(minute(first) + number, zone) for number in range(count)]


def test_the_minutes_go_on_over_midnight() -> None:
    assert labels("2026-11-21T23:58:00+01:00", 4, BERLIN) == ["23:58", "23:59", "00:00", "00:01"]


def test_when_clocks_go_forward_an_hour_of_labels_is_skipped() -> None:
    assert labels("2026-03-29T01:58:00+01:00", 4, BERLIN) == ["01:58", "01:59", "03:00", "03:01"]


def test_when_clocks_go_back_an_hour_of_labels_comes_twice() -> None:
    assert labels("2026-10-25T02:58:00+02:00", 4, BERLIN) == ["02:58", "02:59", "02:00", "02:01"]


def test_zones_of_half_hours_are_labelled_by_their_own_clock() -> None:
    assert labels("2026-11-21T18:29:00+00:00", 2, KOLKATA) == ["23:59", "00:00"]
    assert labels("2026-10-03T16:29:00+00:00", 2, ADELAIDE) == ["01:59", "03:00"]


@pytest.mark.parametrize(
    ("zone", "expected"), [(BERLIN, "2026-11-21T13:00:00.250+01:00"), (KOLKATA, "2026-11-21T17:30:00.250+05:30")]
)
def test_an_instant_is_told_with_its_offset(zone: ZoneInfo, expected: str) -> None:
    assert iso(1_795_262_400_250, zone) == expected


def test_logs_tell_instants_in_utc() -> None:
    assert iso_utc(1_795_262_400_000) == "2026-11-21T12:00:00.000+00:00"


@given(st.integers(1_262_304_000_000, 4_000_000_000_000), st.sampled_from([BERLIN, KOLKATA, ADELAIDE]))
def test_an_instant_can_be_read_back_to_the_millisecond(at_ms: int, zone: ZoneInfo) -> None:
    assert round(datetime.fromisoformat(iso(at_ms, zone)).timestamp() * 1000) == at_ms


@given(st.integers(0, 4_000_000_000_000))
def test_a_minute_holds_its_sixty_seconds(at_ms: int) -> None:
    assert 0 <= at_ms - minute_of(at_ms) * MINUTE_MS < MINUTE_MS


@given(st.integers(0, 2_400_000_000_000), st.sampled_from([BERLIN, KOLKATA, ADELAIDE, LORD_HOWE, KATHMANDU]))
def test_the_hour_of_the_week_and_the_day_are_those_of_the_wall_clock(at_ms: int, zone: ZoneInfo) -> None:
    wall = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(zone)
    days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    assert divmod(week_hour(at_ms, zone), 24) == (days.index(wall.strftime("%A")), wall.hour)
    assert local_day(at_ms, zone) == wall.date()


def test_now_is_now() -> None:
    assert abs(now_ms() - datetime.now(UTC).timestamp() * 1000) < 5_000
