"""The demo's shop: in order, unique, believable, the same for the same arguments, and continued by the live part."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from core.tracked import Tracked
from demo import shop_hours
from demo.shop import INCIDENTS, Act, Shop
from demo.world import World
from rules.funnel import Step
from rules.tracking import checked

BERLIN = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 11, 21, 21, 30, tzinfo=BERLIN).timestamp() * 1000)
STEPS = [step.label for step in Step]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def month(world: World) -> list[Act]:
    return list(shop_hours.past(world, now_ms=NOW_MS, days=30, zone=BERLIN, currency="EUR"))


def told(act: Act, currency: str = "EUR") -> Tracked:
    return checked(act.item(), now_ms=NOW_MS, currency=currency, event_id="", simulated=True)


def test_a_month_is_large_enough_to_be_believed_and_small_enough_for_the_first_minute(month: list[Act]) -> None:
    assert 15_000 <= len(month) <= 25_000
    assert 2_000 <= len({act.user_id for act in month}) <= 3_500


def test_acts_come_in_time_order_with_ids_of_their_own_and_none_after_now(month: list[Act]) -> None:
    times = [act.at_ms for act in month]
    assert times == sorted(times)
    assert times[0] >= NOW_MS - 30 * DAY_MS
    assert NOW_MS - 10 * MINUTE_MS < times[-1] < NOW_MS
    assert len({act.event_id for act in month}) == len(month)


def test_everything_could_be_reported_by_a_real_shop_and_says_that_it_was_made_up(month: list[Act]) -> None:
    for act in month:
        tracked = told(act)
        assert tracked.is_simulated
        assert tracked.data["simulated"] is True
        assert (tracked.at_ms, tracked.event_id) == (act.at_ms, act.event_id)
        assert tracked.amount_minor is not None or act.event_type in ("page_view", "user_signup")


def test_fewer_people_get_to_each_step(month: list[Act]) -> None:
    reached = Counter(event_type for event_type, _ in {(act.event_type, act.user_id) for act in month})
    people = [reached[step] for step in STEPS]
    assert all(after < before for before, after in pairwise(people))
    assert 0.03 < people[-1] / people[0] < 0.25


def test_nobody_pays_before_they_have_an_account_and_nobody_opens_two(month: list[Act], world: World) -> None:
    members = set(shop_hours.fans(world))
    for act in month:
        if act.event_type == "user_signup":
            assert act.user_id not in members
            members.add(str(act.user_id))
        if act.event_type == "purchase":
            assert act.user_id in members


def test_more_is_bought_while_a_stream_is_on(month: list[Act], world: World) -> None:
    plans = world.past_plans(now_ms=NOW_MS, days=30, zone=BERLIN)
    on_ms = sum((plan.end_ms or NOW_MS) - plan.start_ms for plan in plans)
    purchases = [act.at_ms for act in month if act.event_type == "purchase"]
    during = sum(any(plan.start_ms <= at_ms < (plan.end_ms or NOW_MS) for plan in plans) for at_ms in purchases)
    on_stream, otherwise = during / on_ms, (len(purchases) - during) / (30 * DAY_MS - on_ms)
    assert on_stream > 2 * otherwise


def test_the_same_arguments_give_the_same_shop(world: World) -> None:
    def two_days(of: World) -> list[Act]:
        return list(shop_hours.past(of, now_ms=NOW_MS, days=2, zone=BERLIN, currency="EUR"))

    assert two_days(world) == two_days(world) == two_days(World(7))
    assert two_days(world) != two_days(World(8))


def test_the_live_part_goes_on_for_ever_a_few_acts_a_minute_with_ids_of_its_own(world: World, month: list[Act]) -> None:
    live = list(islice(shop_hours.live(world, NOW_MS, zone=BERLIN, currency="EUR"), 4_000))
    times = [act.at_ms for act in live]
    assert times == sorted(times)
    assert times[0] >= NOW_MS
    assert 1 < 4_000 * MINUTE_MS / (times[-1] - NOW_MS) < 8
    assert not {act.event_id for act in live} & {act.event_id for act in month}
    later = list(islice(shop_hours.live(world, NOW_MS + HOUR_MS, zone=BERLIN, currency="EUR"), 100))
    assert not {act.event_id for act in live} & {act.event_id for act in later}


def test_a_journey_unfolds_step_by_step(world: World) -> None:
    live = islice(shop_hours.live(world, NOW_MS, zone=BERLIN, currency="EUR"), 600)
    times = defaultdict(list)
    for act in live:
        if act.user_id:
            times[act.user_id].append(act.at_ms)
    gaps = [after - before for one in times.values() for before, after in pairwise(one[:2])]
    assert len(gaps) > 50
    assert min(gaps) >= 2_000
    assert sorted(gaps)[len(gaps) // 2] < 2 * MINUTE_MS


@pytest.mark.parametrize("what", INCIDENTS)
def test_every_incident_is_out_of_the_ordinary(what: str) -> None:
    acts = INCIDENTS[what](Shop(7, NOW_MS, "EUR"), NOW_MS)
    paid = [act.data["amount"] for act in acts if act.event_type == "purchase"]
    one_minds = len({act.user_id for act in acts}) == 1
    by_what = {
        "bulk order": one_minds and paid == [98.7],
        "wrong price": one_minds and paid == [1.0],
        "price watcher": one_minds and len(acts) >= 35,
        "drop": len(acts) >= 40 and acts[-1].at_ms - NOW_MS < HOUR_MS,
    }
    assert by_what[what]


def test_a_currency_without_cents_has_prices_of_its_own() -> None:
    shop = Shop(7, NOW_MS, "JPY")
    acts = shop.named(act for _ in range(400) for act in shop.visit(NOW_MS - HOUR_MS))
    paid = [told(act, "JPY").amount_minor for act in acts if act.event_type == "purchase"]
    assert paid
    assert all(1_000 < (amount or 0) < 10_000 and (amount or 0) % 10 == 0 for amount in paid)
