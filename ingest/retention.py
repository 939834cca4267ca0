"""Raw events that are older than they are kept: deleted step by step, while all that was added up of them stays."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, func, select, update

from core.events import Kind
from core.statements import Prepared, one_of
from ingest.installation import note
from models import Channel, Installation, StoreAnomaly, StoreEvent
from models import Event as EventRow
from rules.retention import KEPT_SINCE

STEP = 500  # raw events of each sort in one transaction: some ten milliseconds


def kept_since_ms(connection: Connection) -> int:
    """From when on every raw event is there (UTC milliseconds); 0: from the beginning."""
    return int(_KEPT_SINCE(connection).scalar() or 0)


def keep_since(connection: Connection, at_ms: int) -> None:
    """Notes, before the first of them goes, that raw events from before ``at_ms`` are no longer to be relied on."""
    if at_ms > kept_since_ms(connection):
        note(connection, KEPT_SINCE, str(at_ms))


def forget_some(connection: Connection) -> int:
    """Deletes up to STEP old events of the channels and of the shop; answers how many, 0 when none is left.

    The newest row stays however old it is: SQLite would give its number again, and who follows by number overlook what
    comes.
    """
    before_ms = kept_since_ms(connection)
    return _forget_events(connection, before_ms) + _forget_store_events(connection, before_ms)


def _forget_events(connection: Connection, before_ms: int) -> int:
    newest, ids = _NEWEST_EVENT(connection).scalar(), list[int]()
    for channel_id in connection.scalars(select(Channel.id)):
        for kind in Kind:
            asked = {"channel": channel_id, "kind": kind.value, "before": before_ms, "limit": STEP - len(ids)}
            ids.extend(id_ for id_ in _OLD_EVENTS(connection, **asked).scalars() if id_ != newest)
            if len(ids) >= STEP:
                break
    connection.execute(delete(EventRow).where(one_of(connection, EventRow.id, ids)))
    return len(ids)


def _forget_store_events(connection: Connection, before_ms: int) -> int:
    """Their keys stay: an order that is reported once more a year later is still the same order."""
    newest = _NEWEST_STORE_EVENT(connection).scalar()
    ids = [id_ for id_ in _OLD_STORE_EVENTS(connection, before=before_ms, limit=STEP).scalars() if id_ != newest]
    mine = one_of(connection, StoreAnomaly.event_row, ids)
    connection.execute(update(StoreAnomaly).where(mine).values(event_row=None))
    connection.execute(delete(StoreEvent).where(one_of(connection, StoreEvent.id, ids)))
    return len(ids)


_KEPT_SINCE = Prepared(select(Installation.value).where(Installation.key == bindparam("key", KEPT_SINCE)))
_NEWEST_EVENT = Prepared(select(func.max(EventRow.id)))
_NEWEST_STORE_EVENT = Prepared(select(func.max(StoreEvent.id)))
# Down the index of each kind in each channel: none begins with the time. Several processes may do it at once.
_OLD_EVENTS = Prepared(
    select(EventRow.id)
    .where(
        EventRow.channel_id == bindparam("channel"),
        EventRow.kind == bindparam("kind"),
        EventRow.at_ms < bindparam("before"),
    )
    .order_by(EventRow.at_ms)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_OLD_STORE_EVENTS = Prepared(
    select(StoreEvent.id)
    .where(StoreEvent.at_ms < bindparam("before"))
    .order_by(StoreEvent.at_ms)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
