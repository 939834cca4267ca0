"""The collector settles the shop's anomalies as time passes, whether or not a web process runs."""

from __future__ import annotations

from sqlalchemy import insert

from core.clock import HOUR_MS, MINUTE_MS
from core.db import Database
from ingest.upkeep import keep_up
from models import StoreAnomaly
from tests.support import NOON, POLICY, rows

KINDS = ("traffic_spike", "unusual_purchase", "hyperactive_user")


def find(db: Database, at_ms: int, kind: str, state: str = "new") -> None:
    row = {
        "occasion": f"{kind}:{state}:{at_ms}",
        "type": kind,
        "state": state,
        "severity": "low",
        "message": "",
        "value": 1.0,
        "expected_low": 0.0,
        "expected_high": 1.0,
        "baseline": "{}",
        "detected_at_ms": at_ms,
        "changed_at_ms": at_ms,
    }
    with db.writing() as connection:
        connection.execute(insert(StoreAnomaly).values(row))


def states(db: Database) -> list[str]:
    return [row["state"] for row in rows(db, StoreAnomaly)]


def test_what_is_over_settles_itself_and_an_odd_purchase_waits_for_somebody(db: Database):
    for kind in KINDS:
        find(db, NOON, kind)
    find(db, NOON, "traffic_spike", "seen")
    keep_up(db, POLICY, NOON + 9 * MINUTE_MS)
    assert states(db) == ["new", "new", "new", "seen"]
    keep_up(db, POLICY, NOON + 11 * MINUTE_MS)
    assert states(db) == ["resolved", "new", "new", "resolved"]
    keep_up(db, POLICY, NOON + HOUR_MS + MINUTE_MS)
    assert states(db) == ["resolved", "new", "resolved", "resolved"]
    changed = [row["changed_at_ms"] for row in rows(db, StoreAnomaly)]
    keep_up(db, POLICY, NOON + 2 * HOUR_MS)
    assert [row["changed_at_ms"] for row in rows(db, StoreAnomaly)] == changed
