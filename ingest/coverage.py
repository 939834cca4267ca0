"""Who listened when: the state of each source, and the times in which nobody did."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from core.events import SourceState, SourceStatus
from core.statements import insert_for
from ingest.batch import Memory, channels
from models import CoverageGap, Heartbeat, SourceCondition

# In these states nothing that happens is missed: the source listens, or there is nothing to hear.
COVERED = frozenset({SourceState.CONNECTED, SourceState.OFFLINE})


def record(connection: Connection, statuses: Sequence[SourceStatus], memory: Memory) -> None:
    """Writes the sources' new states; opens a gap where listening ends, closes it where it goes on."""
    ids = channels(connection, {(status.platform, status.channel) for status in statuses}, memory)
    for status in statuses:
        channel_id = ids[status.platform, status.channel]
        if status.state in COVERED:
            _close_gap(connection, channel_id, status.at_ms)
        elif _was_covered(connection, channel_id):
            values = {"channel_id": channel_id, "started_at_ms": status.at_ms, "reason": _reason(status)}
            connection.execute(insert(CoverageGap).values(values))
        _write_condition(connection, channel_id, status)


def record_outage(connection: Connection, process: str, last_sign_ms: int | None) -> None:
    """At start: whatever was covered when this process last gave a sign of life has not been covered since."""
    if last_sign_ms is None:
        return
    covered = select(SourceCondition.channel_id).where(SourceCondition.state.in_([state.value for state in COVERED]))
    for channel_id in connection.scalars(covered).all():
        values = {"channel_id": channel_id, "started_at_ms": last_sign_ms, "reason": f"the {process} was down"}
        connection.execute(insert(CoverageGap).values(values))
        connection.execute(
            update(SourceCondition)
            .where(SourceCondition.channel_id == channel_id)
            .values(state=SourceState.STOPPED.value, since_ms=last_sign_ms, detail="", retry_at_ms=None)
        )


def beat(connection: Connection, process: str, at_ms: int, detail: str) -> None:
    """Writes a process's sign of life; ``detail`` is a JSON object."""
    upsert = insert_for(connection)(Heartbeat).values(process=process, at_ms=at_ms, detail=detail)
    changes = {"at_ms": upsert.excluded.at_ms, "detail": upsert.excluded.detail}
    connection.execute(upsert.on_conflict_do_update(index_elements=["process"], set_=changes))


def last_beat(connection: Connection, process: str) -> int | None:
    return connection.scalar(select(Heartbeat.at_ms).where(Heartbeat.process == process))


def _reason(status: SourceStatus) -> str:
    return status.detail or status.state.value


def _was_covered(connection: Connection, channel_id: int) -> bool:
    state = connection.scalar(select(SourceCondition.state).where(SourceCondition.channel_id == channel_id))
    return state in COVERED


def _close_gap(connection: Connection, channel_id: int, at_ms: int) -> None:
    open_gap = (CoverageGap.channel_id == channel_id, CoverageGap.ended_at_ms.is_(None))
    connection.execute(update(CoverageGap).where(*open_gap).values(ended_at_ms=at_ms))


def _write_condition(connection: Connection, channel_id: int, status: SourceStatus) -> None:
    upsert = insert_for(connection)(SourceCondition).values(
        channel_id=channel_id,
        state=status.state.value,
        detail=status.detail,
        since_ms=status.at_ms,
        retry_at_ms=status.retry_at_ms,
    )
    changes = {name: upsert.excluded[name] for name in ("state", "detail", "since_ms", "retry_at_ms")}
    connection.execute(upsert.on_conflict_do_update(index_elements=["channel_id"], set_=changes))
