"""What a shop may report: what is read of it, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tracked import Tracked
from rules.funnel import Step
from rules.tracking import Refused, checked, is_bot
from tests.support import NOON

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(("event_type", "user_id", "timestamp", "event_id", "data", "other"))


def read(**item: Any) -> Tracked:
    return checked({"event_type": "purchase", **item}, now_ms=NOON, currency="USD", event_id="ours")


@given(JSON | st.dictionaries(FIELDS, JSON | st.just("page_view")))
def test_whatever_comes_is_an_event_or_refused(item):
    try:
        event = checked(item, now_ms=NOON, currency="USD", event_id="ours")
    except Refused as error:
        assert error.fault.field and error.fault.message
    else:
        assert event.step in set(Step)
        assert event.at_ms <= NOON + 300_000
        assert event.amount_minor is None or event.amount_minor >= 0


@pytest.mark.parametrize(
    ("data", "money"),
    [
        ({"amount": 49.9}, (4990, "USD")),
        ({"value": 12, "currency": "eur"}, (1200, "EUR")),
        ({"total": 1500, "currency": "JPY"}, (1500, "JPY")),
        ({"total": 1500.5, "currency": "XPF"}, (1500, "XPF")),  # half of one: the even one
        ({"price": 0.005}, (0, "USD")),
        ({"amount": None, "price": 3}, (300, "USD")),
        ({"amount": 0}, (0, "USD")),
        ({"name": "cup"}, (None, None)),
    ],
)
def test_money_is_read_in_minor_units_of_its_currency(data, money):
    event = read(data=data)
    assert (event.amount_minor, event.currency) == money


def test_what_is_not_told_is_now_ours_and_nobodys():
    event = read()
    assert (event.at_ms, event.event_id, event.user_id) == (NOON, "ours", None)
    assert read(user_id=17, event_id=4).user_id == "17"


@pytest.mark.parametrize(
    ("ahead_ms", "fits"), [(300_000, True), (300_001, False)], ids=["as clocks differ", "what has not happened"]
)
def test_a_clock_may_be_five_minutes_ahead(ahead_ms, fits):
    if fits:
        assert read(timestamp=NOON + ahead_ms).at_ms == NOON + ahead_ms
    else:
        with pytest.raises(Refused, match="future"):
            read(timestamp=NOON + ahead_ms)


@pytest.mark.parametrize(
    ("agent", "bot"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", True),
        ("AhrefsBot/7.0", True),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT NOTE 20) Chrome/130", False),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140", False),
        ("python-requests/2.32", False),
        ("", False),
    ],
)
def test_who_says_to_be_a_bot_is_one(agent, bot):
    assert is_bot(agent) is bot
