"""Anomalies against a slow reference that goes through all events each time, and their rules one by one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from core.db import Database
from core.tracked import Tracked
from ingest import preferences
from ingest.store import record
from ingest.store_anomalies import resolve_past
from models import Preference, StoreAnomaly, StoreUser
from rules.funnel import Step
from tests.databases import unsafe
from tests.ingest.shop import emptied, tracked
from tests.support import NOON, database, examples

LOW = {"traffic_windows": 3, "traffic_change": 2, "purchase_samples": 3, "purchase_change_percent": 10} | {
    "user_samples": 3,
    "user_change": 3,
}
WINDOW_MS = 5 * MINUTE_MS


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = unsafe(database(tmp_path_factory.mktemp("anomalies")))
    yield made
    made.close()


def new_shop(db: Database, thresholds: dict[str, Any] | None = None) -> Database:
    with emptied(db).writing() as connection:
        if thresholds:
            values = {"key": preferences.THRESHOLDS, "value": json.dumps(thresholds)}
            connection.execute(insert(Preference).values(values))
    return db


def tell(db: Database, events: Sequence[Tracked], now_ms: int = NOON) -> None:
    with db.writing() as connection:
        record(connection, events, now_ms)


def found(db: Database) -> list[Any]:
    with db.reading() as connection:
        query = select(StoreAnomaly.__table__, StoreUser.user_id).outerjoin(
            StoreUser, StoreUser.id == StoreAnomaly.user_row
        )
        return list(connection.execute(query.order_by(StoreAnomaly.id)))


def is_unusual(value: Fraction, others: Sequence[Fraction], least: int, change: Fraction, *, low: bool) -> bool | None:
    """None: it stands on the border, where rounding decides."""
    if len(others) < least:
        return False
    mean = sum(others, Fraction()) / len(others)
    away = value - mean
    if away == 0 or (away < 0 and not low) or abs(away) < change:
        return None if abs(away) and abs(abs(away) - change) < Fraction(1, 10**6) else False
    variance = sum(((one - mean) ** 2 for one in others), Fraction()) / (len(others) - 1)
    if abs(away**2 - 4 * variance) < Fraction(1, 10**6):
        return None
    return away**2 > 4 * variance


@dataclass
class Watcher:
    """Finds by going through everything that has come, each time anew."""

    arrived: list[Tracked] = field(default_factory=list)
    busy: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # hours, as they came
    found: dict[str, Fraction] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)

    def watch(self, batch: Sequence[Tracked], now_ms: int) -> None:
        for one in batch:
            self._purchase(one, now_ms)
            self.arrived.append(one)
            if one.user_id and one.at_ms // HOUR_MS >= max(self.busy[one.user_id], default=0):
                self.busy[one.user_id].append(one.at_ms // HOUR_MS)
        for window in {one.at_ms // WINDOW_MS for one in batch} & {now_ms // WINDOW_MS - 1, now_ms // WINDOW_MS}:
            self._traffic(window)
        for person in {one.user_id for one in batch if one.user_id}:
            self._person(person, now_ms)

    def _purchase(self, one: Tracked, now_ms: int) -> None:
        if one.step != Step.PURCHASE or one.at_ms <= now_ms - DAY_MS:
            return
        assert one.amount_minor is not None
        hour = one.at_ms // HOUR_MS
        usual = [
            Fraction(other.amount_minor or 0, 100)
            for other in self.arrived
            if other.step == Step.PURCHASE and other.currency == one.currency
            if hour - 720 <= other.at_ms // HOUR_MS <= hour
        ]
        change = sum(usual, Fraction()) / len(usual) / 10 if usual else Fraction()
        value = Fraction(one.amount_minor, 100)
        self._judge(f"purchase:{one.event_id}", value, usual, change, low=True)

    def _traffic(self, window: int) -> None:
        times = [one.at_ms // WINDOW_MS for one in self.arrived]
        first = max(min(times), (window // 12 - 24) * 12)
        usual = [Fraction(times.count(earlier)) for earlier in range(first, window)]
        self._judge(f"traffic:{window}", Fraction(times.count(window)), usual, Fraction(2), low=False)

    def _person(self, person: str, now_ms: int) -> None:
        hour = max(self.busy[person])
        if hour < now_ms // HOUR_MS - 1:
            return
        usual = [
            Fraction(hours.count(other))
            for other_person, hours in self.busy.items()
            for other in set(hours)
            if hour - 24 <= other <= hour and (other_person, other) != (person, hour)
        ]
        value = Fraction(self.busy[person].count(hour))
        self._judge(f"user:{person}:{hour}", value, usual, Fraction(3), low=False)

    def _judge(self, occasion: str, value: Fraction, usual: list[Fraction], change: Fraction, *, low: bool) -> None:
        verdict = is_unusual(value, usual, 3, change, low=low)
        if verdict is None:
            self.doubtful.add(occasion)
        elif verdict:
            self.found[occasion] = max(value, self.found.get(occasion, Fraction()))


acts = st.tuples(
    st.sampled_from((Step.PAGE_VIEW, Step.PAGE_VIEW, Step.PURCHASE)),
    st.sampled_from((0, 0, 0, 0, 1, 3, 5, 6, 30, 59, 61, 200, -3, 40 * 1440)),  # minutes late
    st.sampled_from("aaabcde"),
    st.sampled_from((1000, 1000, 1010, 1050, 2000, 100)),
    st.sampled_from(("USD", "USD", "EUR")),
    st.integers(1, 6),  # times
)
visits = st.lists(
    st.tuples(st.sampled_from((0, 1, 4, 5, 9, 20, 60, 300)), st.lists(acts, min_size=1, max_size=4)),
    min_size=1,
    max_size=14,
)


@examples(60)
@given(visits)
def test_what_is_found_is_what_a_watcher_finds_who_goes_through_everything(shop, visits):
    new_shop(shop, LOW)
    watcher, now_ms, number = Watcher(), NOON, 0
    for pause, told in visits:
        now_ms += pause * MINUTE_MS
        batch = []
        for step, late, person, amount, currency, times in told:
            for _ in range(times):
                number += 1
                money = {"amount_minor": amount, "currency": currency} if step is Step.PURCHASE else {}
                batch.append(tracked(f"e{number}", step, now_ms - late * MINUTE_MS, person, **money))
        tell(shop, batch, now_ms)
        watcher.watch(batch, now_ms)
    names = {}
    with shop.reading() as connection:
        names = {str(row.id): row.user_id for row in connection.execute(select(StoreUser.id, StoreUser.user_id))}
    told_of = {}
    for row in found(shop):
        kind, _, rest = row.occasion.partition(":")
        if kind == "user":
            person, _, hour = rest.partition(":")
            rest = f"{names[person]}:{hour}"
        told_of[f"{kind}:{rest}"] = round(row.value, 6)
    sure = {one: round(float(value), 6) for one, value in watcher.found.items() if one not in watcher.doubtful}
    assert {one: value for one, value in told_of.items() if one not in watcher.doubtful} == sure


def purchases(amounts: Sequence[int], at_ms: int = NOON - HOUR_MS, currency: str = "USD") -> list[Tracked]:
    return [
        tracked(f"{currency}-{at_ms}-{number}", Step.PURCHASE, at_ms, None, amount_minor=amount, currency=currency)
        for number, amount in enumerate(amounts)
    ]


def bought(amount: int, currency: str = "USD", event_id: str = "the-one", at_ms: int = NOON) -> Tracked:
    return tracked(event_id, Step.PURCHASE, at_ms, "ada", amount_minor=amount, currency=currency)


@pytest.mark.parametrize(
    ("usual", "amount", "side"),
    [
        ([4000, 5000, 6000] * 5, 90_00, "high"),
        ([4000, 5000, 6000] * 5, 1_00, "low"),
        ([4000, 5000, 6000] * 5, 55_00, None),  # within two sigmas
        ([5000] * 12, 60_00, None),  # all others are equal: only what is far off by the floor is unusual
        ([5000] * 12, 65_00, "high"),
        ([5000] * 12, 30_00, "low"),
        ([5000] * 9, 900_00, None),  # too few to tell
    ],
)
def test_a_purchase_is_unusual_on_either_side(shop, usual, amount, side):
    new_shop(shop)
    tell(shop, purchases(usual))
    tell(shop, [bought(amount)])
    anomalies = found(shop)
    assert len(anomalies) == (side is not None)
    for one in anomalies:
        assert (one.type, one.user_id, one.value) == ("unusual_purchase", "ada", amount / 100)
        assert f"Unusually {side} purchase" in one.message
        baseline = json.loads(one.baseline)
        assert baseline["currency"] == "USD"
        assert (baseline["samples"], baseline["mean"]) == (len(usual), sum(usual) / len(usual) / 100)
        assert (baseline["score"] is None) is (len(set(usual)) == 1)
        assert one.expected_low <= 50 <= one.expected_high


def test_currencies_are_measured_apart(shop):
    new_shop(shop)
    tell(shop, purchases([5000, 5100] * 6) + purchases([900_000, 910_000] * 6, currency="JPY"))
    tell(shop, [bought(905_000, "JPY"), bought(5050, "USD", "other"), bought(905_000, "USD", "odd")])
    assert [one.occasion for one in found(shop)] == ["purchase:odd"]


def test_the_value_that_is_looked_at_is_no_part_of_what_it_is_measured_by(shop):
    new_shop(shop)
    tell(shop, [*purchases([5000, 5200] * 5), bought(1_000_000)])
    assert json.loads(found(shop)[0].baseline)["mean"] == 51.0


def steady(count: int = 30, each: int = 2) -> list[Tracked]:
    return [
        tracked(f"w{window}-{number}", Step.PAGE_VIEW, NOON - window * WINDOW_MS + number, f"{window}-{number}")
        for window in range(1, count)
        for number in range(each + window % 2)
    ]


@pytest.mark.parametrize(("minutes_ago", "is_found"), [(0, True), (4, True), (5, True), (6, False), (120, False)])
def test_only_the_running_window_and_the_latest_complete_one_are_looked_at(shop, minutes_ago, is_found):
    new_shop(shop)
    tell(shop, steady(), NOON - MINUTE_MS)
    now_ms = NOON + 4 * MINUTE_MS
    crowd = [
        tracked(f"c{n}", Step.PAGE_VIEW, now_ms - minutes_ago * MINUTE_MS - (minutes_ago == 6) * 4 * MINUTE_MS, f"p{n}")
        for n in range(60)
    ]
    tell(shop, crowd, now_ms)
    anomalies = found(shop)
    assert [one.type for one in anomalies] == ["traffic_spike"] * is_found
    if is_found:
        assert anomalies[0].severity == "high"
        assert json.loads(anomalies[0].baseline)["mean"] < 3


def test_a_spike_told_again_is_the_same_that_has_grown(shop):
    new_shop(shop)
    tell(shop, steady(), NOON - MINUTE_MS)
    for part in range(4):
        tell(shop, [tracked(f"c{part}-{n}", Step.PAGE_VIEW, NOON, f"p{part}-{n}") for n in range(40)], NOON + part)
    [spike] = found(shop)
    assert (spike.value, spike.detected_at_ms, spike.changed_at_ms) == (160, NOON, NOON + 3)


def test_little_traffic_is_no_spike_however_quiet_it_was_before(shop):
    new_shop(shop)
    tell(shop, steady(each=0), NOON - MINUTE_MS)
    tell(shop, [tracked(f"c{n}", Step.PAGE_VIEW, NOON, f"p{n}") for n in range(19)])
    assert found(shop) == []


def test_somebody_who_does_far_more_than_others_is_hyperactive(shop):
    new_shop(shop, {"traffic_change": 1_000})
    tell(shop, steady())
    tell(shop, [tracked(f"r{n}", Step.PRODUCT_VIEW, NOON, "robo") for n in range(40)])
    [one] = found(shop)
    assert (one.type, one.user_id, one.value) == ("hyperactive_user", "robo", 40)
    assert json.loads(one.baseline)["mean"] == 1.0


def test_bots_make_no_anomalies(shop):
    new_shop(shop)
    tell(shop, steady(), NOON - MINUTE_MS)
    tell(shop, [tracked(f"r{n}", Step.PAGE_VIEW, NOON, "robo", is_bot=True) for n in range(99)])
    assert found(shop) == []


def test_what_is_long_past_is_no_news_but_counts_for_what_is_usual(shop):
    new_shop(shop)
    tell(shop, [*purchases([5000, 5100] * 6, NOON - 3 * DAY_MS), bought(90_000, at_ms=NOON - 2 * DAY_MS)])
    assert found(shop) == []
    tell(shop, [bought(900_000, event_id="now")])
    assert json.loads(found(shop)[0].baseline)["samples"] == 13


def test_what_is_over_resolves_itself_and_an_odd_purchase_waits_for_somebody(shop):
    new_shop(shop)
    tell(shop, [*steady(), *purchases([5000, 5100] * 6)], NOON - MINUTE_MS)
    tell(shop, [tracked(f"c{n}", Step.PAGE_VIEW, NOON, "robo") for n in range(60)] + [bought(90_000)])
    assert {one.type: one.state for one in found(shop)} == dict.fromkeys(
        ("traffic_spike", "unusual_purchase", "hyperactive_user"), "new"
    )
    for later_ms, expected in (
        (9 * MINUTE_MS, []),
        (11 * MINUTE_MS, ["traffic_spike"]),
        (2 * HOUR_MS, ["hyperactive_user", "traffic_spike"]),
    ):
        with shop.writing() as connection:
            resolve_past(connection, NOON + later_ms)
        assert sorted(one.type for one in found(shop) if one.state == "resolved") == expected
