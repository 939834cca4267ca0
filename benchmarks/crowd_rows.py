"""The rows that a crowd makes: profiles, sessions, gifts, events and hours of the week, written many at once."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.crowd import HERE_MS, Individual
from core.clock import DAY_MS, MINUTE_MS, week_hour
from core.events import Kind
from rules.tiers import tier_for

TWITCH, TIKTOK = 1, 2
CHANNELS = (("twitch", "lena_plays"), ("tiktok", "lena"))
SHOWN_COMMENTS = 5  # of each recorded person, in their newest session; the others are in the baseline
UTC = ZoneInfo("UTC")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "viewers": (
        "id", "platform", "platform_user_id", "username", "display_name", "named_at_ms", "first_seen_at_ms",
        "last_seen_at_ms", "total_visits", "total_watchtime_ms", "total_comments", "total_coins_spent",
        "total_gifts_sent", "total_likes", "total_shares", "birthday", "birthday_mmdd", "vip_tier_id", "vip_since_ms",
        "favorite_since_ms", "is_blocked", "created_at_ms", "updated_at_ms",
    ),
    "viewer_names": ("viewer_id", "username", "display_name", "until_ms"),
    "viewer_baselines": ("viewer_id", "visits", "watchtime_ms", "comments", "coins", "gifts", "likes", "shares"),
    "current_sessions": (
        "viewer_id", "channel_id", "stream_id", "joined_at_ms", "last_at_ms", "counted_until_ms", "watched_ms",
        "left_at_ms",
    ),
    "past_sessions": ("viewer_id", "joined_at_ms", "channel_id", "left_at_ms", "watched_ms"),
    "gifts": (
        "channel_id", "stream_id", "viewer_id", "gift_id", "name", "diamonds", "quantity", "coins", "counted", "ended",
        "started_at_ms", "last_at_ms",
    ),
    "events": (
        "channel_id", "kind", "at_ms", "source_key", "viewer_id", "stream_id", "amount", "marks", "text", "extra",
    ),
    "viewer_hours": ("viewer_id", "slot", "events", "coins"),
}  # fmt: skip
_WORDS = "nice wow lol what a play that was close one more try hello from here we go again love this song".split()


class Rows:
    """``tiers``: the number of each tier by its name."""

    def __init__(self, tiers: Mapping[str, int], now_ms: int) -> None:
        self._tiers, self._now_ms = tiers, now_ms
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        self._week: Counter[tuple[int, int]] = Counter()
        self._week_coins: Counter[tuple[int, int]] = Counter()
        self._events = 0

    def write(self, connection: sqlite3.Connection) -> None:
        for table, columns in COLUMNS.items():
            places = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", self._rows[table])
            self._rows[table].clear()

    def write_week(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO week_hours (channel_id, slot, events, coins) VALUES (?, ?, ?, ?)",
            [(*key, events, self._week_coins[key]) for key, events in self._week.items()],
        )

    def add(self, one: Individual) -> None:
        channel = TIKTOK if one.tiktok else TWITCH
        joined_ms = one.last_ms - one.minutes * MINUTE_MS
        # Who came before the stream began did not come to it.
        stream = channel if joined_ms >= self._now_ms - HERE_MS else None
        self._viewer(one)
        self._sessions(one, channel, joined_ms, stream)
        if one.recorded:
            self._acts(one, channel, joined_ms, stream)
        self._baseline(one)
        if one.former_name:
            self._rows["viewer_names"].append((one.number, one.former_name, one.former_name, one.first_ms + 1))

    def _viewer(self, one: Individual) -> None:
        tier = tier_for(one.coins, one.watched_ms // 1000, one.visits)
        mmdd = int(one.birthday[5:].replace("-", "")) if one.birthday else None
        platform, number = CHANNELS[one.tiktok][0], one.number
        user_id = str(7 * 10**18 + number * 1_000_003) if one.tiktok else str(10**8 + number)
        self._rows["viewers"].append((
            number, platform, user_id, one.username, one.display_name, one.last_ms, one.first_ms, one.last_ms,
            one.visits, one.watched_ms, one.comments, one.coins, sum(quantity for _, quantity in one.gifts), one.likes,
            one.shares, one.birthday, mmdd, self._tiers[tier.name] if tier else None, one.last_ms if tier else None,
            one.last_ms if one.favorite else None, one.blocked, one.first_ms, one.last_ms,
        ))  # fmt: skip

    def _sessions(self, one: Individual, channel: int, joined_ms: int, stream: int | None) -> None:
        watched_ms = one.minutes * MINUTE_MS
        left_ms = None if one.open else one.last_ms
        self._rows["current_sessions"].append(
            (one.number, channel, stream, joined_ms, one.last_ms, one.last_ms, watched_ms, left_ms)
        )
        if one.recorded:
            for back in range(one.visits - 1, 0, -1):
                past_ms = joined_ms - back * one.gap_days * DAY_MS
                self._rows["past_sessions"].append((one.number, past_ms, channel, past_ms + watched_ms, watched_ms))

    def _acts(self, one: Individual, channel: int, joined_ms: int, stream: int | None) -> None:
        hours: Counter[int] = Counter()
        coins: Counter[int] = Counter()
        spread = random.Random(one.number)

        def act(kind: Kind, at_ms: int, amount: int, text: str | None, extra: dict[str, Any] | None) -> None:
            slot = week_hour(at_ms, UTC)
            hours[slot] += 1
            coins[slot] += amount
            self._events += 1
            told = json.dumps(extra, separators=(",", ":")) if extra else None
            here = stream if at_ms >= joined_ms else None
            self._rows["events"].append(
                (channel, int(kind), at_ms, self._events, one.number, here, amount, 0, text, told)
            )

        for _ in range(min(one.comments, SHOWN_COMMENTS)):
            text = " ".join(spread.choices(_WORDS, k=spread.randint(1, 8)))
            act(Kind.CHAT, joined_ms + spread.randrange(one.minutes * MINUTE_MS), 0, text, None)
        for number, (gift, quantity) in enumerate(one.gifts):
            back = number % one.visits
            at_ms = joined_ms - back * one.gap_days * DAY_MS + spread.randrange(one.minutes * MINUTE_MS)
            worth = quantity * gift.diamonds
            told = {"gift_id": gift.id, "name": gift.name, "quantity": quantity, "diamonds": gift.diamonds}
            act(Kind.GIFT, at_ms, worth, None, told)
            self._rows["gifts"].append((
                channel, None if back else stream, one.number, gift.id, gift.name, gift.diamonds, quantity, worth,
                quantity, True, at_ms, at_ms,
            ))  # fmt: skip
        self._rows["viewer_hours"].extend((one.number, slot, hours[slot], coins[slot]) for slot in sorted(hours))
        for slot in hours:
            self._week[channel, slot] += hours[slot]
            self._week_coins[channel, slot] += coins[slot]

    def _baseline(self, one: Individual) -> None:
        """What of their totals is not there row by row."""
        if one.recorded:
            before = (0, 0, max(0, one.comments - SHOWN_COMMENTS), 0, 0, one.likes, one.shares)
        else:
            watched_ms = (one.visits - 1) * one.minutes * MINUTE_MS
            gifts = sum(quantity for _, quantity in one.gifts)
            before = (one.visits - 1, watched_ms, one.comments, one.coins, gifts, one.likes, one.shares)
        if any(before):
            self._rows["viewer_baselines"].append((one.number, *before))
