"""Money is booked once, in the transaction of its cause, and every sum is that of the plain list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from sqlalchemy import delete

from actions import store as orders_about_the_shop
from core.db import Database
from core.events import Kind, Platform
from core.money import Rates
from core.tracked import Tracked
from ingest import ledger, ledger_history
from ingest import sales as cash
from ingest.batch import Memory
from ingest.ledger import Entry
from ingest.sales import Became
from ingest.store import record
from init_db import upgrade
from models import EntryKind, LedgerDay, LedgerEntry, LedgerHour, LedgerStream, LedgerTotal, Sale
from rules.funnel import Step
from rules.sales import Reported, checked
from tests.databases import unsafe
from tests.ingest import money
from tests.ingest.histories import IGNORED, LATEST, Telling, tellings
from tests.ingest.reference import Reference
from tests.ingest.test_histories import prepare
from tests.ingest.test_plans import recorded, scans
from tests.servers import PostgresServer
from tests.support import (
    NOON,
    NOVA,
    OTTO,
    POLICY,
    SESSION_TIMEOUT_MS,
    UTC,
    act,
    chat,
    database,
    deletion,
    examples,
    hours,
    minutes,
    only,
    rows,
    timeout,
    write,
)

thorough = examples(40)
SUMS = (LedgerDay, LedgerHour, LedgerStream, LedgerTotal)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all examples, emptied before each."""
    made = unsafe(database(tmp_path_factory.mktemp("ledger")))
    yield made
    made.close()


def tell(db: Database, telling: Telling, orders: Sequence[Tracked], sold: Sequence[Reported]) -> Counter[str]:
    """Stores all of it, the three kinds by turns; answers what became of the sales."""
    policy, memory = replace(POLICY, zone=telling.zone), Memory()
    became: Counter[str] = Counter()
    for batch, restarts in zip(telling.batches, telling.restarts, strict=True):
        memory = Memory() if restarts else memory
        write(db, batch, memory=memory, now_ms=LATEST, policy=policy)
    for item in money.in_turns([orders[:5], orders[5:]], [*([sale] for sale in sold[:3]), sold[3:]]):
        with db.writing() as connection:
            if item and isinstance(item[0], Reported):
                became.update(taken.became.value for taken in cash.record(connection, item, policy, NOON))
            else:
                record(connection, item, NOON, policy)
    return became


def expected(telling: Telling, orders: Sequence[Tracked], sold: Sequence[Reported]) -> tuple[Any, Counter[str]]:
    sums = money.Sums()
    told = Reference(telling.events, now_ms=LATEST, timeout_ms=SESSION_TIMEOUT_MS, ignored=IGNORED, zone=telling.zone)
    money.of_events(sums, told, telling.zone)
    money.of_shop(sums, orders, telling.zone)
    return sums, money.of_sales(sums, sold, telling.zone)


def as_in_the_plain_list(db: Database, telling: Telling, orders: Any, sold: Any) -> None:
    prepare(db)
    became = tell(db, telling, orders, sold)
    sums, rules = expected(telling, orders, sold)
    assert money.held(db) == sums.plain()
    assert became == rules


@thorough
@given(tellings(), money.purchases(), money.sales())
def test_every_sum_is_that_of_the_plain_list_whatever_came_twice_grew_or_was_given_back(shared, telling, orders, sold):
    as_in_the_plain_list(shared, telling, orders, sold)


@pytest.fixture(scope="module")
def pg(postgres: PostgresServer) -> Iterator[Database]:
    made = Database(postgres.new_database())
    upgrade(made)
    yield made
    made.close()


@pytest.mark.sqlite  # elsewhere all of these run so
@examples(6)
@given(tellings(), money.purchases(), money.sales())
def test_it_is_the_same_on_postgresql(pg, telling, orders, sold):
    as_in_the_plain_list(pg, telling, orders, sold)
    before = money.held(pg)
    with pg.writing() as connection:
        ledger.rebuild(connection, telling.zone)
    assert money.held(pg) == before


@examples(20)
@given(tellings(), money.purchases(), money.sales())
def test_adding_all_entries_up_anew_changes_nothing(shared, telling, orders, sold):
    prepare(shared)
    tell(shared, telling, orders, sold)
    before = money.held(shared)
    with shared.writing() as connection:
        assert ledger.rebuild(connection, telling.zone) == len(rows(shared, LedgerEntry))
    assert money.held(shared) == before


