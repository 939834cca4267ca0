"""Who listened when: the state of each source, and the times in which nobody did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, case, delete, func, insert, select, update

from core.clock import HOUR_MS
from core.events import COVERED, SourceState, SourceStatus
from core.statements import replacing
from ingest.batch import Memory, channels
from ingest.leases import Taken, Where, is_gone
from models import CoverageGap, Heartbeat, SourceCondition

COLLECTOR = "collector"  # begins the name of every collector's heartbeat
ON_ITS_WAY_MS = 1_000  # what was said so short a time before listening ended may not have reached us any more


def record(connection: Connection, statuses: Sequence[SourceStatus], memory: Memory) -> None:
    """Writes the sources' new states; opens a gap where listening ends, closes it where it goes on."""
    ids = channels(connection, {(status.platform, status.channel) for status in statuses}, memory)
    for status in statuses:
        channel_id = ids[status.platform, status.channel]
        if status.state in COVERED:
            _close_gap(connection, channel_id, status.at_ms)
        elif (since_ms := _covered(connection, channel_id).get(channel_id)) is not None:
            heard_ms = max(status.at_ms - ON_ITS_WAY_MS, min(since_ms, status.at_ms))
            _open_gap(connection, channel_id, heard_ms, _reason(status))
        _write_condition(connection, channel_id, status)


def of_unknown(connection: Connection, statuses: Sequence[SourceStatus], memory: Memory) -> list[SourceStatus]:
    """Those of channels of which nobody has ever said how they stand."""
    ids = channels(connection, {(status.platform, status.channel) for status in statuses}, memory)
    known = set(
        connection.scalars(select(SourceCondition.channel_id).where(SourceCondition.channel_id.in_(ids.values())))
    )
    return [status for status in statuses if ids[status.platform, status.channel] not in known]


@dataclass(frozen=True, slots=True)
class Missed:
    """A time in which a source was listened to in vain: what it heard could not be kept."""

    where: Where
    started_at_ms: int
    ended_at_ms: int


class Overflow:
    """What found no room since it was last taken: of each channel the time from the first to the newest."""

    def __init__(self) -> None:
        self._times: dict[Where, tuple[int, int]] = {}

    def add(self, where: Where, at_ms: int) -> None:
        first_ms, _ = self._times.get(where, (at_ms - ON_ITS_WAY_MS, at_ms))
        self._times[where] = (first_ms, at_ms)

    def take(self) -> list[Missed]:
        missed = [Missed(where, *times) for where, times in self._times.items()]
        self._times.clear()
        return missed


def record_missed(connection: Connection, missed: Sequence[Missed], memory: Memory) -> None:
    ids = channels(connection, {one.where for one in missed}, memory)
    for one in missed:
        _open_gap(connection, ids[one.where], one.started_at_ms, "more was said than could be kept", one.ended_at_ms)


def take_over(
    connection: Connection, taken: Sequence[Taken], told: Mapping[Where, SourceStatus], memory: Memory
) -> None:
    """Goes on where another collector has ended; ``told``: how our own sources stand towards the channels.

    What bears an id was stored by us all along, so it is a gap only if we did not listen either.
    """
    for one in taken:
        status, until_ms = told.get(one.where), _listened_until(connection, one)
        ours_ms = status.at_ms if status is not None and status.state in COVERED else None
        if ours_ms is None or until_ms is None or ours_ms > until_ms:
            record_outage(connection, COLLECTOR, until_ms, one.channel_id)
        if ours_ms is not None:
            _close_gap(connection, one.channel_id, ours_ms)
        if status is not None:
            record(connection, [replace(status, at_ms=max(status.at_ms, until_ms or 0))], memory)


def _listened_until(connection: Connection, taken: Taken) -> int | None:
    """Until when another collector is known to have listened, if any ever did."""
    last_ms = taken.last_sign_ms
    if last_ms is None:
        last_ms = last_beat(connection, COLLECTOR)
    if last_ms is None:
        return None
    # Who says that it listens gives a sign of life, too.
    return max(last_ms, _covered(connection, taken.channel_id).get(taken.channel_id, last_ms))


