"""What was unusual in the shop, as it was found when it happened."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from analytics.store_reach import Range
from core.clock import iso
from core.statements import Prepared
from models import StoreAnomaly, StoreUser
from rules.anomalies import AnomalyType

LISTED = 100


def anomalies(connection: Connection, asked: Range, zone: ZoneInfo) -> dict[str, Any]:
    """The newest of the range first; ``total_anomalies`` counts those that are not listed as well."""
    since_ms, until_ms = asked.since_ms or 0, asked.until_ms or 2**62
    rows = _LIST(connection, since=since_ms, until=until_ms)
    return {
        "anomalies": [anomaly_json(row, zone) for row in rows],
        "total_anomalies": _COUNT(connection, since=since_ms, until=until_ms).scalar() or 0,
        "analysis_period": asked.name,
        "detection_types": [kind.value for kind in AnomalyType],
    }


def anomaly_json(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    """A row of ``store_anomalies`` joined with its person's id."""
    return {
        "id": row.id,
        "type": row.type,
        "severity": row.severity,
        "state": row.state,
        "message": row.message,
        "current_value": row.value,
        "expected_range": [round(row.expected_low, 2), round(row.expected_high, 2)],
        "baseline": json.loads(row.baseline),
        "detected_at": iso(row.detected_at_ms, zone),
        "changed_at": iso(row.changed_at_ms, zone),
        "user_id": row.user_id,
    }


ROWS = select(StoreAnomaly.__table__, StoreUser.user_id).outerjoin(StoreUser, StoreUser.id == StoreAnomaly.user_row)
_IN_RANGE = (StoreAnomaly.detected_at_ms >= bindparam("since"), StoreAnomaly.detected_at_ms < bindparam("until"))
_LIST = Prepared(
    ROWS.where(*_IN_RANGE).order_by(StoreAnomaly.detected_at_ms.desc(), StoreAnomaly.id.desc()).limit(LISTED)
)
_COUNT = Prepared(select(func.count()).select_from(StoreAnomaly).where(*_IN_RANGE))