@examples(20)
@given(tellings(), money.purchases())
def test_what_was_recorded_before_there_was_a_ledger_is_booked_as_if_there_had_been_one(shared, telling, orders):
    prepare(shared)
    tell(shared, telling, orders, [])
    before = money.held(shared)
    with shared.writing() as connection:
        for table in (*SUMS, LedgerEntry):
            connection.execute(delete(table))
        ledger_history.book(connection, replace(POLICY, zone=telling.zone), NOON)
    assert money.held(shared) == before


def booked(db: Database) -> list[tuple[str, int, int]]:
    return [(row["source"], row["amount_micros"], row["kind"]) for row in rows(db, LedgerEntry)]


def total(db: Database, currency: str = "USD") -> Decimal:
    return money.held(db)["totals"].get((currency, ""), (Decimal(0), 0))[0]


def test_an_entry_says_who_gave_what_in_which_stream(db):
    write(db, [act(Kind.GIFT, NOVA, platform=Platform.TIKTOK, amount=25, quantity=5, name="Rose", diamonds=5)])
    row = only(db, LedgerEntry)
    assert (row["label"], row["quantity"], row["amount_micros"], row["currency"]) == ("Rose", 5, 125_000, "USD")
    assert row["viewer_id"] and row["stream_id"] and row["at_ms"] == NOON


def test_a_gift_streak_is_booked_once_however_many_ticks_tell_of_it(db):
    for count in (1, 3, 3, 7):
        tick = act(
            Kind.GIFT, NOVA, NOON + count, amount=5 * count, quantity=count, diamonds=5, streak="7:31", gift_id=1
        )
        write(db, [tick])
    assert total(db) == 7 * 5 * Decimal("0.005")


def test_a_coin_keeps_the_value_it_had_when_it_was_booked(db):
    dearer = replace(POLICY, rates=Rates("USD", Decimal("0.01"), Decimal("0.01")))
    write(db, [act(Kind.GIFT, NOVA, amount=100)])
    write(db, [act(Kind.GIFT, OTTO, amount=100)], policy=dearer)
    assert total(db) == Decimal("1.5")
    with db.writing() as connection:
        ledger.rebuild(connection, UTC)
    assert total(db) == Decimal("1.5")


def test_a_cheer_that_a_moderator_takes_back_is_taken_out_at_the_worth_it_was_booked_at(db):
    said = chat(NOVA, "cheer100", amount=100)
    write(db, [said, chat(OTTO, amount=50)])
    dearer = replace(POLICY, rates=Rates("USD", Decimal("0.01"), Decimal(1)))
    write(db, [deletion(said)], policy=dearer)
    write(db, [timeout(NOVA, NOON + minutes(1))], policy=dearer)
    assert booked(db) == [("bits", 1_000_000, 0), ("bits", 500_000, 0), ("bits", -1_000_000, EntryKind.CORRECTION)]
    assert total(db) == Decimal("0.5")


def test_two_equal_cheers_without_an_id_are_two_and_are_taken_out_one_by_one(db):
    write(db, [chat(NOVA, amount=10, source_id=None), chat(NOVA, amount=10, source_id=None)])
    assert total(db) == Decimal("0.2")
    write(db, [timeout(NOVA, NOON + minutes(1))])
    assert total(db) == 0


def test_money_of_two_currencies_is_never_added_together(db):
    orders = [
        Tracked("a", int(Step.PURCHASE), NOON, "ada", 1_000, "EUR"),
        Tracked("b", int(Step.PURCHASE), NOON, None, 5, "JPY"),
    ]
    with db.writing() as connection:
        record(connection, orders, NOON, POLICY)
    assert (total(db, "EUR"), total(db, "JPY"), total(db)) == (10, 5, 0)


def test_what_is_edited_is_corrected_and_booked_anew_and_what_is_deleted_leaves_nothing(db):
    paid = Entry("memberships", NOON, "USD", 9_990_000, "payment/1")
    moved = replace(paid, at_ms=NOON - hours(48), amount_micros=12_000_000)
    with db.writing() as connection:
        ledger.book(connection, [paid], UTC, NOON)
        ledger.replace_all(connection, "payment/1", moved, UTC, NOON)
    days = {str(day): amount for (_, day, source), amount in money.held(db)["days"].items() if source == ""}
    assert days == {"2026-11-19": (Decimal(12), 1)}
    with db.writing() as connection:
        ledger.replace_all(connection, "payment/1", None, UTC, NOON)
        ledger.replace_all(connection, "payment/1", None, UTC, NOON)
    assert money.held(db)["days"] == {}
    assert len(rows(db, LedgerEntry)) == 4


