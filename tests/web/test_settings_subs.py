"""What subs are worth, over HTTP: chosen by the owner within bounds, and booked from the next sub on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.events import Kind
from ingest.batch import Memory, store
from models import LedgerEntry, Preference
from tests.support import NOON, NOVA, OTTO, POLICY, act, rows
from tests.web.conftest import Alone

PATH = "/api/settings/sub-values"
USUAL = {"tier_1": 2.5, "tier_2": 5.0, "tier_3": 12.5, "prime": 2.25, "tiktok": 2.5}


@pytest.fixture
def owner(alone: Alone) -> Iterator[httpx.Client]:
    """The owner's client, and nothing chosen before or after."""
    yield alone.client
    alone.client.put(PATH, json={}).raise_for_status()


def test_without_a_choice_subs_are_worth_what_the_code_says(owner):
    assert owner.get(PATH).json() == {"values": USUAL, "defaults": USUAL, "currency": "USD", "highest": 1_000_000}


def test_a_choice_counts_for_the_next_sub_and_an_empty_one_resets(alone, owner):
    def sub(who: Any, **more: Any) -> int:
        with alone.database.writing() as connection:
            store(connection, [act(Kind.SUB, who, **more)], Memory(), now_ms=NOON, policy=POLICY)
        return int(rows(alone.database, LedgerEntry)[-1]["amount_micros"])

    assert sub(NOVA, plan="2000") == 5_000_000
    answer = owner.put(PATH, json={"tier_2": 6.15, "prime": 0})
    assert answer.json()["values"] == USUAL | {"tier_2": 6.15, "prime": 0.0}
    assert sub(OTTO, plan="2000") == 6_150_000
    assert [row["amount_micros"] for row in rows(alone.database, LedgerEntry)] == [5_000_000, 6_150_000]
    assert owner.put(PATH, json={}).json()["values"] == USUAL
    assert rows(alone.database, Preference) == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"tier_1": -0.01}',
        b'{"tier_1": 1000001}',
        b'{"tier_1": 0.0000001}',
        b'{"tier_1": "2.50"}',
        b'{"tier_1": NaN}',
        b'{"tier_4": 1}',
        b"[]",
        b"null",
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(owner, body):
    answer = owner.put(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert owner.get(PATH).json()["values"] == USUAL
