"""The benchmarks of the library and of revenue, in small: sums are those of their rows, and they run to their end."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from benchmarks import library, revenue
from core.db import Database
from models import (
    LedgerDay,
    LedgerEntry,
    LibraryPayment,
    LibraryRevenueDay,
    LibraryTotal,
    LibraryWatch,
    LibraryWatchMonth,
)
from tests.support import NOON

pytestmark = pytest.mark.long


def test_what_is_counted_of_a_made_library_is_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "library.db"
    library.make(file, 2_000, now_ms=NOON)
    database = Database(f"sqlite:///{file}")
    with database.reading() as connection:
        records = dict(connection.execute(select(LibraryTotal.kind, LibraryTotal.records)).tuples().all())
        watches = connection.scalar(select(func.count()).select_from(LibraryWatch))
        by_month = connection.scalar(select(func.sum(LibraryWatchMonth.watches)))
        paid = connection.scalar(select(func.sum(LibraryPayment.amount_minor)))
        by_day = connection.scalar(select(func.sum(LibraryRevenueDay.amount_minor)))
    database.close()
    assert records.pop("library_plans") == 4
    assert sum(records.values()) == 2_000
    assert watches == by_month == records["library_watches"]
    assert paid == by_day
    assert paid > 0


def test_a_made_ledgers_days_are_the_sums_of_its_entries(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    revenue.make(file, 1_000, now_ms=NOON)
    database = Database(f"sqlite:///{file}")
    with database.reading() as connection:
        entries = connection.execute(select(func.count(), func.sum(LedgerEntry.amount_micros))).one()
        whole = select(func.sum(LedgerDay.sales), func.sum(LedgerDay.amount_micros)).where(LedgerDay.source == "")
        days = connection.execute(whole).one()
    database.close()
    assert tuple(entries) == tuple(days)
    assert entries[0] == 1_000


def test_both_ask_every_question(capsys: pytest.CaptureFixture[str]) -> None:
    library.main(small=300, large=600, asked=2)
    revenue.main(small=300, large=600, asked=2)
    told = capsys.readouterr().out
    assert told.count("| /") == len(library.CHARTS) + len(library.LISTS) + len(library.OF_ONE) + 2