def record_outage(
    connection: Connection, process: str, last_sign_ms: int | None, channel_id: int | None = None
) -> None:
    """What was covered when a process gave its last sign of life has not been covered since: one channel, or all."""
    if last_sign_ms is None:
        return
    for id_, since_ms in _covered(connection, channel_id).items():
        ended_ms = max(last_sign_ms, since_ms)  # who says that it listens gives a sign of life, too
        _open_gap(connection, id_, ended_ms, f"the {process} was down")
        connection.execute(
            update(SourceCondition)
            .where(SourceCondition.channel_id == id_)
            .values(state=SourceState.STOPPED.value, since_ms=ended_ms, detail="", retry_at_ms=None)
        )


def beat(connection: Connection, process: str, at_ms: int, detail: str) -> None:
    """Writes a process's sign of life; ``detail`` is a JSON object."""
    _BEAT.run(connection, [(process, at_ms, detail)])


def last_beat(connection: Connection, process: str) -> int | None:
    """The newest of a kind of process, of which there may be several."""
    return connection.scalar(select(func.max(Heartbeat.at_ms)).where(Heartbeat.process.startswith(process)))


def forget_gone(connection: Connection, now_ms: int) -> None:
    """Takes collectors off the list that have ended on this machine, others after an hour: until then it is told."""
    for process, at_ms in connection.execute(_COLLECTORS).all():
        if at_ms < now_ms - HOUR_MS or is_gone(process.removeprefix(f"{COLLECTOR} ")):
            connection.execute(delete(Heartbeat).where(Heartbeat.process == process))


def forget(connection: Connection, process: str, of_kind: str) -> None:
    """Takes a process off the list that ends in peace, unless it is the last: when that was shall be known."""
    others = select(func.count()).where(Heartbeat.process.startswith(of_kind), Heartbeat.process != process)
    if connection.scalar(others):
        connection.execute(delete(Heartbeat).where(Heartbeat.process == process))


def _reason(status: SourceStatus) -> str:
    return status.detail or status.state.value


def _covered(connection: Connection, channel_id: int | None) -> dict[int, int]:
    """Since when it is listened to each channel to which somebody listens: one, or all."""
    query = select(SourceCondition.channel_id, SourceCondition.since_ms).where(
        SourceCondition.state.in_([state.value for state in COVERED])
    )
    if channel_id is not None:
        query = query.where(SourceCondition.channel_id == channel_id)
    return {row.channel_id: row.since_ms for row in connection.execute(query)}


def _open_gap(connection: Connection, channel_id: int, at_ms: int, reason: str, ended_at_ms: int | None = None) -> None:
    values = {"channel_id": channel_id, "started_at_ms": at_ms, "ended_at_ms": ended_at_ms, "reason": reason}
    connection.execute(insert(CoverageGap).values(values))


def _close_gap(connection: Connection, channel_id: int, at_ms: int) -> None:
    """No gap ends before it has begun, whatever two clocks, or one that was set back, say."""
    begun = CoverageGap.started_at_ms
    open_gap = (CoverageGap.channel_id == channel_id, CoverageGap.ended_at_ms.is_(None))
    connection.execute(
        update(CoverageGap).where(*open_gap).values(ended_at_ms=case((begun > at_ms, begun), else_=at_ms))
    )


def _write_condition(connection: Connection, channel_id: int, status: SourceStatus) -> None:
    row = (channel_id, status.state.value, status.detail, status.at_ms, status.retry_at_ms)
    _SET_CONDITION.run(connection, [row])


_BEAT = replacing(Heartbeat, ["process"], ["at_ms", "detail"])
_SET_CONDITION = replacing(SourceCondition, ["channel_id"], ["state", "detail", "since_ms", "retry_at_ms"])
# Where there are leases each has a name of its own, behind a space.
_COLLECTORS = select(Heartbeat.process, Heartbeat.at_ms).where(Heartbeat.process.startswith(f"{COLLECTOR} "))
