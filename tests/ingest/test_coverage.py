"""Who listened when: states of sources, and the gaps in which nobody did."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db import Database
from core.events import Platform, SourceState, SourceStatus
from ingest import coverage
from ingest.batch import Memory
from models import CoverageGap, SourceCondition
from tests.support import NOON, examples, fresh_database, only, rows

CONNECTED, CONNECTING, WAITING, OFFLINE, FAILED, STOPPED = (
    SourceState.CONNECTED,
    SourceState.CONNECTING,
    SourceState.WAITING,
    SourceState.OFFLINE,
    SourceState.FAILED,
    SourceState.STOPPED,
)


def tell(db: Database, *states: SourceState, start: int = NOON, channel: str = "lena") -> None:
    """One state after another, a second apart."""
    statuses = [
        SourceStatus(Platform.TWITCH, channel, state, start + number * 1_000, f"because {state.value}")
        for number, state in enumerate(states)
    ]
    with db.writing() as connection:
        coverage.record(connection, statuses, Memory())


def gaps(db: Database) -> list[tuple[int, int | None]]:
    """Start and end of each gap, in seconds since noon."""
    return [
        ((row["started_at_ms"] - NOON) // 1000, row["ended_at_ms"] and (row["ended_at_ms"] - NOON) // 1000)
        for row in rows(db, CoverageGap)
    ]


def test_the_condition_of_a_source_is_the_last_one_told(db: Database) -> None:
    status = SourceStatus(Platform.TWITCH, "lena", WAITING, NOON, "connection lost", NOON + 5_000)
    with db.writing() as connection:
        coverage.record(connection, [status], Memory())
    condition = only(db, SourceCondition)
    assert (condition["state"], condition["detail"]) == ("waiting", "connection lost")
    assert (condition["since_ms"], condition["retry_at_ms"]) == (NOON, NOON + 5_000)
    tell(db, CONNECTED, start=NOON + 6_000)
    condition = only(db, SourceCondition)
    assert (condition["state"], condition["retry_at_ms"]) == ("connected", None)


def test_a_lost_connection_opens_a_gap_and_the_next_one_closes_it(db: Database) -> None:
    tell(db, CONNECTING, CONNECTED, WAITING)
    assert gaps(db) == [(1, None)]
    assert only(db, CoverageGap)["reason"] == "because waiting"
    tell(db, CONNECTING, CONNECTED, start=NOON + 10_000)
    assert gaps(db) == [(1, 11)]


def test_what_was_on_its_way_when_a_connection_ended_is_missed_as_well(db: Database) -> None:
    for state, at_ms in ((CONNECTED, 0), (WAITING, 60_250), (CONNECTED, 90_000), (STOPPED, 90_200)):
        tell(db, state, start=NOON + at_ms)
    first, second = rows(db, CoverageGap)
    assert (first["started_at_ms"], first["ended_at_ms"]) == (NOON + 59_250, NOON + 90_000)
    assert (second["started_at_ms"], second["ended_at_ms"]) == (NOON + 90_000, None), "before, nothing was on its way"


def test_no_gap_ends_before_it_begins_though_a_clock_is_set_back(db: Database) -> None:
    tell(db, CONNECTED)
    tell(db, WAITING, start=NOON + 60_000)
    tell(db, CONNECTED, start=NOON + 30_000)
    assert gaps(db) == [(59, 59)]
    tell(db, WAITING, start=NOON - 3_600_000)
    assert only(db, SourceCondition)["state"] == "waiting"
    assert gaps(db) == [(59, 59), (-3_600, None)]


def test_many_failed_tries_are_one_gap(db: Database) -> None:
    tell(db, CONNECTED, WAITING, CONNECTING, WAITING, CONNECTING, WAITING, CONNECTED)
    assert gaps(db) == [(0, 6)]


def test_before_the_first_connection_nothing_was_missed_that_was_ever_heard(db: Database) -> None:
    tell(db, CONNECTING, WAITING, CONNECTING, WAITING)
    assert gaps(db) == []


def test_a_channel_that_is_not_live_is_no_gap(db: Database) -> None:
    tell(db, CONNECTED, OFFLINE, CONNECTED, OFFLINE)
    assert gaps(db) == []
    tell(db, WAITING, OFFLINE, start=NOON + 10_000)
    assert gaps(db) == [(9, 11)]


@pytest.mark.parametrize("end", [STOPPED, FAILED])
def test_a_source_that_stops_or_fails_leaves_an_open_gap(db: Database, end: SourceState) -> None:
    tell(db, CONNECTED, end)
    assert gaps(db) == [(0, None)]


def test_a_status_without_words_is_told_by_its_state(db: Database) -> None:
    with db.writing() as connection:
        statuses = [SourceStatus(Platform.TWITCH, "lena", state, NOON) for state in (CONNECTED, FAILED)]
        coverage.record(connection, statuses, Memory())
    assert only(db, CoverageGap)["reason"] == "failed"


def test_channels_have_gaps_of_their_own(db: Database) -> None:
    tell(db, CONNECTED, WAITING)
    tell(db, CONNECTED, channel="northwind")
    assert len(gaps(db)) == 1
    tell(db, CONNECTED, start=NOON + 9_000, channel="northwind")
    assert gaps(db) == [(0, None)]


def test_an_outage_of_the_process_opens_gaps_where_somebody_listened(db: Database) -> None:
    tell(db, CONNECTED)
    tell(db, OFFLINE, channel="northwind")
    tell(db, CONNECTED, WAITING, channel="milo")
    with db.writing() as connection:
        coverage.record_outage(connection, "collector", NOON + 30_000)
    assert gaps(db) == [(0, None), (30, None), (30, None)]
    assert [row["state"] for row in rows(db, SourceCondition)] == ["stopped", "stopped", "waiting"]
    with db.writing() as connection:  # and a second start in a row opens no second gap
        coverage.record_outage(connection, "collector", NOON + 40_000)
    assert len(gaps(db)) == 3


def test_the_last_sign_of_life_of_each_process_is_kept(db: Database) -> None:
    with db.writing() as connection:
        assert coverage.last_beat(connection, "collector") is None
        coverage.beat(connection, "collector", NOON, "{}")
        coverage.beat(connection, "web", NOON + 1, "{}")
        coverage.beat(connection, "collector", NOON + 2, "{}")
        assert coverage.last_beat(connection, "collector") == NOON + 2
        assert coverage.last_beat(connection, "web") == NOON + 1


def expected(states: Iterable[SourceState]) -> list[tuple[int, int | None]]:
    found: list[tuple[int, int | None]] = []
    covered = None
    for second, state in enumerate(states):
        now = state in (CONNECTED, OFFLINE)
        if now and found and found[-1][1] is None:
            found[-1] = (found[-1][0], second)
        if not now and covered:
            found.append((second - 1, None))  # for what was on its way
        covered = now
    return found


@examples(40)
@given(st.lists(st.sampled_from(SourceState), max_size=12), st.integers(0, 12))
def test_gaps_are_the_times_between_listening_and_listening_however_they_are_told(
    states: list[SourceState], cut: int
) -> None:
    with fresh_database() as db:
        tell(db, *states[:cut])
        tell(db, *states[cut:], start=NOON + len(states[:cut]) * 1_000)
        assert gaps(db) == expected(states)