def test_when_the_shop_s_events_are_deleted_so_is_what_they_earned_and_nothing_else(db):
    with db.writing() as connection:
        record(connection, [Tracked("a", int(Step.PURCHASE), NOON, "ada", 1_000, "USD")], NOON, POLICY)
    sell(db, {"id": "order-1", "amount": 3, "source": "shop"})
    write(db, [chat(NOVA, amount=100)])
    orders_about_the_shop.clear(db, POLICY.zone)
    assert {source: amount for (_, source), (amount, _) in money.held(db)["totals"].items()} == {
        "": 4,
        "shop": 3,
        "bits": 1,
    }


def test_a_failed_transaction_books_nothing(db):
    with pytest.raises(RuntimeError), db.writing() as connection:
        record(connection, [Tracked("a", int(Step.PURCHASE), NOON, "ada", 1_000, "USD")], NOON, POLICY)
        raise RuntimeError
    assert rows(db, LedgerEntry) == []


def sell(db: Database, *items: dict[str, Any]) -> list[Became]:
    sold = [checked(item, now_ms=NOON, currency="USD") for item in items]
    with db.writing() as connection:
        return [taken.became for taken in cash.record(connection, sold, POLICY, NOON)]


def test_a_sale_can_be_given_back_in_parts_but_not_more_than_it_was(db):
    part = {"refund_of": "order-1", "amount": -6}
    assert sell(db, {"id": "order-1", "amount": 10}) == [Became.BOOKED]
    assert sell(db, {"id": "r1", **part}, {"id": "r2", **part}) == [Became.BOOKED, Became.TOO_MUCH]
    assert sell(db, {"id": "r3", "refund_of": "order-1", "amount": -4}) == [Became.BOOKED]
    assert sell(db, {"id": "r4", "refund_of": "r1", "amount": -1}) == [Became.NO_SUCH_SALE]
    assert sell(db, {"id": "r5", **part, "currency": "EUR"}) == [Became.OTHER_CURRENCY]
    assert total(db) == 0
    assert [row["sale_id"] for row in rows(db, Sale)] == ["order-1", "r1", "r3"]


def test_the_same_sale_again_is_known_also_when_it_tells_no_time(db):
    item = {"id": "order-1", "amount": 10}
    assert sell(db, item, item) == [Became.BOOKED, Became.KNOWN]
    later = checked(item, now_ms=NOON + minutes(3), currency="USD")
    with db.writing() as connection:
        (taken,) = cash.record(connection, [later], POLICY, NOON + minutes(3))
    assert (taken.became, taken.at_ms) == (Became.KNOWN, NOON)
    assert sell(db, {"id": "order-1", "amount": 11}) == [Became.DIFFERENT]
    assert total(db) == 10


def test_a_day_is_one_of_the_zone_that_is_set(db):
    sold = [Entry("sales", NOON + hours(11), "USD", 1, "sale/1")]
    with db.writing() as connection:
        ledger.book(connection, sold, ZoneInfo("Asia/Kolkata"), NOON)
    assert {str(day) for _, day, _ in money.held(db)["days"]} == {"2026-11-22"}


@pytest.mark.sqlite
def test_no_sale_purchase_or_visitor_costs_more_as_there_are_more(db):
    with db.writing() as connection:
        for number in range(3):
            record(connection, [Tracked(f"a{number}", int(Step.PURCHASE), NOON, "ada", 1, "USD")], NOON, POLICY)
    with recorded(db) as statements:
        sell(db, {"id": "order-1", "amount": 10}, {"id": "r1", "amount": -5, "refund_of": "order-1"})
        with db.writing() as connection:
            record(connection, [Tracked("b", int(Step.PURCHASE), NOON, "ada", 1, "USD")], NOON, POLICY)
            record(connection, [Tracked("c", int(Step.PAGE_VIEW), NOON, "ada")], NOON, POLICY)
            ledger.replace_all(connection, "shop/b", None, UTC, NOON)
    with db.reading() as connection:
        found = {step for statement in statements for step in scans(connection, statement)}
    # One row; the newest of the shop's by its number; no table at all.
    assert found <= {"SCAN visitor_salts", "SCAN store_events", "SCAN CONSTANT ROW"}
