"""What the database must hold after the crowd has talked, and whether a rebuild says the same."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core.clock import now_ms
from core.db import Database
from core.events import Kind
from ingest import ledger, rebuild, store_rebuild
from ingest.policy import Policy
from models import CoverageGap, LedgerTotal, Sale, StoreEvent, StoreTotal
from models import Event as EventRow
from tests.ingest import money, shop
from tests.ingest.tables import tables
from tests.support import rows, settle
from tests.torture.crowd import BITS, PRICE_CENTS, Crowd, cheers
from tests.torture.report import Report

UTC = ZoneInfo("UTC")
POLICY = Policy(session_timeout_ms=60_000)


def everything_told(of: Database) -> dict[str, Any]:
    """All that is computed from what happened."""
    return {"events": tables(of), "money": money.held(of), "shop": shop.tables(of)}


def recompute(of: Database, at_ms: int, policy: Policy = POLICY) -> None:
    """What ``init_db.py --rebuild`` does."""
    with of.writing() as connection:
        rebuild.rebuild(connection, policy, at_ms)
        store_rebuild.rebuild(connection, at_ms)
        ledger.rebuild(connection, UTC)


def damage(of: Database) -> list[str]:
    """What SQLite finds wrong with its file; a server looks after its own."""
    if not of.is_sqlite:
        return []
    with sqlite3.connect(str(of.url.database)) as connection:
        found = [line for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
        found += [f"foreign key {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    connection.close()
    return found


@dataclass(frozen=True)
class Books:
    """What is stored, beside what the crowd remembers."""

    database: Database
    crowd: Crowd

    def audit(self, report: Report) -> None:
        self._chat(report)
        self._shop(report)
        self._till(report)
        self._sums(report)
        report.promise("the file is whole (PRAGMA integrity_check)", damage(self.database))

    def _chat(self, report: Report) -> None:
        with self.database.reading() as connection:
            said = connection.scalars(select(EventRow.text).where(EventRow.kind == Kind.CHAT.value)).all()
        stored = Counter(int(text.removeprefix("line ")) for text in said if text)
        missing = sorted(self.crowd.lines.keys() - stored.keys())
        gaps = [(row["started_at_ms"], row["ended_at_ms"] or 2**62) for row in rows(self.database, CoverageGap)]

        def is_in_a_gap(number: int) -> bool:
            return any(start <= self.crowd.lines[number] <= end for start, end in gaps)

        report.figure("lines said", f"{len(self.crowd.lines):,}, {len(missing):,} of them while nobody listened")
        report.promise("no line of chat is counted twice", [line for line, times in stored.items() if times > 1])
        unsaid = [line for line in missing if not is_in_a_gap(line)]
        report.promise("each line that is not there lies in a gap that is told", unsaid)
        report.promise("no two gaps overlap", [pair for pair in pairwise(sorted(gaps)) if pair[0][1] > pair[1][0]])
        claimed = [number for number in self.crowd.lines if is_in_a_gap(number)]
        report.figure("lines in gaps", f"{len(claimed):,}, {len(set(claimed) & stored.keys()):,} of them stored")

    def _shop(self, report: Report) -> None:
        with self.database.reading() as connection:
            stored = Counter(connection.scalars(select(StoreEvent.event_id)))
            counted = connection.scalar(select(func.sum(StoreTotal.events)))
        told = self.crowd.tracked
        report.figure("events of the shops acknowledged", f"{len(told):,}")
        report.promise("no acknowledged event of a shop is lost", sorted(told.keys() - stored.keys()))
        twice = [event for event, times in stored.items() if times > 1]
        report.promise("none of them is counted twice", twice or [counted] * (counted != len(told)))

    def _till(self, report: Report) -> None:
        with self.database.reading() as connection:
            stored = set(connection.scalars(select(Sale.sale_id)))
        sold = self.crowd.sold
        report.figure("sales acknowledged", f"{len(sold):,}")
        report.promise("no acknowledged sale is lost", sorted(sold.keys() - stored))

    def _sums(self, report: Report) -> None:
        expected = {
            ("EUR", "shop"): Decimal(PRICE_CENTS * list(self.crowd.tracked.values()).count("purchase")) / 100,
            ("EUR", "till"): Decimal(sum(self.crowd.sold.values())) / 100,
            ("USD", "bits"): Decimal(BITS * self._cheers()) / 100,
        }
        held = {
            (row["currency"], row["source"]): Decimal(row["amount_micros"]) / 10**6
            for row in rows(self.database, LedgerTotal)
            if row["source"]
        }
        report.promise("the ledger is right to the cent", [f"{held} instead of {expected}"] * (held != expected))
        at_ms = now_ms()
        settle(self.database, at_ms, POLICY)
        before = everything_told(self.database)
        recompute(self.database, at_ms)
        after = everything_told(self.database)
        differing = [
            f"{kind}: {name}" for kind, parts in before.items() for name in parts if parts[name] != after[kind][name]
        ]
        report.promise("all totals are what a rebuild computes", differing)

    def _cheers(self) -> int:
        with self.database.reading() as connection:
            said = connection.scalars(select(EventRow.text).where(EventRow.kind == Kind.CHAT.value)).all()
        return sum(cheers(int(text.removeprefix("line "))) for text in said if text)
