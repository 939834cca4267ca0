"""What the bot answers in chat."""

from __future__ import annotations

import pytest

from actions import tiers, viewers
from analytics import commands
from core.db import Database
from core.events import Event, Kind, Platform
from models import VipTier
from tests.support import NOON, NOVA, SAM, act, chat, chatter, hours, minutes, rows, seconds, settle, write


def answer(db: Database, command: str, event: Event | None = None, now_ms: int = NOON) -> str | None:
    with db.reading() as connection:
        return commands.answer(connection, event or chat(NOVA, f"!{command}"), command, now_ms)


def test_pulse_tells_the_rate_of_the_channel_it_was_asked_in(db: Database) -> None:
    write(db, [chat(chatter(number), at=NOON - minutes(1)) for number in range(12)])
    write(db, [chat(chatter(number), at=NOON, channel="northwind") for number in range(5)])
    assert answer(db, "pulse") == "StreamPulse is up: 12 messages per minute right now."
    assert answer(db, "pulse", chat(SAM, channel="northwind"), NOON + seconds(30)) == (
        "StreamPulse is up: 5 messages per minute right now."
    )
    assert answer(db, "pulse", chat(SAM, channel="nobody")) == "StreamPulse is up: 0 messages per minute right now."


def test_one_message_is_one_message(db: Database) -> None:
    write(db, [chat(SAM)])
    assert answer(db, "pulse") == "StreamPulse is up: 1 message per minute right now."


def test_viewer_tells_watchtime_visits_and_tier(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - hours(3)), *(chat(NOVA, at=NOON + minutes(4 * number)) for number in range(31))])
    settle(db, NOON + hours(2))
    # The first visit counts until they were taken for gone.
    assert answer(db, "viewer") == "Nova: 2 h 5 min watched in 2 visits, tier: none yet."


def test_viewer_tells_the_tier_that_was_reached(db: Database) -> None:
    for visit in range(10):
        write(db, [chat(NOVA, at=NOON + hours(visit) + minutes(4 * number)) for number in range(10)])
    write(db, [act(Kind.GIFT, NOVA, NOON + hours(9) + minutes(36), amount=1_000)])
    settle(db, NOON + hours(11))
    told = answer(db, "viewer")
    assert told == "Nova: 6 h 50 min watched in 10 visits, tier: Bronze."


def test_viewer_tells_a_tier_given_by_hand_by_the_name_it_has_now(db: Database) -> None:
    write(db, [chat(NOVA)])
    viewers.set_vip(db, 1, "Gold", editor="lena", now_ms=NOON)
    assert answer(db, "viewer") == "Nova: 0 min watched in 1 visit, tier: Gold."
    gold = next(row for row in rows(db, VipTier) if row["name"] == "Gold")
    tiers.replace(db, [{"id": gold["id"], "name": "Sun", "color": "#FFD700"}], editor="lena", now_ms=NOON)
    assert answer(db, "viewer") == "Nova: 0 min watched in 1 visit, tier: Sun."


def test_viewer_welcomes_who_is_here_for_the_first_time(db: Database) -> None:
    assert answer(db, "viewer") == "Nova, this is your first visit. Welcome!"
    write(db, [chat(NOVA)])
    assert answer(db, "viewer", chat(NOVA, platform=Platform.TIKTOK)) == "Nova, this is your first visit. Welcome!"
    assert answer(db, "viewer") == "Nova: 0 min watched in 1 visit, tier: none yet."


@pytest.mark.parametrize("command", ["", "viewers", "PULSE", "pulse now", "so"])
def test_other_commands_are_not_ours(db: Database, command: str) -> None:
    assert answer(db, command) is None


def test_nobody_in_particular_is_told_nothing(db: Database) -> None:
    assert answer(db, "viewer", chat(None)) is None
